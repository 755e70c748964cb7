"""`harness trace`: what happened to a message, from whatever record, alone or beside another."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from harness.commands import options
from harness.errors import UsageError
from harness.extras import need

VERIFIED = Path("build/verify")


@click.command()
@click.argument("message_id", metavar="MESSAGE", required=False)
@click.option(
    "--from",
    "--history",
    "source",
    type=options.FILE,
    metavar="PATH",
    help="A record: a directory, a history.jsonl, or a .zip as CI keeps it; by default the newest here.",
)
@click.option("--last-failed", is_flag=True, help="Instead of MESSAGE: those of the scenarios that failed.")
@click.option("--scenario", metavar="NAME", help="Instead of MESSAGE: those of this scenario.")
@click.option("--compare", metavar="MESSAGE", help="Beside another message, up to the first difference.")
@click.option("--with", "other", type=options.FILE, metavar="PATH", help="Beside the same of another record.")
@click.option("--html", type=options.FILE, metavar="FILE", help="Writes the timeline as a page.")
@click.option("--follow", "-f", is_flag=True, help="Goes on while the stack is up.")
@options.up
def trace(message_id: str | None, follow: bool, build: Path, **words: Any) -> None:
    """Shows everything that happened to MESSAGE: its id (or the beginning of it), its token, or the provider's id."""
    need("rich")
    if follow:
        follow_message(message_id, build, [name for name, value in words.items() if value])
        return
    from harness.reports.traced import Wanted, run

    run(Wanted(message=message_id, known=(build, VERIFIED), **words))


def follow_message(message_id: str | None, build: Path, others: list[str]) -> None:
    """Prints what happens to a message of the stack that is up, until that ends or Ctrl-C."""
    from harness.commands.follow import growth
    from harness.commands.up import running
    from harness.reports.trace import follow

    if others:
        raise UsageError("--follow reads the stack that is up, and goes with a MESSAGE alone")
    if not message_id:
        raise UsageError("--follow: Missing argument 'MESSAGE', which `harness send` prints")
    pid, path = int(running(build)["pid"]), build / "history.jsonl"
    with contextlib.suppress(KeyboardInterrupt):  # that is how one stops following
        follow(path, message_id, wait=growth(path, pid=pid))
