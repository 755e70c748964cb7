"""Runs generated programs against a deployed stack for a given time.

Exit code 0 when nothing was found; 1 with the shrunk program as a scenario; 2 when a verdict was unknown.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import FlakyFailure
from hypothesis.stateful import run_state_machine_as_test
from rich.console import Console

from harness.errors import HarnessError, Inconclusive, Refuted
from harness.exploration.conclusion import conclude, patience
from harness.exploration.machine import Exploration
from harness.profile import Profile
from harness.profile.base import CHANNELS
from harness.profile.claims import claimed
from harness.scenario.messages import message
from harness.scenario.stack import Stack
from harness.session import Options, deployed

ENV = {"RETRY_BASE_S": "0.05", "RETRY_MAX_S": "0.5", "MAX_RETRIES": "8"}
"""Retries come quickly, so that a program with provider errors ends soon."""


def explore(stack: Stack, *, build: Path, examples: int, steps: int, shrink: bool = True) -> None:
    """Runs `examples` programs of up to `steps` steps; raises what the smallest failing one raised.

    `shrink=False` takes the first that fails.
    """
    Exploration.stack, Exploration.build = stack, build
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Exploration, settings=chosen)


def look(console: Console, *, seconds: float, profile: Profile, build: Path, steps: int) -> int:
    """The exit code of so many seconds of looking."""
    attached = profile.deploy.driver == "attached"  # its settings are its own
    options = Options(build=build, history_name="all.jsonl", stack_env={} if attached else ENV)
    with deployed(profile, options) as stack:
        if why := hidden(stack):
            console.print(
                f"nothing can be concluded of this stack, whatever a program does: {why}", soft_wrap=True, markup=False
            )
            return 2
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            try:
                with contextlib.redirect_stderr(sys.stdout):
                    explore(stack, build=build, examples=10, steps=steps)
            except (HarnessError, AssertionError) as error:
                tell(console, build)
                return exit_code([error])
            except FlakyFailure as flaky:
                tell(console, build)
                console.print(
                    "it failed once and not when it was run again: its outcome hangs on the stack's timing",
                    soft_wrap=True,
                )
                return exit_code(flaky.exceptions)
            console.print(f"{Exploration.programs} programs, {len(stack.history)} events, nothing found")
    console.print(f"nothing found in {Exploration.programs} programs, {time.monotonic() - began:.0f} s")
    return 0


def hidden(stack: Stack) -> str | None:
    """Why not even one plain message can be judged; None where it can, or is judged to be wrong."""
    stack.begin()
    since, plain = len(stack.history), next(c for c in CHANNELS if claimed(stack.profile, c) is not False)
    try:
        stack.send(message(plain))
        conclude(stack, since=since, within=patience(stack.profile))
    except Inconclusive as error:
        return str(error)
    except Refuted:
        return None  # a program will find that
    return None


def tell(console: Console, build: Path) -> None:
    """Prints what was found: the program as a scenario, why it fails, and where its history is."""
    console.print(f"found after {Exploration.programs} programs", style="bold red")
    console.print((build / "scenario.py").read_text(encoding="utf-8"), markup=False, soft_wrap=True)
    console.print((build / "why.txt").read_text(encoding="utf-8"), markup=False, soft_wrap=True)
    console.print(f"its history: {build / 'history.jsonl'}", soft_wrap=True)


def exit_code(errors: Sequence[Exception]) -> int:
    """1 where the record refutes the stack, 2 where it can't tell."""
    return 1 if any(isinstance(error, Refuted | AssertionError) for error in errors) else 2
