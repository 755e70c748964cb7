"""The commands. Each imports what it needs when it runs, so that none pays for another's start-up."""

from __future__ import annotations

import argparse
import contextlib
import gc
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from messaging_stack.errors import SettingsError, StackError, Unavailable

if TYPE_CHECKING:
    from messaging_stack.settings import Settings


def migrate() -> None:
    """Brings the database's schema up to date; safe when several run at once."""
    with loading():
        from messaging_stack.migrations.run import upgrade
        from messaging_stack.settings import load_settings
    upgrade(load_settings())
    print("the database is up to date")  # reason: this is the command's answer


def api() -> None:
    """Serves the HTTP API until SIGTERM."""
    settings = prepared("messaging-api", providers=False)
    with loading():
        from messaging_stack.api.serve import serve
    serve(settings)


def worker() -> None:
    """Takes messages off the queue and delivers them until SIGTERM."""
    settings = prepared("messaging-worker", providers=True)
    with loading():
        from messaging_stack.worker.run import run
    run(settings)


COMMANDS = {command.__name__: command for command in (migrate, api, worker)}


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """For imports: what they make stays, so that looking for garbage in it is a fifth of their time for nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def prepared(process: str, *, providers: bool) -> Settings:
    with loading():
        from messaging_stack.settings import load_settings
    settings = load_settings()
    if providers or settings.sync_message_processing:
        settings.require_provider_credentials()
    with loading():
        from messaging_stack.logs import configure_logs
    configure_logs(level=settings.log_level, process=process)
    return settings


def main(words: Sequence[str] | None = None) -> None:
    """Runs the command line; a known error is one line on standard error and exit code 3."""
    parser = argparse.ArgumentParser(
        prog="messaging-stack",
        description="The reference messaging stack: an API, and a worker that delivers.",
        epilog="Settings come from the environment.",
    )
    commands = parser.add_subparsers(title="commands", dest="command", required=True)
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.__doc__, description=command.__doc__)
    try:
        COMMANDS[parser.parse_args(words).command]()
    except (SettingsError, Unavailable) as error:
        print(f"messaging-stack: {error}", file=sys.stderr)  # reason: this is the command's answer
        sys.exit(3)
    except StackError as error:
        print(f"messaging-stack: {error}", file=sys.stderr)
        sys.exit(1)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == __package__:
            raise
        need = "this needs it: pip install 'messaging-harness[reference]'"
        print(f"messaging-stack: {package} isn't installed, and {need}", file=sys.stderr)  # reason: as above
        sys.exit(3)
