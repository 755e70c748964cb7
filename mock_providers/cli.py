"""The `mock-providers` command."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from mock_providers.commands import add_commands
from mock_providers.errors import ConfigError, MockProvidersError

app = typer.Typer(
    name="mock-providers",
    help="Mock Twilio and SendGrid servers that record every call.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def serve(  # reason: Typer makes options of them
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 4010,
    announce: Annotated[
        Path | None, typer.Option(help="File for host, port and pid, written once listening; - prints them.")
    ] = None,
    journal: Annotated[Path | None, typer.Option(help="File to record every call in; it is appended to.")] = None,
    config: Annotated[
        Path | None, typer.Option(envvar="MOCK_PROVIDERS_CONFIG", help="TOML file with accounts and options.")
    ] = None,
    open_accounts: Annotated[
        bool, typer.Option("--open", help="Any credentials make an account at their first use.")
    ] = False,
    fsync: Annotated[bool, typer.Option(help="Sync the journal to the disk before each answer.")] = False,
) -> None:
    """Run the server until it is told to end (SIGTERM, Ctrl-C)."""
    from dataclasses import replace

    from mock_providers import server
    from mock_providers.config import load_config

    settings = load_config(config)
    settings = replace(
        settings,
        fsync=fsync or settings.fsync,
        open_accounts=open_accounts or settings.open_accounts,
        token=os.environ.get("MOCK_PROVIDERS_TOKEN") or settings.token,
    )
    if settings.token is None and not server.is_loopback(host):
        raise ConfigError(
            f"listening on {host} needs a token for the control plane: set MOCK_PROVIDERS_TOKEN, or [server] token"
        )
    sock = server.listen(host, port)
    server.serve(settings, sock=sock, journal=journal, announce=announce)


add_commands(app)


def main() -> None:
    """Runs the command; what is wrong with its input is one line on stderr and exit code 3."""
    try:
        app()
    except MockProvidersError as error:
        print(f"mock-providers: {error}", file=sys.stderr)
        raise SystemExit(3) from None


if __name__ == "__main__":
    main()
