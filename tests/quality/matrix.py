"""`make quality`: is each defect caught by the check that names it, and does the right stack pass all of them?

Each row deploys a stack of its own with one seam replaced and runs the verification suite on it. Exit code 1 when
a defect is not caught for the right reason, or the right stack fails any check.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from tests.quality.defects import DEFECTS

BUILD = Path("build/quality")
CHECKS = (
    "sync-processing-disabled",
    "message-queued",
    "asynchronous",
    "worker-processed",
    "webhooks",
    "queue-operations",
    "whole-record",
)
RIGHT = "(the right stack)"
SIGNS = {"pass": "·", "fail": "FAIL", "unknown": "?"}
PROFILE = """
name = "{name}"
migrate = ["{{python}}", "-m", "messaging_stack", "migrate"]

[processes.api]
command = ["{{python}}", "-m", "tests.quality.defective", "{name}", "api"]

[processes.worker]
command = {worker}

{deadlines}
"""
WORKER = '["{{python}}", "-m", "tests.quality.defective", "{name}", "worker"]'
SUPERVISED = """["sh", "-c", '"$0" -m tests.quality.defective "$1" worker; true', "{{python}}", "{name}"]"""
"""A parent that does nothing itself, and forwards no signal."""
DEADLINES = """
[waits]
within = 3

