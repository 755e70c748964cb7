"""The `mock-providers` command."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from mock_providers.commands import COMMANDS
from mock_providers.errors import ConfigError, MockProvidersError

FILE = click.Path(path_type=Path)


@click.group(name="mock-providers", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="messaging-harness", message="%(package)s %(version)s")
def app() -> None:
    """Mock Twilio and SendGrid on one port, recording every call.

    `serve` runs the server, with a page and a control plane; the other commands speak to one that runs.
    MOCK_PROVIDERS_TOKEN is the control plane's token: with it `serve` wants it of everybody, and the other
    commands carry it.
    """


@app.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on; one that others reach needs MOCK_PROVIDERS_TOKEN.",
)
@click.option("--port", type=int, default=4010, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option(
    "--announce", type=FILE, metavar="FILE", help="Written once it listens: host, port and pid as JSON; - prints them."
)
@click.option(
    "--journal",
    type=FILE,
    metavar="FILE",
    help="Keeps the record through restarts. Made, or appended to if it is a journal of this program; any other file "
    "is refused and left as it is. A torn last record is moved to FILE.torn-1, full files are kept as "
    "FILE.<last number> until they are past the retention, long bodies lie in FILE.bodies, accounts in FILE.accounts.",
)
@click.option(
    "--config",
    type=FILE,
    envvar="MOCK_PROVIDERS_CONFIG",
    show_envvar=True,
    metavar="FILE",
    help="TOML: accounts as [[twilio]] and [[sendgrid]], options as [server].",
)
@click.option("--open", "open_accounts", is_flag=True, help="Any credentials make an account at their first use.")
@click.option(
    "--allow-host",
    "allowed",
    multiple=True,
    envvar="MOCK_PROVIDERS_HOSTS",
    show_envvar=True,
    metavar="NAME",
    help="A name besides localhost by which the control plane is reached without a token; may be repeated.",
)
@click.option(
    "--webhook-host",
    "called",
    multiple=True,
    envvar="MOCK_PROVIDERS_WEBHOOK_HOSTS",
    show_envvar=True,
    metavar="NAME",
    help="A host besides this machine to which webhooks are sent; may be repeated, * is any.",
)
@click.option(
    "--fsync",
    is_flag=True,
    help="Sync the journal to the disk before each answer: what was answered outlasts a loss of power, too.",
)
def serve(
    host: str,
    port: int,
    announce: Path | None,
    journal: Path | None,
    config: Path | None,
    open_accounts: bool,
    allowed: tuple[str, ...],
    called: tuple[str, ...],
    fsync: bool,
) -> None:
    """Run the server until it is told to end (SIGTERM, Ctrl-C)."""
    from dataclasses import replace

    from mock_providers import server
    from mock_providers.announcement import check_announcement
    from mock_providers.config import load_config
    from mock_providers.hosts import is_loopback, named

    settings = load_config(config)
    settings = replace(
        settings,
        fsync=fsync or settings.fsync,
        open_accounts=open_accounts or settings.open_accounts,
        hosts=settings.hosts | named(allowed, where="--allow-host"),
        webhook_hosts=settings.webhook_hosts | named(called, where="--webhook-host", any_host=True),
        token=os.environ.get("MOCK_PROVIDERS_TOKEN") or settings.token,
    )
    if settings.token is None and not is_loopback(host):
        raise ConfigError(
            f"listening on {host} needs a token for the control plane: set MOCK_PROVIDERS_TOKEN, or [server] token"
        )
    if announce is not None:
        check_announcement(announce)
    sock = server.listen(host, port)
    server.serve(settings, sock=sock, journal=journal, announce=announce)


for command in COMMANDS:
    app.add_command(command)


def main() -> None:
    """Runs the command; what is wrong with its input is one line on stderr and exit code 3."""
    try:
        app()
    except MockProvidersError as error:
        print(f"mock-providers: {error}", file=sys.stderr)
        raise SystemExit(3) from None
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == __package__:
            raise
        print(
            f"mock-providers: the package {missing} is missing; install what this needs with "
            "`pip install 'messaging-harness[mocks]'`",
            file=sys.stderr,
        )
        raise SystemExit(3) from None


if __name__ == "__main__":
    main()
