"""`make explore-defects`: which of 25 named defects do generated programs find, and after how many seconds?

Each row is `harness explore` on a stack with one seam replaced, with all that harness.toml claims. Exit code 1 when
fewer than 15 of the 25 are found for the right reason.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from tests.quality.defects import explored
from tests.quality.verifying import profile_of

BUILD = Path("build/explored")
LEAST = 15
FROM_CATALOGUE: dict[str, str] = {
    "never queued": "lost",
    "queued twice": "queued more than once",
    "acknowledged before the call": "acknowledged before",
    "never acknowledged": "acknowledged by nobody",
    "no retry": "it was given up after 1 calls",
    "resends after success": "delivered more than once",
    "sent again as if new": "delivered more than once",
    "inbound race": "delivered more than once",
    "conversation race": "conversations, expected 1",
    "key looked up first": "one key with two bodies made two messages",
    "recipient unchecked": "as if it had been taken",
}
"""Defects that `make quality` knows, with the words in which a program's judgement tells of them."""
NAMED = FROM_CATALOGUE | {one.name: one.because for one in explored.DEFECTS}


@dataclass(frozen=True)
class Row:
    """What looking at one defect came to; `why` is "" where nothing was found."""

    name: str
    why: str
    program: str
    seconds: float

    @property
    def right(self) -> bool:
        """Whether it was found for the reason by which it is known."""
        return any(NAMED[self.name] in reason for reason in self.reasons)

    @property
    def reasons(self) -> list[str]:
        """What was said, without what was claimed and what witnesses it."""
        lines = self.why.splitlines()
        told = [line for line in lines if line.startswith(("because: ", "also: fail: "))]
        return told or lines[:1]


def explore(name: str, *, seconds: int) -> Row:
    """Looks for programs that a stack with this defect gets wrong."""
    build = BUILD / name.replace(" ", "-")
    build.mkdir(parents=True, exist_ok=True)
    profile = build / "profile.toml"
    profile.write_text(profile_of(name, "deadlines"), encoding="utf-8")
    command = [sys.executable, "-m", "harness", "explore", "--profile", str(profile), "--build", str(build / "found")]
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--seconds", str(seconds), "--shrink", "10"],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + 180,
    )
    took = time.monotonic() - began
    (build / "output.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    lines = done.stdout.splitlines()
    found = next((line for line in lines if line.startswith("found in program")), "")
    if done.returncode != 1 or not found:
        return Row(name, "", f"exit code {done.returncode}", took)
    why = (build / "found" / "why.txt").read_text(encoding="utf-8")
    return Row(name, why, found.removeprefix("found in "), took)


def reason(row: Row) -> str:
    """What was said that tells why."""
    told = [line for line in row.reasons if NAMED[row.name] in line] or [*row.reasons, ""]
    return told[0].removeprefix("because: ")[:90]


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="Only this defect.")
@click.option("--seconds", "-t", default=120, show_default=True, help="How long each is looked at.")
@click.option("--parallel", type=click.IntRange(1, 8), default=2, show_default=True)
def main(only: Sequence[str], seconds: int, parallel: int) -> None:
    """Prints a row for each defect: found or not, after how long, and why."""
    console = Console(highlight=False, width=max(160, Console().width))
    unknown = set(only) - set(NAMED)
    if unknown:
        console.print(f"error: no defect {', '.join(sorted(unknown))}; known are {', '.join(NAMED)}")
        sys.exit(3)
    names = list(only or NAMED)
    table = Table(show_edge=False, pad_edge=False)
    for column in ("defect", "found", "in", "whole run", "because"):
        table.add_column(column)
    with ThreadPoolExecutor(parallel) as pool:
        rows = list(pool.map(partial(explore, seconds=seconds), names))
    for row in rows:
        found = "yes" if row.right else "otherwise" if row.why else "NO"
        table.add_row(row.name, found, row.program, f"{row.seconds:.0f} s", reason(row))
    console.print(table)
    right = sum(row.right for row in rows)
    console.print(f"{right} of {len(rows)} defects found for the right reason in {seconds} s each")
    sys.exit(0 if only or right >= LEAST else 1)


if __name__ == "__main__":
    main()
