"""`harness profile`: the schema of profiles, and whether one fits the stack that it describes."""

from __future__ import annotations

import click


@click.group()
def profile() -> None:
    """Tells what a profile can say, and whether one fits its stack."""


@profile.command()
def schema() -> None:
    """Prints the JSON Schema of a profile (version 2), for editors that check TOML by one."""
    from harness.profile.schema import text

    print(text(), end="")
