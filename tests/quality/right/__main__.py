"""`make quality-right`: the whole suite on right stacks that look unusual; none may fail.

Each variation deploys a stack of its own. Exit code 1 on any fail, and on anything open that the variation doesn't
excuse by the name of the source that can't show it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from tests.quality.right.catalogue import VARIATIONS
from tests.quality.right.variation import NotHere, Variation

BUILD = Path("build/quality-right")
LONGEST_S = 1800
SHOWN = 6


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the suite said of one variation."""

    variation: Variation
    said: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)
    missing: str = ""
    took_s: float = 0.0

    @property
    def word(self) -> str:
        return "not here" if self.missing else "WRONG" if self.findings else "right"


def verify(variation: Variation, *, repeat: int) -> Row:
    """Runs the suite on a variation, the fast ones `repeat` times."""
    build = BUILD / variation.name
    build.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    try:
        with variation.up(build) as profile:
            row = judged(variation, build, profile, repeat=repeat if variation.fast else 1)
    except NotHere as error:
        return Row(variation=variation, missing=str(error))
    return Row(**{**vars(row), "took_s": time.monotonic() - began})


def judged(variation: Variation, build: Path, profile: Path, *, repeat: int) -> Row:
    results = build / "verify"
    (results / "verdicts.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "harness", "verify", "--profile", str(profile), "--build", str(results)]
    command += ["--repeat", str(repeat), *variation.options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST_S)
    (build / "output.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    try:
        run: Mapping[str, Any] = json.loads((results / "verdicts.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        said = (done.stdout + done.stderr).strip().splitlines()[-1:]
        return Row(variation=variation, findings=[f"no verdicts ({error}): {' '.join(said)}"])
    verdicts: Sequence[Mapping[str, Any]] = run["checks"]
    unfinished = [f"{name}: {run[name]}" for name in ("error", "interrupted") if name in run]
    return Row(
        variation=variation,
        said=Counter(verdict["verdict"] for verdict in verdicts),
        findings=unfinished + variation.findings(verdicts),
        idle=variation.idle_doubts(verdicts),
    )


def show(console: Console, rows: Sequence[Row]) -> None:
    """Prints a line for each variation, and under it what is wrong."""
    table = Table(show_edge=False, pad_edge=False)
    for name in ("variation", "pass", "unknown", "not asked", "fail", "time", "", "what is unusual"):
        table.add_column(name, justify="right" if name in ("pass", "unknown", "not asked", "fail", "time") else "left")
    for row in rows:
        style = {"right": "green", "WRONG": "bold red"}.get(row.word, "dim")
        numbers = [str(row.said[word] or "·") for word in ("pass", "unknown", "not asked")]
        fails = row.said["fail"] + row.said["error"]
        shown = [*numbers, str(fails or "·"), f"{row.took_s:.0f} s"]
        table.add_row(row.variation.name, *shown, Text(row.word, style=style), row.missing or row.variation.what)
    console.print(table)
    for row in rows:
        for finding in row.findings[:SHOWN]:
            console.print(Text(f"{row.variation.name}: {finding}", style="red"))
        if len(row.findings) > SHOWN:
            more = len(row.findings) - SHOWN
            console.print(Text(f"{row.variation.name}: and {more} more, in {BUILD / row.variation.name}", style="red"))
        for words in row.idle:
            console.print(Text(f"{row.variation.name}: nothing was open for {words!r}", style="dim"))


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="Only this variation.")
@click.option("--repeat", type=click.IntRange(min=1), default=1, help="Runs every scenario of the fast ones so often.")
@click.option("--quick", is_flag=True, help="A handful that stands for all.")
@click.option("--parallel", type=click.IntRange(1, 8), default=2)
def main(only: Sequence[str], repeat: int, quick: bool, parallel: int) -> None:
    """Verifies right stacks that look unusual; exit code 1 when one isn't found right."""
    console = Console(highlight=False, width=max(150, Console().width))
    if strangers := set(only) - set(VARIATIONS):
        console.print(f"error: no variation {', '.join(sorted(strangers))}; known are {', '.join(VARIATIONS)}")
        sys.exit(3)
    chosen = [v for v in VARIATIONS.values() if v.name in only or (not only and (v.quick or not quick))]
    with Progress(console=console, transient=True) as progress, ThreadPoolExecutor(parallel) as pool:
        task = progress.add_task("stacks", total=len(chosen))
        rows = []
        for row in pool.map(lambda one: verify(one, repeat=repeat), chosen):
            rows.append(row)
            progress.advance(task)
    show(console, rows)
    wrong = [row for row in rows if row.findings]
    told = f", {sum(bool(row.missing) for row in rows)} can't be had here" if any(row.missing for row in rows) else ""
    console.print(f"{sum(row.word == 'right' for row in rows)} of {len(rows)} variations are found right{told}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
