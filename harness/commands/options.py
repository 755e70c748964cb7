"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ProfileOption = Annotated[Path, typer.Option("--profile", help="How to reach the stack and read it.", metavar="FILE")]
DeployOption = Annotated[
    str | None,
    typer.Option("--deploy", help="embedded, containers, attached; by default as the profile says.", metavar="DRIVER"),
]
BuildOption = Annotated[Path, typer.Option("--build", help="Where results go.", metavar="DIR")]
EnvOption = Annotated[
    list[str] | None, typer.Option("--stack-env", help="A setting for the stack.", metavar="NAME=VALUE")
]
WithoutOption = Annotated[
    list[str] | None, typer.Option("--without", help="A role that is never started.", metavar="ROLE")
]
UpOption = Annotated[Path, typer.Option("--build", help="Where the running stack's state is.", metavar="DIR")]
DEFAULT_PROFILE = Path("harness.toml")
DEFAULT_BUILD = Path("build/verify")
DEFAULT_UP = Path("build/up")


def seconds(text: str) -> float:
    """A time such as `1.5s`, `200ms` or `2`."""
    factor = 1.0
    for unit, size in (("ms", 0.001), ("s", 1.0)):
        if text.endswith(unit):
            text, factor = text.removesuffix(unit), size
            break
    try:
        value = float(text) * factor
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write 1.5s or 200ms") from None
    if not 0 <= value <= 3600:
        raise typer.BadParameter("a time lies between 0 and 3600 seconds")
    return value
