"""How every command ends: our own errors are one line and an exit code, so that no traceback reaches a user."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from harness.errors import HarnessError, UsageError
from harness.extras import missing
from harness.results import UNUSABLE
from harness.visible import visible


def guarded(command: Callable[[], Any]) -> int:
    """Runs a command and returns its exit code; what is a user's own mistake is told in one line."""
    try:
        code = command()
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except click.ClickException as error:
        # the help of a group that was called alone; Click 8.1 prints it itself
        alone = type(error).__name__ == "NoArgsIsHelpError"
        print(visible(error.message if alone else misused(error)), file=sys.stderr)
        return UNUSABLE
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        line = missing(error)
        if line is None:
            raise
        print(f"error: {line}", file=sys.stderr)
        return UNUSABLE
    except (KeyboardInterrupt, click.Abort):
        print("interrupted", file=sys.stderr)
        return 130
    return code if isinstance(code, int) else 0


def misused(error: click.ClickException) -> str:
    """What is wrong with a command line, in one line."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "harness"
    return f"error: {' '.join(error.format_message().split()).rstrip('.')}; see `{path} --help`"
