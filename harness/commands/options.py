"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)
profile = click.option(
    "--profile",
    type=FILE,
    default=Path("harness.toml"),
    show_default=True,
    metavar="FILE",
    help="How to reach the stack and read it.",
)
deploy = click.option(
    "--deploy", metavar="DRIVER", help="embedded, containers, attached; by default as the profile says."
)
stack_env = click.option(
    "--stack-env",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="A setting for the stack; without a value it is taken from the environment, so that no secret stands in a "
    "process list.",
)
without = click.option("--without", multiple=True, metavar="ROLE", help="A role that is never started.")


def build(default: str, what: str = "Where results go.") -> Callable[[F], F]:
    """The option `--build`, with each command's own directory as its default."""
    return click.option("--build", type=FILE, default=Path(default), show_default=True, metavar="DIR", help=what)


up = build("build/up", "Where the running stack's state is.")


class Seconds(click.ParamType):  # type: ignore[type-arg]  # reason: older releases of Click have no generic one
    """A time such as `1.5s`, `200ms` or `2`, from nothing to an hour, in seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text, factor = str(value), 1.0
        for unit, size in (("ms", 0.001), ("s", 1.0)):
            if text.endswith(unit):
                text, factor = text.removesuffix(unit), size
                break
        try:
            seconds = float(text) * factor
        except ValueError:
            self.fail(f"{value!r} is no time; write 1.5s or 200ms", param, ctx)
        if not 0 <= seconds <= 3600:
            self.fail("a time lies between 0 and 3600 seconds", param, ctx)
        return seconds


SECONDS = Seconds()


class Bound(click.ParamType):  # type: ignore[type-arg]  # reason: as of Seconds
    """A line such as `p99 of sent <= 500 ms`."""

    name = "threshold"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from harness.profile.thresholds import threshold

        try:
            return threshold(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


threshold = click.option(
    "--threshold",
    "thresholds",
    type=Bound(),
    multiple=True,
    metavar="TEXT",
    help='What must hold, beside the profile\'s: "p99 of sent <= 500 ms", "rate >= 200".',
)


observe = click.option(
    "--observe",
    default="full",
    show_default=True,
    metavar="WORD",
    help="full; stages: without the wire; account: all at the end.",
)
