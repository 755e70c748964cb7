"""What a search has found, as a table, as two records side by side, and as JSON."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.shaking.case import Case, Finding
from harness.shaking.comparing import Comparison, Step, compare
from harness.shaking.disturbance import shown
from harness.shaking.searching import Search

STYLES = {"stable": "green", "timing-dependent": "bold red", "undecided": "bold yellow"}


def show(search: Search, console: Console, *, options: Sequence[str]) -> None:
    """Prints the table, then what is known of each test that isn't stable."""
    cases = sorted(search.cases.values(), key=lambda case: (case.verdict == "stable", case.name))
    drawn = Table(show_edge=False, pad_edge=False, header_style="bold")
    drawn.add_column("test", overflow="fold", min_width=24)
    for name in ("verdict", "axis", "smallest disturbance", "at fault"):
        drawn.add_column(name, overflow="fold")
    drawn.add_column("runs", justify="right", no_wrap=True)
    for case in cases:
        found = case.finding
        cells = (found.axis, found.smallest, found.at_fault) if found else ("", "", "")
        drawn.add_row(case.name, Text(case.verdict, style=STYLES[case.verdict]), *cells, str(case.runs))
    console.print(drawn)
    for case in cases:
        tell_case(case, console, options=options)
    console.print(Text(f"tried: {', '.join(search.tried) or 'nothing yet'}", style="dim"))
    for text, reason in search.not_tried.items():
        console.print(Text(f"not tried: {text}: {reason}", style="dim"))
    console.print(Text(closing(search), style="bold"))


def closing(search: Search) -> str:
    counts = {name: sum(case.verdict == name for case in search.cases.values()) for name in STYLES}
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "no test was judged"
    more = f"; {search.stopped}" if search.stopped else ""
    return f"{told}; {search.runner.count} runs, seed {search.bounds.seed}{more}; kept in {search.runner.asked.build}"


def tell_case(case: Case, console: Console, *, options: Sequence[str]) -> None:
    found = case.finding
    if found is None:
        console.print(Text(f"\n{case.name}: {case.verdict}: {case.why}"))
        return
    told = found.failed.tests[case.name]
    console.print(Text(f"\n{case.name}", style="bold"))
    console.print(Text(f"  at fault: the {found.at_fault}: {found.reason}"))
    console.print(Text(f"  {found.confirmed}; smallest: {found.smallest}"))
    console.print(Text(f"  it says: {told.message.partition(chr(10))[0]}  ({told.line})"))
    console.print(Text(f"  reproduce: {reproduce(case.name, found, options)}"), soft_wrap=True)
    console.print(side_by_side(compare(found.passed, found.failed, case.name)))
    console.print(Text(f"  records: passed {found.passed.directory}, failed {found.failed.directory}", style="dim"))


def reproduce(name: str, found: Finding, options: Sequence[str]) -> str:
    """The one command that makes a test fail."""
    only = [word for one in found.reproduces for word in ("--only", str(one))] or ["--only", "none"]
    before = [one.target for one in found.reproduces if one.sort.what == "after"]
    tests = dict.fromkeys([*before, *found.with_others, name])
    return shlex.join(["harness", "shake", *options, *only, *tests])


def side_by_side(comparison: Comparison) -> Table:
    drawn = Table(show_edge=False, pad_edge=True, header_style="dim")
    drawn.add_column("where it passed", no_wrap=True)
    drawn.add_column("where it failed", no_wrap=True)
    good, bad = comparison.marks
    for number, (one, other) in enumerate(zip_longest(comparison.passed, comparison.failed)):
        drawn.add_row(line(one, marked=number == good), line(other, marked=number == bad))
    return drawn


def line(step: Step | None, *, marked: bool) -> Text:
    if step is None:
        return Text("")
    by = f" ({step.by})" if step.by else ""
    style = "bold yellow" if marked else "bold" if step.end else ""
    return Text(f"{'»' if marked else ' '} {step.at * 1000:+8.0f} ms  {step.what}{by}", style=style)


def as_json(search: Search, *, options: Sequence[str]) -> dict[str, Any]:
    """All that was found, for programs: a verdict for each test, with its finding where there is one."""
    return {
        "seed": search.bounds.seed,
        "runs": search.runner.count,
        "tried": search.tried,
        "not_tried": search.not_tried,
        "stopped": search.stopped,
        "tests": [case_json(case, options) for case in search.cases.values()],
    }


def case_json(case: Case, options: Sequence[str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "test": case.name,
        "verdict": case.verdict,
        "why": case.why,
        "runs": case.runs,
        "found_after": case.found_after,
        "settled_after": case.settled_after,
        "outcomes": [
            {"run": run.number, "disturbed": shown(run.disturbed), "failed": failed} for run, failed in case.seen
        ],
    }
    if case.finding is not None:
        found = case.finding
        both = compare(found.passed, found.failed, case.name)
        told |= {
            "axis": found.axis,
            "smallest": found.smallest,
            "at_fault": found.at_fault,
            "reason": found.reason,
            "message": found.failed.tests[case.name].message,
            "reproduce": reproduce(case.name, found, options),
            "passed": [[round(step.at, 6), step.what] for step in both.passed],
            "failed": [[round(step.at, 6), step.what] for step in both.failed],
            "differs": both.marks,
        }
    return told
