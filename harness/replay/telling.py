"""What a replay says: a row a check, each answer that is another one now, and what couldn't be judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.replay.judging import Line, Replayed
from harness.reports.console import STYLES
from harness.results import RANKS, Said

MOST: Final = 5
"""How many of a kind are told one by one."""
BAD: Final = ("fail", "error", "unknown")


def show(found: Replayed, console: Console, *, explain: bool = False) -> None:
    """Prints the table and what stands below it; `explain` tells each verdict's witnesses."""
    for line in found.lines if explain else ():
        console.print(story(line))
    console.print(table(found))
    for line in [one for one in found.lines if one.differs][:MOST]:
        console.print(Text(difference(line), style="bold red"))
    silent = [line for line in found.lines if line.now is None]
    for why, number in Counter(line.why for line in silent).most_common(MOST):
        console.print(Text(f"{number} can't be judged again: {why}", style="yellow"))
    failed = [one for one in found.told if one.get("verdict") in BAD]
    for one in failed[:MOST]:
        console.print(Text(asserted(one), style="yellow"))
    if failed[MOST:]:
        console.print(Text(f"and {len(failed) - MOST} more such scenarios", style="yellow"))
    for number, why in found.damaged[:MOST]:
        console.print(Text(f"line {number} of the history can't be read ({why})", style="yellow"))
    if found.damaged[MOST:]:
        console.print(Text(f"and {len(found.damaged) - MOST} more lines", style="yellow"))
    console.print(closing(found))


def table(found: Replayed) -> Table:
    drawn = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("check", "recorded", "again"):
        drawn.add_column(name, no_wrap=True)
    drawn.add_column("verdicts", justify="right", no_wrap=True)
    drawn.add_column("evidence", overflow="fold")
    groups: dict[str, list[Line]] = {}
    for line in found.lines:
        groups.setdefault(line.check, []).append(line)
    for check, lines in groups.items():
        before = worst([line.before["verdict"] for line in lines if line.before])
        now = worst([line.outcome for line in lines])
        decisive = next(line for line in lines if line.outcome == now)
        said = str(decisive.now["reason"]) if decisive.now else decisive.why
        drawn.add_row(check, word(before), word(now), str(len(lines)), Text(said))
    return drawn


def worst(outcomes: Sequence[Said]) -> Said | None:
    return max(outcomes, key=lambda one: RANKS.get(one, 1), default=None)


def word(outcome: Said | None) -> Text:
    return Text("–") if outcome is None else Text(outcome.upper(), style=STYLES.get(outcome, ""))


def story(line: Line) -> Text:
    text = Text(f"{line.outcome.upper()}", style=STYLES[line.outcome])
    said = line.now or {}
    text.append(f"  {line.check}, {line.scenario}\n      {said.get('reason', line.why)}\n", style="default not bold")
    for witness in said.get("witnesses", ()):
        text.append(f"      » {witness['kind']:<18} {witness['said']}\n", style="dim")
    return text


def asserted(line: Mapping[str, Any]) -> str:
    """What a scenario said of itself: that is code, which a record doesn't hold."""
    what, reason = f"{line.get('check')}, {line.get('scenario')}", str(line.get("reason"))
    return f"{what}: {line.get('verdict')} by its own words, which aren't judged again: {reason}"


def difference(line: Line) -> str:
    before, now = line.before or {}, line.now or {}
    old, new = (f"{one.get('verdict')} ({one.get('reason')})" for one in (before, now))
    where = f"{line.check}, {line.scenario}"
    return f"{where}: other witnesses than recorded" if old == new else f"{where}: was {old}, is {new}"


def closing(found: Replayed) -> Text:
    outcome = found.worst
    text = Text("\n").append(outcome.upper(), style=STYLES[outcome])
    judged = [line for line in found.lines if line.now is not None]
    other = sum(line.differs for line in judged)
    compared = sum(line.before is not None for line in judged)
    how = f"{other} of {compared} are other than recorded" if other else f"all {compared} the same as recorded"
    number = len(found.told)
    told = f"; {number} more were told by what a scenario waited for, or asserted" if number else ""
    text.append(f"  {len(judged)} verdicts on {found.events} events judged again", style="default not bold")
    return text.append(f"{': ' + how if compared else ''}{told}; {found.name}", style="default not bold")
