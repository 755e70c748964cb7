"""The table at the end of a verification, and the stories of what did not pass."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from harness.checks.verdict import RANKS, Outcome, worst
from harness.results import Result, Results, verdicts_of

STYLES: dict[Outcome, str] = {"pass": "green", "fail": "bold red", "unknown": "bold yellow"}
MOST_STORIES = 5
UNSEEN_WIDTH = 120
"""Columns of the summary where it goes to a file or a CI log, which don't say how wide they are."""


def render(results: Results, *, build: Path, width: int, color: bool, explain: bool = False) -> str:
    """The whole summary as text, with ANSI colours where `color`; `explain` adds each claim with its witnesses."""
    console = Console(
        file=io.StringIO(), width=max(80, min(width, 140)), force_terminal=color, no_color=not color, highlight=False
    )
    if results.unusable:
        console.print(Text(f"error: {results.unusable}", style="bold red" if color else ""), soft_wrap=True)
    if results.items:
        for story in stories(results):
            console.print(story)
        if explain:
            console.print(claims(results))
        console.print(table(results))
        console.print(closing(results, build=build))
    file = console.file
    assert isinstance(file, io.StringIO)  # noqa: S101 - reason: narrows the type of what was made above
    return file.getvalue().rstrip("\n")


def table(results: Results) -> Table:
    """One row a check: the worst verdict of its scenarios, the evidence in a few words, the time."""
    rows = Table(show_edge=False, pad_edge=False, header_style="bold")
    rows.add_column("check", no_wrap=True)
    rows.add_column("verdict", no_wrap=True)
    rows.add_column("scenarios", justify="right", no_wrap=True)
    rows.add_column("evidence", overflow="fold")
    rows.add_column("time", justify="right", no_wrap=True)
    for check, items in results.by_check().items():
        outcome = worst([item.outcome for item in items])
        good = sum(item.outcome == "pass" for item in items)
        count = str(len(items)) if good == len(items) else f"{good}/{len(items)}"
        seconds = sum(item.elapsed_s for item in items)
        verdict = Text(outcome.upper(), style=STYLES[outcome])
        rows.add_row(check, verdict, count, evidence(items, outcome), f"{seconds:.2f} s")
    return rows


def evidence(items: list[Result], outcome: Outcome) -> Text:
    """What decided: the reasons of the scenarios that made the verdict, each once, the commonest first."""
    counts: dict[str, int] = {}
    for item in items:
        if item.outcome == outcome:
            counts[item.reason] = counts.get(item.reason, 0) + 1
    reasons = sorted(counts, key=lambda reason: -counts[reason])
    shown = "; ".join(reasons[:1])
    more = len(reasons) - 1
    return Text(shown + (f" (+{more} more)" if more > 0 else ""))


def stories(results: Results) -> list[Panel]:
    """The first stories of what did not pass, failures before unknowns."""
    bad = sorted((item for item in results.items if item.outcome != "pass"), key=lambda item: item.outcome != "fail")
    panels = []
    for item in bad[:MOST_STORIES]:
        title = Text(f"{item.outcome.upper()} {item.scenario}", style=STYLES[item.outcome])
        panels.append(Panel(Text(item.story), title=title, title_align="left", border_style=STYLES[item.outcome]))
    return panels


def claims(results: Results) -> Text:
    """Each claim once, with its worst verdict and the witnesses of that."""
    decisive: dict[tuple[str, str], dict[str, Any]] = {}
    for item in results.items:
        for verdict in verdicts_of(item):
            place = (item.check, verdict["claim"])
            if place not in decisive or RANKS[verdict["verdict"]] > RANKS[decisive[place]["verdict"]]:
                decisive[place] = verdict
    text = Text()
    for (check, claim), verdict in decisive.items():
        outcome: Outcome = verdict["verdict"]
        text.append(outcome.upper(), style=STYLES[outcome])
        text.append(f"  {check}: {claim}\n      {verdict['reason']}\n")
        for witness in verdict["witnesses"]:
            text.append(f"      » {witness['kind']:<18} {witness['said']}\n", style="dim")
    return text


def closing(results: Results, *, build: Path) -> Text:
    outcome = results.verdict
    good = sum(item.outcome == "pass" for item in results.items)
    text = Text("\n")
    text.append(f"{outcome.upper()}", style=STYLES[outcome])
    text.append(f"  {good} of {len(results.items)} scenarios passed")
    text.append(f"; stack ready in {results.ready_s:.1f} s; evidence in {build}")
    hidden = len(results.items) - good - MOST_STORIES
    if hidden > 0:
        text.append(f"; {hidden} more stories in {build / 'verdicts.json'}")
    return text
