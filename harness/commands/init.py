"""`harness init`: looks at a project, or at a stack that runs, and writes its first profile, tried by one message."""

from __future__ import annotations

from pathlib import Path

import click

from harness.commands import options
from harness.errors import UsageError


@click.command()
@click.argument("directory", type=options.FILE, default=Path(), required=False)
@click.option("--api", metavar="URL", help="Where the API of a stack that runs answers.")
@click.option("--redis", metavar="URL", help="Its Redis or Valkey: redis://HOST:PORT/0.")
@click.option("--database", metavar="URL", help="Its database: postgresql://… or sqlite:///FILE.")
@click.option("--mocks", metavar="URL", help="The mock-providers server that it calls.")
@click.option("--mocks-token", metavar="TOKEN", envvar="MOCK_PROVIDERS_TOKEN", help="The token of its control plane.")
@click.option("--output", type=options.FILE, metavar="FILE", help="The profile; by default harness.toml in DIRECTORY.")
@click.option("--force", is_flag=True, help="Writes over a file that is there.")
@click.option("--send/--no-send", "send", default=True, help="Sends one message, to see what becomes of it.")
@click.option("--yes", is_flag=True, help="Sends it without asking first.")
def init(
    directory: Path,
    api: str | None,
    redis: str | None,
    database: str | None,
    mocks: str | None,
    mocks_token: str | None,
    output: Path | None,
    force: bool,
    send: bool,
    yes: bool,
) -> None:
    """Looks at a project in DIRECTORY, or with --api at a stack that runs, and writes its first profile.

    Nothing is written but the profile. Then one message is sent through it, and what was seen of it mends the profile.
    """
    from harness.commands.drafting import Asked, attach, embed

    asked = Asked(
        directory=directory,
        output=output or directory / "harness.toml",
        api=api,
        redis=redis,
        database=database,
        mocks=mocks,
        token=mocks_token,
        send=send,
        yes=yes,
        force=force,
    )
    if asked.output.exists() and not force:
        raise UsageError(f"{asked.output} is there already; name another with --output, or write over it with --force")
    if not directory.is_dir():
        raise UsageError(f"{directory} is no directory; name the project's, or one to write the profile to")
    if api is not None:
        attach(asked)
    elif redis or database or mocks:
        raise UsageError("a stack that runs is told by its API: name it with --api, beside the others")
    else:
        embed(asked)
