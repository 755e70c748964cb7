"""`harness verify --faults`: the suite's traffic under a seeded schedule of faults, and the account of all of it."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.campaign.kinds import kinds_of
from harness.campaign.run import Campaign
from harness.campaign.schedule import schedule
from harness.campaign.table import table
from harness.errors import UsageError
from harness.keeping import keep, reserved
from harness.plugin.options import parse_env
from harness.profile import Profile, load
from harness.reports.console import render, terminal
from harness.results import Results
from harness.session import Options, deployed

ENV = {"RETRY_BASE_S": "0.05", "RETRY_MAX_S": "0.5", "MAX_RETRIES": "20"}
"""Retries come quickly, so that what a provider refused for a moment is sent before the run ends."""
FEWEST_KINDS = 8


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What `--faults` was asked for; without a seed it draws one, and says it."""

    profile: Path
    build: Path
    deploy: str | None = None
    stack_env: tuple[str, ...] = ()
    time_scale: float = 1.0
    seed: int | None = None
    count: int = 100
    messages: int = 5000
    explain: bool = False


def refuse(words: Sequence[str]) -> None:
    """Raises UsageError for options that are of scenarios."""
    if words:
        raise UsageError(f"{', '.join(words)}: of scenarios, and --faults runs none; leave one of them away")


def run(request: Faults) -> int:
    """Carries it out; exit code 0 nothing lost and all explained, 1 a failure, 2 unknown, 3 it couldn't be run."""
    profile = load(request.profile, driver=request.deploy)
    if profile.deploy.driver != "embedded":
        raise UsageError(
            f"--faults disturbs servers and links that the harness has started itself, and [deploy] driver is "
            f'"{profile.deploy.driver}"; --deploy embedded'
        )
    with reserved(request.build):
        return carried_out(request, profile)


def carried_out(request: Faults, profile: Profile) -> int:
    console = terminal(width=max(100, terminal().width))
    seed = secrets.randbelow(1_000_000) if request.seed is None else request.seed
    env = {**ENV, **parse_env(request.stack_env)}
    options = Options(build=request.build, stack_env=env, time_scale=request.time_scale, database_wire=True)
    results, began = Results(), time.monotonic()
    with deployed(profile, options) as stack:
        results.ready_s = time.monotonic() - began
        kinds = kinds_of(stack)
        if len(kinds) < FEWEST_KINDS:
            results.remarks.append(
                f"this stack can have {len(kinds)} kinds of faults: {', '.join(k.name for k in kinds)}"
            )
        planned = schedule(kinds, seed=seed, count=request.count)
        again = f"--faults --seed {seed}"
        console.print(
            f"{len(planned)} faults of {len(kinds)} kinds under {request.messages} messages; {again} makes them again"
        )
        campaign = Campaign(
            stack, planned, messages=request.messages, tell=lambda line: console.print(line, soft_wrap=True)
        )
        campaign.run()
        console.print("the faults are over; judging the whole record", soft_wrap=True)
        first, *rest = campaign.judge()
        for result in (first, rest[0]):
            results.add(result)
        results.add_whole(rest[1:])
    console.print("", table(campaign.done), "", sep="\n")
    results.write(
        request.build / "verdicts.json", stack={"profile": profile.name, "seed": seed, "faults": len(planned)}
    )
    keep(request.build / "schedule.txt", "".join(f"{one}\n" for one in planned))
    color = sys.stdout.isatty()
    print(render(results, build=request.build, width=console.width, color=color, explain=request.explain))
    return results.exit_code
