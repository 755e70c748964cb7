"""`harness load`: exit code 0 nothing lost, 1 lost, 2 not the intended load, 3 unusable."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from harness.commands.options import DEFAULT_PROFILE, BuildOption, DeployOption, EnvOption, ProfileOption, seconds

if TYPE_CHECKING:
    from harness.load.plan import Gaps, Shape

DEFAULT_BUILD = Path("build/load")


def load(
    profile: ProfileOption = DEFAULT_PROFILE,
    deploy: DeployOption = None,
    build: BuildOption = DEFAULT_BUILD,
    duration: Annotated[float, typer.Option(parser=seconds, help="How long messages arrive.")] = "60s",  # type: ignore[assignment]  # reason: Typer parses the default too
    rate: Annotated[float, typer.Option(help="Messages a second.")] = 100.0,
    shape: Annotated[
        str, typer.Option(help="constant, ramp (from 0 to the rate) or spike (three times it).")
    ] = "constant",
    gaps: Annotated[str, typer.Option(help="poisson or uniform.")] = "poisson",
    seed: Annotated[int, typer.Option(help="The same seed gives the same arrivals.")] = 1,
    mix: Annotated[str, typer.Option(help="Who sends, by weight.", metavar="KIND=N,…")] = "api=8,queue=1,webhook=1",
    processes: Annotated[int, typer.Option(help="Generating processes beside a master; 0: one alone.")] = 0,
    users: Annotated[int, typer.Option(help="Users of each kind; 0: as many as are needed.")] = 0,
    patience: Annotated[float, typer.Option(parser=seconds, help="A start later than this is dropped.")] = "5s",  # type: ignore[assignment]  # reason: as above
    late_after: Annotated[float, typer.Option(parser=seconds, help="When a start is late.")] = "100ms",  # type: ignore[assignment]  # reason: as above
    late_share: Annotated[float, typer.Option(help="The share of starts that may be late.")] = 0.05,
    drain_within: Annotated[float, typer.Option(parser=seconds, help="How long the queue may take to drain.")] = "60s",  # type: ignore[assignment]  # reason: as above
    pause_worker: Annotated[float, typer.Option(parser=seconds, help="Stops the workers so long.")] = "0s",  # type: ignore[assignment]  # reason: as above
    pause_at: Annotated[float | None, typer.Option(parser=seconds, help="When; by default in the middle.")] = None,
    provider_latency: Annotated[float, typer.Option(parser=seconds, help="Slows every provider call.")] = "0s",  # type: ignore[assignment]  # reason: as above
    stack_env: EnvOption = None,
    wire: Annotated[bool, typer.Option(help="Read every command to Redis, or only tail the streams.")] = True,
    page: Annotated[bool, typer.Option("--page", help="Locust's own page, until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option(help="Of the page; 0: any free one.", min=0, max=65535)] = 0,
    locustfile: Annotated[Path | None, typer.Option(help="Users of your own.", metavar="FILE")] = None,
) -> None:
    """Loads a stack, follows every message to its end, and accounts for all of them."""
    from harness import profile as profiles
    from harness.load.plan import Plan, parse_mix
    from harness.load.request import Pause, Request
    from harness.load.run import run
    from harness.load.show import Watching, show
    from harness.plugin import parse_env

    plan = Plan(
        rate=rate,
        duration=duration,
        shape=cast("Shape", shape),  # Plan checks the words itself
        gaps=cast("Gaps", gaps),
        seed=seed,
        mix=parse_mix(mix),
        patience=patience,
    )
    pause = Pause(at=duration / 2 if pause_at is None else pause_at, seconds=pause_worker) if pause_worker else None
    request = Request(
        profile=profiles.load(profile, driver=deploy),
        plan=plan,
        build=build,
        stack_env=parse_env(stack_env or []),
        processes=processes,
        users=users,
        wire=wire,
        pause=pause,
        provider_latency=provider_latency,
        drain_within=drain_within,
        late_after=late_after,
        late_share=late_share,
        page=page,
        port=port,
        locustfile=locustfile,
    )
    code = 0
    # Locust's page has no other end than Ctrl-C
    with contextlib.suppress(*([KeyboardInterrupt] if page else [])), Watching(plan) as watching:
        for result in run(request, watch=watching.sample, told=watching.say):
            watching.pause()
            show(result, build=build)
            code = result.exit_code
    raise typer.Exit(code)
