"""What `harness trace` of one message costs in a record of a million events: `python -m benchmarks.trace [--events N]`.

A real run of the reference stack is recorded and multiplied. Messages at its begin, middle and end are traced, each by
a process of its own, as a user calls it: from the start of Python to the printed timeline. Beside it stands what
reading every line takes.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.checks.multiply import multiply
from harness.history import read
from harness.record.message import NAMED

EVENTS = 1_000_000
MOST_S = 1.0
BUILD = Path("build/bench-trace")
WHERE = (("begin", 0.02), ("middle", 0.5), ("end", 0.98))


def main() -> None:
    """Prints the table; exit code 1 where the goal is missed."""
    asked = argparse.ArgumentParser(prog="benchmarks.trace", description="What it costs to find one message.")
    asked.add_argument("--events", type=int, default=EVENTS)
    asked.add_argument("--record", type=Path, help="a history.jsonl to multiply, instead of a run that is made now")
    asked.add_argument("--every-line", action="store_true", help="also what reading every line takes")
    options = asked.parse_args()
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="messaging-harness-bench-") as name:
        path = Path(name) / "history.jsonl"
        multiply(options.record or recorded(), path, events=options.events)
        spans = {where: traced(path, id_at(path, share)) for where, share in WHERE}
        whole = every_line(path) if options.every_line else None
        size = path.stat().st_size / (1 << 20)
    nothing = run([sys.executable, "-m", "harness", "--version"])
    show(console, spans, nothing, whole, title=f"one message out of {options.events:,} events, {size:.0f} MiB")
    worst = max(taken for taken, _ in spans.values())
    busy = max(used for _, used in spans.values())
    met = worst <= MOST_S
    console.print(f"goal: at most {MOST_S:g} s, the whole process: {'met' if met else 'missed'} ({worst:.2f} s)")
    if not met and busy <= MOST_S:
        console.print(f"its own processor time was {busy:.2f} s: the machine was busy with something else")
    sys.exit(0 if met else 1)


def recorded() -> Path:
    """The history of a verification of the reference stack that is made now."""
    subprocess.run([sys.executable, "-m", "harness", "verify", "--build", str(BUILD)], check=True)
    return BUILD / "history.jsonl"


def id_at(path: Path, share: float) -> str:
    """The id of a message at about this share of a file."""
    with path.open("rb") as file:
        file.seek(int(path.stat().st_size * share))
        found = NAMED.search(file.read(1 << 20))
    if found is None:
        raise SystemExit(f"no message is named at {share:.0%} of {path}")
    return found[1].decode()


def traced(path: Path, name: str) -> tuple[float, float]:
    """The best of three: what else the machine does is no part of it."""
    return min(run([sys.executable, "-m", "harness", "trace", name, "--from", str(path)]) for _ in range(3))


def run(command: Sequence[str]) -> tuple[float, float]:
    """Seconds that a command took, and of them seconds of processor time."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, used


def every_line(path: Path) -> tuple[float, float]:
    began, used = time.perf_counter(), time.process_time()
    read(path)
    return time.perf_counter() - began, time.process_time() - used


def show(
    console: Console,
    spans: dict[str, tuple[float, float]],
    nothing: tuple[float, float],
    whole: tuple[float, float] | None,
    *,
    title: str,
) -> None:
    """Prints a row for each place, and what the command takes without a record."""
    rows = {f"a message at its {where}": taken for where, taken in spans.items()}
    rows["the command that does nothing"] = nothing
    rows |= {"every line read, nothing shown": whole} if whole else {}
    table = Table(title=title, title_justify="left", show_edge=False)
    for name in ("", "s", "processor s", "ratio"):
        table.add_column(name, justify="left" if not name else "right")
    least = min(taken for taken, _ in spans.values())
    for what, (taken, used) in rows.items():
        table.add_row(what, f"{taken:.2f}", f"{used:.2f}", f"{taken / least:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
