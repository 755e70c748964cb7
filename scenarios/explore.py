"""`make explore T=300`: runs generated programs against a deployed stack for a given time.

Exit code 0 when nothing was found; 1 with the shrunk program as a scenario; 2 when a verdict was unknown.
"""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from rich.console import Console

from harness.errors import HarnessError, Refuted, UsageError
from harness.profile import load
from harness.session import Options, deployed
from harness.stack import Stack
from scenarios.exploration import Exploration

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


def main(
    seconds: Annotated[float, typer.Option(help="How long to look.", min=1)] = 60,
    profile: Annotated[Path, typer.Option(help="The stack.")] = Path("harness.toml"),
    build: Annotated[Path, typer.Option(help="Where a finding goes.")] = Path("build/explore"),
    steps: Annotated[int, typer.Option(help="The longest program.", min=1)] = 14,
) -> None:
    """Looks for a program that the stack gets wrong."""
    console = Console(highlight=False)
    try:
        code = look(console, seconds=seconds, profile=profile, build=build, steps=steps)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 3
    raise typer.Exit(code)


def look(console: Console, *, seconds: float, profile: Path, build: Path, steps: int) -> int:
    deadline = time.monotonic() + seconds
    began = time.monotonic()
    with deployed(load(profile), Options(build=build, history_name="all.jsonl", stack_env=ENV)) as stack:
        while time.monotonic() < deadline:
            try:
                with contextlib.redirect_stderr(sys.stdout):
                    explore(stack, build=build, examples=10, steps=steps)
            except (HarnessError, AssertionError) as error:
                console.print(f"[bold red]found after {Exploration.programs} programs[/]")
                console.print((build / "scenario.py").read_text(encoding="utf-8"), markup=False)
                console.print((build / "why.txt").read_text(encoding="utf-8"), markup=False)
                console.print(f"its history: {build / 'history.jsonl'}")
                return 1 if isinstance(error, Refuted | AssertionError) else 2
            console.print(f"{Exploration.programs} programs, {len(stack.history)} events, nothing found")
    console.print(f"nothing found in {Exploration.programs} programs, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    typer.run(main)
