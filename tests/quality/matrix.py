"""`make quality`: is each defect caught by the check that names it, and does the right stack pass all of them?

Each row deploys a stack of its own with one seam replaced and runs the verification suite on it. Exit code 1 when
a defect is not caught for the right reason, or too late, or the right stack fails any check.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from typing import NoReturn, TypeVar

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from tests.quality import second
from tests.quality.choosing import changed_files, concerned_first, some_of_each
from tests.quality.defects import DEFECTS, HARMLESS, KINDS, Defect
from tests.quality.defects.second_stack import EDITS, EXAMPLE
from tests.quality.verifying import MODES, RIGHT, Named, Row, verify

Job = TypeVar("Job")
BUILD = Path("build/quality")
SIGNS = {"pass": "·", "fail": "FAIL", "error": "error", "unknown": "?", "not asked": " "}
QUICK = 20
LONGEST_S = 60.0
"""The time from the call of `harness verify` within which a defect is to be told."""
KNOWN: dict[str, Named] = {**DEFECTS, HARMLESS.name: HARMLESS}
SECOND: dict[str, Named] = {edit.name: edit for edit in EDITS}


def judge(rows: Sequence[Row], known: Mapping[str, Named] = KNOWN) -> list[str]:
    """What is wrong with the checks; empty when every defect is caught and the right stack passes."""
    wrong = [f"{row.name}: {row.error}" for row in rows if row.error]
    for row in rows:
        if row.name == RIGHT:
            bad = [check for check in row.checks if row.outcome(check) not in ("pass", "not asked")]
            wrong += [f"the right stack doesn't pass {check}: {row.outcome(check)}" for check in bad]
            if not row.checks:
                wrong.append("the right stack wasn't judged")
        elif not row.error and not row.catches(known[row.name]):
            defect = known[row.name]
            wrong.append(f"{row.name!r} isn't caught by {defect.caught_by} (a reason with {defect.because!r})")
    for name, times in times_of(rows, known).items():
        if median(times) > LONGEST_S:
            wrong.append(f"{name!r} is told after {median(times):.0f} s, and {LONGEST_S:.0f} s are the most")
    return wrong


def times_of(rows: Sequence[Row], known: Mapping[str, Named]) -> dict[str, list[float]]:
    """How long each defect took until it was caught, in seconds, in each of its runs."""
    times: dict[str, list[float]] = {}
    for row in rows:
        if row.name != RIGHT and (after := row.caught_after(known[row.name])) is not None:
            times.setdefault(row.name, []).append(after)
    return times


def show(console: Console, rows: Sequence[Row], known: Mapping[str, Named]) -> None:
    """Prints the matrix defect × check; the check that names a defect is marked."""
    checks = list(dict.fromkeys(check for row in rows for check in row.checks))
    times = times_of(rows, known)
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("defect")
    for number, _ in enumerate(checks, start=1):
        table.add_column(str(number), justify="center")
    table.add_column("caught")
    table.add_column("after", justify="right")
    for row in rows:
        defect = known.get(row.name)
        cells = []
        for check in checks:
            outcome = row.outcome(check)
            mine = defect is not None and defect.caught_by == check
            style = "bold red" if outcome == "fail" and mine else "red" if outcome == "fail" else "dim"
            cells.append(Text(SIGNS.get(outcome, "-") + ("*" if mine else ""), style=style))
        caught = "" if defect is None else "yes" if row.catches(defect) else "NO"
        after = f"{median(times[row.name]):.1f} s" if row.name in times else ""
        table.add_row(row.name, *cells, Text(caught, style="green" if caught == "yes" else "bold red"), after)
    console.print(table)
    console.print(", ".join(f"{number} {check}" for number, check in enumerate(checks, start=1)))
    console.print("* the check that names the defect; · pass, ? unknown; after: the median time to its verdict")


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="Only this defect.")
@click.option("--kind", "kinds", multiple=True, metavar="FILE", help="Only the defects of this file, as content.")
@click.option("--quick", is_flag=True, help=f"{QUICK} of them, of each kind some.")
@click.option("--with-harmless", is_flag=True, help="Adds a defect that no check can catch.")
@click.option("--second-stack", is_flag=True, help=f"Those of {EXAMPLE} instead, another's stack.")
@click.option("--parallel", type=click.IntRange(1, 16), help="How many side by side; by default one for each core.")
@click.option("--repeat", type=click.IntRange(1, 100), default=1, help="Is it caught each of so many times?")
@click.option("--mode", default="plain", help=f"One of {', '.join(MODES)}.")
def main(
    only: Sequence[str],
    kinds: Sequence[str],
    quick: bool,
    with_harmless: bool,
    second_stack: bool,
    parallel: int | None,
    repeat: int,
    mode: str,
) -> None:
    """Prints the matrix; exit code 1 when a check misses its defect or the right stack fails."""
    console = Console(highlight=False, width=max(140, Console().width))
    files = {kind.__name__.rpartition(".")[2]: kind for kind in KINDS}
    for what, given, known in (
        ("defect", only, SECOND if second_stack else KNOWN),
        ("kind", kinds, files),
        ("mode", [mode], MODES),
    ):
        if strangers := set(given) - set(known):
            console.print(f"error: no {what} {', '.join(sorted(strangers))}; known are {', '.join(known)}")
            sys.exit(3)
    if second_stack:
        chosen_edits = [edit for edit in EDITS if edit.name in only or not only]
        one = second.installed()
        edits = [job for _ in range(repeat) for job in (None, *chosen_edits)]
        finish(console, gathered(console, partial(second.verify, one), edits, parallel=parallel), SECOND)
    every = {**DEFECTS, HARMLESS.name: HARMLESS}
    chosen = [defect for name, kind in files.items() if name in kinds or not kinds for defect in kind.DEFECTS]
    chosen = [every[name] for name in only] or concerned_first(chosen, files=changed_files())
    if quick and not only:
        chosen = some_of_each(chosen, most=QUICK)
    if with_harmless:
        chosen.append(HARMLESS)
    jobs = [(None, 1), *((defect, number) for defect in chosen for number in range(1, repeat + 1))]
    one_of = partial(first_stack, mode=mode)
    finish(console, gathered(console, one_of, jobs, parallel=parallel), KNOWN)


def first_stack(job: tuple[Defect | None, int], *, mode: str) -> Row:
    defect, number = job
    return verify(defect, number=number, mode=mode, build=BUILD)


def gathered(console: Console, run: Callable[[Job], Row], jobs: Sequence[Job], *, parallel: int | None) -> list[Row]:
    """A row for each job, several at a time."""
    rows = []
    with Progress(console=console, transient=True) as progress, ThreadPoolExecutor(parallel or os.cpu_count()) as pool:
        task = progress.add_task("stacks", total=len(jobs))
        for row in pool.map(run, jobs):
            rows.append(row)
            progress.advance(task)
    return rows


def finish(console: Console, rows: Sequence[Row], known: Mapping[str, Named]) -> NoReturn:
    """Tells what was found, and ends with the exit code that it comes to."""
    show(console, rows, known)
    wrong = judge(rows, known)
    for line in wrong:
        console.print(Text(line, style="bold red"))
    defects = [row for row in rows if row.name != RIGHT]
    found = sum(1 for row in defects if row.catches(known[row.name]))
    console.print(f"{found} of {len(defects)} defects caught")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