[policy]
queued_within = 2
finished_within = 3
"""
MODES = ("plain", "latency", "supervisor", "deadlines", "monitor")
"""plain: short deadlines; the others differ from it in one thing: slow providers, a parent above the worker, the
deadlines of harness.toml, MONITOR in place of the wire."""


def profile_of(name: str, mode: str) -> str:
    """A profile of the stack with a defect, with all that harness.toml claims."""
    worker = (SUPERVISED if mode == "supervisor" else WORKER).format(name=name).replace("{{", "{").replace("}}", "}")
    claims = Path("harness.toml").read_text(encoding="utf-8").partition("[queue]\n")[2]
    queue = '[queue]\nobserve = "monitor"\n' if mode == "monitor" else "[queue]\n"
    deadlines = "" if mode == "deadlines" else DEADLINES
    return PROFILE.format(name=name, worker=worker, deadlines=deadlines) + queue + claims


class Named(Protocol):
    """What is to be caught: the check that must fail, and words that must stand in its reason."""

    @property
    def caught_by(self) -> str: ...
    @property
    def because(self) -> str: ...


@dataclass(frozen=True)
class Row:
    """What the suite said of one stack: its verdicts, each with its reason."""

    name: str
    verdicts: tuple[dict[str, Any], ...]
    error: str = ""

    def outcome(self, check: str) -> str:
        """The worst verdict of a check; empty where it gave none."""
        said = {v["verdict"] for v in self.verdicts if v["check"] == check}
        return next((outcome for outcome in ("fail", "error", "unknown", "pass") if outcome in said), "")

    def catches(self, defect: Named) -> bool:
        """Whether the check that names the defect failed, and for the right reason, be it not the first of several."""
        mine = [v for v in self.verdicts if v["check"] == defect.caught_by and v["verdict"] == "fail"]
        reasons = [reason for v in mine for reason in (f"fail: {v['reason']}", *v.get("also", ()))]
        return any(reason.startswith("fail: ") and defect.because in reason for reason in reasons)


def verify(name: str, number: int = 1, *, mode: str = "plain") -> Row:
    """Runs the suite on the stack with this defect, or on the right one; `number` tells repeated runs apart."""
    build = BUILD / mode / (name.strip("()").replace(" ", "-") + ("" if number == 1 else f"-{number}"))
    build.mkdir(parents=True, exist_ok=True)
    profile = Path("harness.toml")
    if name != RIGHT:
        profile = build / "profile.toml"
        profile.write_text(profile_of(name, mode), encoding="utf-8")
    command = [sys.executable, "-m", "harness", "verify", "--profile", str(profile), "--build", str(build / "verify")]
    if name != RIGHT:
        # one channel shows a defect of the seams as well as three, in half the time
        command += ["--keyword", "not mms and not email"]
    if mode == "latency":
        command += ["--provider-latency", "0.1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    (build / "output.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    try:
        verdicts = json.loads((build / "verify" / "verdicts.json").read_text(encoding="utf-8"))["checks"]
    except (OSError, ValueError) as error:
        return Row(name, (), error=f"no verdicts ({error}); see {build / 'output.txt'}")
    return Row(name, tuple(verdicts))


def judge(rows: Sequence[Row]) -> list[str]:
    """What is wrong with the checks; empty when every defect is caught and the right stack passes."""
    wrong = [f"{row.name}: {row.error}" for row in rows if row.error]
    for row in rows:
        if row.name == RIGHT:
            bad = [check for check in CHECKS if row.outcome(check) != "pass"]
            wrong += [f"the right stack doesn't pass {check}: {row.outcome(check) or 'no verdict'}" for check in bad]
        elif not row.error and not row.catches(DEFECTS[row.name]):
            defect = DEFECTS[row.name]
            wrong.append(f"{row.name!r} isn't caught by {defect.caught_by} (a reason with {defect.because!r})")
    return wrong


def show(console: Console, rows: Sequence[Row]) -> None:
    """Prints the matrix defect × check; the check that names a defect is marked."""
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("defect")
    for check in CHECKS:
        table.add_column(check, justify="center")
    table.add_column("caught")
    for row in rows:
        defect = DEFECTS.get(row.name)
        cells = []
        for check in CHECKS:
            outcome = row.outcome(check)
            mine = defect is not None and defect.caught_by == check
            style = "bold red" if outcome == "fail" and mine else "red" if outcome == "fail" else "dim"
            cells.append(Text(SIGNS.get(outcome, "-") + ("*" if mine else ""), style=style))
        caught = "" if defect is None else "yes" if row.catches(defect) else "NO"
        table.add_row(row.name, *cells, Text(caught, style="green" if caught == "yes" else "bold red"))
    console.print(table)
    console.print("* the check that names the defect; · pass, ? unknown")


@click.command()
@click.option("--only", multiple=True, metavar="NAME", help="Only this defect.")
@click.option("--with-harmless", is_flag=True, help="Adds a defect that no check can catch.")
@click.option("--parallel", type=click.IntRange(1, 8), default=2)
@click.option("--repeat", type=click.IntRange(1, 100), default=1, help="Is it caught each of so many times?")
@click.option("--mode", default="plain", help=f"One of {', '.join(MODES)}.")
def main(only: Sequence[str], with_harmless: bool, parallel: int, repeat: int, mode: str) -> None:
    """Prints the matrix; exit code 1 when a check misses its defect or the right stack fails."""
    console = Console(highlight=False, width=max(140, Console().width))
    unknown = set(only) - set(DEFECTS)
    if unknown:
        console.print(f"error: no defect {', '.join(sorted(unknown))}; known are {', '.join(DEFECTS)}")
        sys.exit(3)
    if mode not in MODES:
        console.print(f"error: no mode {mode!r}; known are {', '.join(MODES)}")
        sys.exit(3)
    names = [name for name in only or DEFECTS if name != "harmless" or with_harmless or only]
    asked = [(RIGHT, 1), *((name, number) for name in names for number in range(1, repeat + 1))]
    with Progress(console=console, transient=True) as progress, ThreadPoolExecutor(parallel) as pool:
        task = progress.add_task("stacks", total=len(asked))
        rows = []
        for row in pool.map(partial(verify, mode=mode), *zip(*asked, strict=True)):
            rows.append(row)
            progress.advance(task)
    show(console, rows)
    wrong = judge(rows)
    for line in wrong:
        console.print(Text(line, style="bold red"))
    found = sum(1 for row in rows if row.name != RIGHT and row.catches(DEFECTS[row.name]))
    console.print(f"{found} of {len(asked) - 1} defects caught")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
