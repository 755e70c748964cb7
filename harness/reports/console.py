"""The table at the end of a verification, and the stories of what did not pass."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.panel import Panel
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from harness.reports.rows import MOST_STORIES, bad, notes, outcome_line, rows
from harness.results import RANKS, Results, Said, verdicts_of
from harness.visible import visible

STYLES: dict[Said, str] = {
    "pass": "green",
    "fail": "bold red",
    "error": "bold red",
    "unknown": "bold yellow",
    "xfailed": "dim",
    "skipped": "dim",
    "not asked": "dim",
}
SLOWEST = 3
"""So many scenarios are told with the time that they took."""
UNSEEN_WIDTH = 120
"""Columns of the summary where it goes to a file or a CI log, which don't say how wide they are."""


class _Console(Console):
    """A console on which what is told acts on nothing: only its own colours are more than characters."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


def terminal(**more: Any) -> Console:
    """A console that shows all words as they are: brackets and colons in them are somebody's, and no markup."""
    return _Console(highlight=False, markup=False, emoji=False, **more)


def render(results: Results, *, build: Path, width: int, color: bool, explain: bool = False) -> str:
    """The whole summary as text, with ANSI colours where `color`; `explain` adds each claim with its witnesses."""
    console = terminal(file=io.StringIO(), width=max(80, min(width, 140)), force_terminal=color, no_color=not color)
    if results.everything:
        for story in stories(results):
            console.print(story)
        if explain:
            console.print(claims(results))
        console.print(table(results, width=console.width))
        for note in notes(results):
            console.print(Text(f"note: {note}"))
        console.print(closing(results, build=build))
    elif results.interrupted and not results.unusable:
        console.print(closing(results, build=build))
    if results.unusable:
        console.print(Text(f"error: {results.unusable}", style="bold red" if color else ""), soft_wrap=True)
    file = console.file
    assert isinstance(file, io.StringIO)  # noqa: S101 - reason: narrows the type of what was made above
    return file.getvalue().rstrip("\n")


def table(results: Results, *, width: int) -> Table:
    """One row a check: the worst verdict of its scenarios, the evidence in a few words, the time."""
    drawn = Table(show_edge=False, pad_edge=False, header_style="bold")
    drawn.add_column("check", no_wrap=True)
    drawn.add_column("verdict", no_wrap=True)
    drawn.add_column("scenarios", justify="right", no_wrap=True)
    drawn.add_column("evidence", overflow="fold")
    drawn.add_column("time", justify="right", no_wrap=True)
    taken = max(map(len, results.by_check())) + len("│ not asked │ scenarios │  │ 00.00 s")
    for row in rows(results, room=2 * (width - taken)):
        verdict = Text(row.verdict if row.verdict == "not asked" else row.verdict.upper(), style=STYLES[row.verdict])
        drawn.add_row(row.check, verdict, row.count, Text(row.evidence), f"{row.seconds:.2f} s")
    return drawn


def stories(results: Results) -> list[Panel]:
    """The first stories of what did not pass, failures before errors before unknowns."""
    panels = []
    for item in bad(results)[:MOST_STORIES]:
        title = Text(f"{item.outcome.upper()} {item.scenario}", style=STYLES[item.outcome])
        panels.append(Panel(Text(item.story), title=title, title_align="left", border_style=STYLES[item.outcome]))
    return panels


def claims(results: Results) -> Text:
    """Each claim once, with its worst verdict and the witnesses of that."""
    decisive: dict[tuple[str, str], dict[str, Any]] = {}
    for item in results.everything:
        for verdict in verdicts_of(item):
            place = (item.check, verdict["claim"])
            if place not in decisive or RANKS[verdict["verdict"]] > RANKS[decisive[place]["verdict"]]:
                decisive[place] = verdict
    text = Text()
    for (check, claim), verdict in decisive.items():
        outcome: Said = verdict["verdict"]
        text.append(outcome.upper(), style=STYLES[outcome])
        text.append(f"  {check}: {claim}\n      {verdict['reason']}\n")
        for witness in verdict["witnesses"]:
            text.append(f"      » {witness['kind']:<18} {witness['said']}\n", style="dim")
    return text


def durations(results: Results) -> str:
    """What the run's time went into, and the scenarios that took longest."""
    parts = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in results.spent.items())
    longest = sorted(results.counted, key=lambda item: -item.elapsed_s)[:SLOWEST]
    said = ", ".join(f"{item.scenario} {item.elapsed_s:.1f} s" for item in longest)
    return f"spent: {parts}" + (f"; longest: {said}" if len(results.counted) > SLOWEST else "")


def closing(results: Results, *, build: Path) -> Text:
    outcome = results.verdict
    text = Text("\n")
    text.append(f"{outcome.upper()}", style=STYLES[outcome])
    text.append(f"  {outcome_line(results)}; stack ready in {results.ready_s:.1f} s; evidence in {build}")
    hidden = len(bad(results)) - MOST_STORIES
    if hidden > 0:
        text.append(f"; {hidden} more stories in {build / 'verdicts.json'}")
    if results.spent:
        text.append(f"\n{durations(results)}", style="dim")
    if outcome != "pass" and results.everything:
        text.append(f"\nto judge this record again, here or where it was taken: harness replay {build}")
    return text
