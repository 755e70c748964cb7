"""`harness explore`: exit code 0 nothing found, 1 found, 2 a verdict was unknown, 3 unusable."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands import options
from harness.extras import need


@click.command()
@options.profile
@options.deploy
@options.build("build/explore", "Where a finding goes.")
@click.option("--seconds", type=click.FloatRange(min=1), default=60, show_default=True, help="How long to look.")
@click.option("--steps", type=click.IntRange(min=1), default=14, show_default=True, help="The longest program.")
@click.option(
    "--shrink", type=click.FloatRange(min=0), default=40, show_default=True, help="Seconds to make a finding smaller."
)
def explore(profile: Path, deploy: str | None, build: Path, seconds: float, steps: int, shrink: float) -> int:
    """Looks for a program that the stack gets wrong, and shrinks it to a scenario of a few lines."""
    need("hypothesis")  # first, since its extra brings all the others that are needed
    from harness.exploration.looking import look
    from harness.keeping import reserved
    from harness.profile import load
    from harness.reports.console import terminal

    with reserved(build):
        stack = load(profile, driver=deploy)
        return look(terminal(), seconds=seconds, profile=stack, build=build, steps=steps, shrink=shrink)
