"""`harness explore`: exit code 0 nothing found, 1 found, 2 a verdict was unknown, 3 unusable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.commands.options import DEFAULT_PROFILE, BuildOption, DeployOption, ProfileOption


def explore(
    profile: ProfileOption = DEFAULT_PROFILE,
    deploy: DeployOption = None,
    build: BuildOption = Path("build/explore"),
    seconds: Annotated[float, typer.Option(help="How long to look.", min=1)] = 60,
    steps: Annotated[int, typer.Option(help="The longest program.", min=1)] = 14,
) -> None:
    """Looks for a program that the stack gets wrong, and shrinks it to a scenario of a few lines."""
    from rich.console import Console

    from harness.exploration.looking import look
    from harness.profile import load

    stack = load(profile, driver=deploy)
    raise typer.Exit(look(Console(highlight=False), seconds=seconds, profile=stack, build=build, steps=steps))
