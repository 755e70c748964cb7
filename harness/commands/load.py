"""`harness load`: exit code 0 nothing lost, 1 lost, 2 not the intended load, 3 unusable."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from harness.commands import options
from harness.extras import need

if TYPE_CHECKING:
    from harness.load.plan import Gaps, Shape
    from harness.load.request import Observe
    from harness.profile.thresholds import Threshold

SECONDS = options.SECONDS


@click.command(context_settings={"show_default": True})
@options.profile
@options.deploy
@options.build("build/load")
@click.option("--duration", type=SECONDS, default="60s", help="How long messages arrive.")
@click.option("--rate", type=float, default=100.0, help="Messages a second.")
@click.option("--shape", default="constant", help="constant, ramp (from 0 to the rate) or spike (three times it).")
@click.option("--gaps", default="poisson", help="poisson or uniform.")
@click.option("--seed", type=int, default=1, help="The same seed gives the same arrivals.")
@click.option(
    "--mix",
    metavar="KIND=N,…",
    help="Who sends, by weight; by default api=8,queue=1,webhook=1, as far as the stack can.",
)
@click.option("--processes", type=int, default=0, help="Generating processes beside a master; 0: one alone.")
@click.option("--users", type=int, default=0, help="Users of each kind; 0: as many as are needed.")
@click.option("--patience", type=SECONDS, default="5s", help="A start later than this is dropped.")
@click.option("--late-after", type=SECONDS, default="100ms", help="When a start is late.")
@click.option("--late-share", type=float, default=0.05, help="The share of starts that may be late.")
@options.threshold
@click.option("--warm-up", type=SECONDS, default="0s", help="Messages of so long at first meet no threshold.")
@click.option("--drain-within", type=SECONDS, default="60s", help="How long the queue may take to drain.")
@click.option("--pause-worker", type=SECONDS, default="0s", help="Stops the workers so long.")
@click.option("--pause-at", type=SECONDS, help="When; by default in the middle.")
@click.option("--provider-latency", type=SECONDS, default="0s", help="Slows every provider call.")
@options.stack_env
@options.observe
@click.option("--no-wire", is_flag=True, hidden=True, help="The same as --observe stages, from before it.")
@click.option("--page", is_flag=True, help="Locust's own page, until Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the page; 0: any free one.")
@click.option("--locustfile", type=options.FILE, metavar="FILE", help="Users of your own.")
def load(
    profile: Path,
    deploy: str | None,
    build: Path,
    duration: float,
    rate: float,
    shape: str,
    gaps: str,
    seed: int,
    mix: str | None,
    processes: int,
    users: int,
    patience: float,
    late_after: float,
    late_share: float,
    thresholds: Sequence[Threshold],
    warm_up: float,
    drain_within: float,
    pause_worker: float,
    pause_at: float | None,
    provider_latency: float,
    stack_env: Sequence[str],
    observe: str,
    no_wire: bool,
    page: bool,
    port: int,
    locustfile: Path | None,
) -> int:
    """Loads a stack, follows every message to its end, and accounts for all of them."""
    need("locust")  # first, since its extra brings all the others that a load needs
    from harness import profile as profiles
    from harness.keeping import reserved
    from harness.load.plan import MIX, Plan, parse_mix
    from harness.load.request import Pause, Request
    from harness.load.run import run
    from harness.load.show import Watching, show
    from harness.plugin.options import parse_env

    plan = Plan(
        rate=rate,
        duration=duration,
        shape=cast("Shape", shape),  # Plan checks the words itself
        gaps=cast("Gaps", gaps),
        seed=seed,
        mix=dict(MIX) if mix is None else parse_mix(mix),
        patience=patience,
    )
    pause = Pause(at=duration / 2 if pause_at is None else pause_at, seconds=pause_worker) if pause_worker else None
    request = Request(
        profile=profiles.load(profile, driver=deploy),
        plan=plan,
        asked=mix is not None,
        build=build,
        stack_env=parse_env(stack_env),
        processes=processes,
        users=users,
        observe=cast("Observe", "stages" if no_wire and observe == "full" else observe),  # Request checks the word
        pause=pause,
        provider_latency=provider_latency,
        drain_within=drain_within,
        late_after=late_after,
        late_share=late_share,
        thresholds=thresholds,
        warm_up=warm_up,
        page=page,
        port=port,
        locustfile=locustfile,
    )
    code = 0
    # Locust's page has no other end than Ctrl-C
    with reserved(build), contextlib.suppress(*([KeyboardInterrupt] if page else [])), Watching(plan) as watching:
        for result in run(request, watch=watching.sample, told=watching.say):
            watching.pause()
            show(result, build=build)
            code = result.exit_code
    return code
