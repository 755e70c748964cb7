"""How every command ends: our own errors are one line and an exit code, so that no traceback reaches a user."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

from harness.errors import HarnessError, UsageError
from harness.results import UNUSABLE

MISUSED: type[Exception] = typer.BadParameter.__mro__[1]
"""What Typer raises for a command line that makes no sense; it has a name only in a package that Typer keeps inside."""


def guarded(command: Callable[[], Any]) -> Callable[[], int]:
    """Turns our own errors into one line and an exit code, so that no traceback reaches a user."""

    @wraps(command)
    def run() -> int:
        try:
            code = command()
        except UsageError as error:
            print(f"error: {error}", file=sys.stderr)
            return UNUSABLE
        except MISUSED as error:
            print(misused(error), file=sys.stderr)
            return UNUSABLE
        except HarnessError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130
        return code if isinstance(code, int) else 0

    return run


def misused(error: Exception) -> str:
    """What Typer has against a command line, in one line; where nothing was asked for, the help."""
    said, ctx = str(getattr(error, "message", "") or error), getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        return said
    format_message = getattr(error, "format_message", lambda: said)
    path = getattr(ctx, "command_path", "harness")
    return f"error: {' '.join(format_message().split()).rstrip('.')}; see `{path} --help`"
