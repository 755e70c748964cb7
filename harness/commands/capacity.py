"""`harness capacity`: exit code 0 found and proven, 1 nothing held or something was lost, 2 not known, 3 unusable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from harness.commands import options
from harness.extras import need

if TYPE_CHECKING:
    from harness.load.request import Observe
    from harness.profile.thresholds import Threshold


class Counts(click.ParamType):  # type: ignore[type-arg]  # reason: older releases of Click have no generic one
    """Numbers of processes: `1,2,4`."""

    name = "numbers"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Sequence[int]:
        parts = [part.strip() for part in str(value).split(",") if part.strip()]
        if not all(part.isascii() and part.isdecimal() and 1 <= int(part) <= 16 for part in parts):
            self.fail(f"{value!r} are no numbers from 1 to 16; write 1,2,4", param, ctx)
        return [int(part) for part in parts]


@click.command(context_settings={"show_default": True})
@options.profile
@options.deploy
@options.build("build/capacity")
@click.option("--rate", type=float, default=50.0, help="The first rate that is tried, messages a second.")
@click.option("--most", type=float, default=3000.0, help="The highest that is tried.")
@click.option("--step", type=options.SECONDS, default="8s", help="How long messages arrive at each rate.")
@click.option("--warm-up", type=options.SECONDS, default="2s", help="Messages of so long at first meet no threshold.")
@click.option("--proof", type=options.SECONDS, default="20s", help="How long the rate that is found must hold.")
@click.option("--workers", type=Counts(), default="", metavar="N,…", help="How many workers, one after the other.")
@click.option("--mix", metavar="KIND=N,…", help="Who sends, by weight; by default api=1.")
@click.option("--processes", type=int, default=0, help="Generating processes beside a master; 0: one alone.")
@click.option("--seed", type=int, default=1, help="The same seed gives the same arrivals.")
@click.option("--drain-within", type=options.SECONDS, default="60s", help="How long the queue may take to drain.")
@click.option("--provider-latency", type=options.SECONDS, default="0s", help="Slows every provider call.")
@options.observe
@options.threshold
@options.stack_env
def capacity(
    profile: Path,
    deploy: str | None,
    build: Path,
    rate: float,
    most: float,
    step: float,
    warm_up: float,
    proof: float,
    workers: Sequence[int],
    mix: str | None,
    processes: int,
    seed: int,
    drain_within: float,
    provider_latency: float,
    observe: str,
    thresholds: Sequence[Threshold],
    stack_env: Sequence[str],
) -> int:
    """Finds the highest rate at which a stack holds its thresholds, and who is in the way above it."""
    need("locust")  # first, since its extra brings all the others that a load needs
    from harness import profile as profiles
    from harness.keeping import reserved
    from harness.load.capacity import Asked, asking
    from harness.load.capacity import capacity as found_by
    from harness.load.plan import Plan, parse_mix
    from harness.load.request import Request
    from harness.load.show import Watching, console
    from harness.plugin.options import parse_env
    from harness.reports.capacity import as_data, summary, write

    plan = Plan(rate=rate, duration=step, seed=seed, mix=parse_mix(mix or "api=1"))
    request = Request(
        profile=profiles.load(profile, driver=deploy),
        plan=plan,
        asked=True,
        build=build,
        stack_env=parse_env(stack_env),
        processes=processes,
        observe=cast("Observe", observe),  # Request checks the word itself
        provider_latency=provider_latency,
        drain_within=drain_within,
        thresholds=thresholds,
        warm_up=warm_up,
    )
    shown = console()
    request = asking(request, told=shown.print)
    asked = Asked(request=request, first=rate, most=most, proof=proof, workers=workers)
    found = []
    with reserved(build), Watching(plan) as watching:
        for number, one in found_by(asked, watch=lambda *_: None, told=watching.say, step_told=watching.step):
            found.append((number, one))
    data = as_data(found, profile=request.profile.name, asked=[one.text for one in request.asked_of_it])
    where = write(build, data)
    for part in summary(data):
        shown.print(part)
    shown.print(f"curve: {where}; beside it capacity.json, and each step's own report.html in steps/")
    return code(data)


def code(data: dict[str, Any]) -> int:
    """The exit code of what was found."""
    if any(one["lost"] for one in data["found"]):
        return 1
    if all(one["proven"] for one in data["found"]):
        return 0
    known = [one["above"] for one in data["found"] if not one["proven"]]
    return 1 if any(one and one["outcome"] == "broken" for one in known) else 2
