"""`harness replay`: a recorded run judged again; exit code 0 all pass, 1 a fail, 2 an unknown, 3 no record."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from harness.commands import options
from harness.errors import UsageError
from harness.extras import need
from harness.results import EXIT_CODES, UNUSABLE


@click.command()
@click.argument("path", type=options.FILE, default=Path("build/verify"), required=False)
@click.option("--check", "checks", multiple=True, metavar="NAME", help="Only this check.")
@click.option(
    "--message", default="", metavar="ID", help="Only what is about this message: its id, token or provider's id."
)
@click.option("--until", default="", metavar="N|TIME", help="As if the record ended after N events, or after 3.5s.")
@click.option("--profile", type=options.FILE, metavar="FILE", help="Judge by this profile, not by the record's own.")
@click.option("--json", "as_json", is_flag=True, help="The verdicts as JSON, as they stand in verdicts.json.")
@click.option("--explain", is_flag=True, help="Prints each verdict with its witnesses.")
def replay(
    path: Path, checks: Sequence[str], message: str, until: str, profile: Path | None, as_json: bool, explain: bool
) -> int:
    """Judges a recorded run again, without a stack: a directory, a history.jsonl, or a .zip as CI keeps it."""
    need("rich", "pydantic")
    from harness.profile import load
    from harness.record.opening import parts_of
    from harness.replay.judging import Wanted, replay
    from harness.replay.telling import show
    from harness.reports.console import terminal

    events, seconds = end_of(until)
    wanted = Wanted(checks=checks, message=message, events=events, seconds=seconds)
    found = replay(parts_of(path), wanted, profile=load(profile) if profile else None)
    if as_json:
        lines = [line.now or {"name": line.check, "verdict": "unknown", "reason": line.why} for line in found.lines]
        click.echo(json.dumps(lines, indent=1))
    else:
        show(found, terminal(), explain=explain)
    return EXIT_CODES.get(found.worst, UNUSABLE)


def end_of(until: str) -> tuple[int | None, float | None]:
    """A number of events, or seconds; raises UsageError."""
    if not until:
        return None, None
    if until.isdecimal():
        return int(until), None
    text, factor = (until[:-2], 0.001) if until.endswith("ms") else (until.removesuffix("s"), 1.0)
    try:
        seconds = float(text) * factor
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise UsageError(f"--until {until!r}: expected a number of events, such as 512, or a time, such as 3.5s")
    return None, seconds
