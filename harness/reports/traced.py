"""What `harness trace` was asked for: one message, those of scenarios, or two beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from rich.text import Text

from harness.errors import UsageError
from harness.record.opening import HISTORY
from harness.reports.console import STYLES, terminal
from harness.reports.finding import Found, Told, find, last_failed, newest, of_scenario
from harness.reports.rows import shortened
from harness.reports.trace import show

MOST: Final = 12
"""Messages of one scenario that are shown; the others are named."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The options; `known` are the directories in which a record is looked for where none is named."""

    message: str | None
    known: Sequence[Path]
    source: Path | None = None
    last_failed: bool = False
    scenario: str | None = None
    compare: str | None = None
    other: Path | None = None
    html: Path | None = None

    @property
    def record(self) -> Path:
        return self.source or newest([place / HISTORY for place in self.known])


def run(wanted: Wanted) -> None:
    """Prints what was asked for, or writes it; raises UsageError where that isn't there."""
    refuse(wanted)
    if wanted.last_failed or wanted.scenario:
        path = wanted.record
        for one in last_failed(path) if wanted.last_failed else [of_scenario(path, wanted.scenario or "")]:
            show_scenario(one, wanted.other)
        return
    found = find(wanted.record, wanted.message or "")
    if wanted.compare or wanted.other:
        beside = find(wanted.other or wanted.record, wanted.compare or wanted.message or "")
        show_both(found, beside)
    elif wanted.html is not None:
        from harness.reports.timeline import write

        write(wanted.html, found.timeline, verdicts=found.verdicts)
        print(f"wrote {wanted.html}")
    else:
        show(found)


def refuse(wanted: Wanted) -> None:
    """Raises UsageError for options that don't go together."""
    ways = {"MESSAGE": wanted.message, "--last-failed": wanted.last_failed, "--scenario": wanted.scenario}
    named = [name for name, value in ways.items() if value or value == ""]
    if not named:
        raise click.UsageError("Missing argument 'MESSAGE'; or --last-failed, or --scenario NAME")
    if len(named) > 1:
        raise UsageError(f"{' and '.join(named)} name messages in two ways; keep one")
    if wanted.compare and wanted.message is None:
        raise UsageError("--compare goes with a MESSAGE; beside another record a scenario goes with --with PATH")
    if wanted.html and (wanted.compare or wanted.other or wanted.message is None):
        raise UsageError("--html writes the timeline of one MESSAGE; `harness report --page` writes all of a record")


def show_scenario(told: Told, other: Path | None) -> None:
    """Prints how a scenario ended, and each of its messages, beside those of the other record where one is named."""
    console = terminal()
    head = Text(told.scenario.outcome.upper(), style=STYLES[told.scenario.outcome])
    console.print(head.append(f" {told.scenario.name}", style="bold default"))
    worst = [one for one in told.scenario.lines if one.get("verdict") == told.scenario.outcome]
    for said in dict.fromkeys(f"  {one.get('name')}: {shortened(str(one.get('reason')))}" for one in worst):
        console.print(Text(said))
    if not told.messages:
        console.print(Text("  the record holds no message of it", style="dim"))
    if other is None:
        for found in told.messages[:MOST]:
            console.print()
            show(found, console=console)
    else:
        show_pairs(told.messages, of_scenario(other, told.scenario.name).messages)
    if told.messages[MOST:]:
        names = ", ".join(found.timeline.title for found in told.messages[MOST:])
        console.print(Text(f"{len(told.messages) - MOST} more messages: {names}", style="dim"))


def show_pairs(left: Sequence[Found], right: Sequence[Found]) -> None:
    """Prints the messages of one scenario in two records, the first beside the first, and so on."""
    console = terminal()
    for one, other in list(zip(left, right, strict=False))[:MOST]:
        console.print()
        show_both(one, other)
    if len(left) != len(right):
        console.print(Text(f"{len(left)} messages on the left, {len(right)} on the right", style="bold yellow"))


def show_both(left: Found, right: Found) -> None:
    from harness.reports.beside import show as show_beside
    from harness.reports.comparing import compare

    show_beside(compare(left.timeline, right.timeline), console=terminal())
