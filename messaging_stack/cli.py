"""The commands. Each imports what it needs when it runs, so that none pays for another's start-up."""

from __future__ import annotations

import sys

import typer

from messaging_stack.errors import SettingsError, StackError, Unavailable
from messaging_stack.settings import Settings, load_settings

app = typer.Typer(
    help="The reference messaging stack: an API, and a worker that delivers. Settings come from the environment.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def migrate() -> None:
    """Brings the database's schema up to date; safe when several run at once."""
    settings = load_settings()
    from messaging_stack.migrations.run import upgrade

    upgrade(settings)
    typer.echo("the database is up to date")


@app.command()
def api() -> None:
    """Serves the HTTP API until SIGTERM."""
    settings = _prepared("messaging-api", providers=False)
    from messaging_stack.api.serve import serve

    serve(settings)


@app.command()
def worker() -> None:
    """Takes messages off the queue and delivers them until SIGTERM."""
    settings = _prepared("messaging-worker", providers=True)
    from messaging_stack.worker.run import run

    run(settings)


def _prepared(process: str, *, providers: bool) -> Settings:
    settings = load_settings()
    if providers or settings.sync_message_processing:
        settings.require_provider_credentials()
    from messaging_stack.logs import configure_logs

    configure_logs(level=settings.log_level, process=process)
    return settings


def main() -> None:
    """Runs the command line; a known error is one line on standard error and exit code 3."""
    try:
        app()
    except (SettingsError, Unavailable) as error:
        print(f"messaging-stack: {error}", file=sys.stderr)  # reason: this is the command's answer
        sys.exit(3)
    except StackError as error:
        print(f"messaging-stack: {error}", file=sys.stderr)
        sys.exit(1)
