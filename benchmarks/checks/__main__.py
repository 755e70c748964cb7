"""What it costs to judge a long record whole, and one twice as long: `python -m benchmarks.checks [--events N]`.

A real run of the reference stack is recorded and multiplied. Each length is read from its file and judged in a process
of its own: what is owed to each message, then the whole record. Seconds are processor time.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.checks.multiply import multiply

EVENTS = 1_000_000
MOST_S = 20.0
"""For so many events; fewer have as much less."""
MOST_MIB = 1536.0
MOST_RATIO = 2.2
BUILD = Path("build/bench-checks")
NUMBER = re.compile(r"\b(\d+) (?!more)(\w+)")


def main() -> None:
    """Prints the table; exit code 1 where a goal is missed, or where the verdict isn't the original's, multiplied."""
    asked = argparse.ArgumentParser(prog="benchmarks.checks", description="What it costs to judge a long record whole.")
    asked.add_argument("--events", type=int, default=EVENTS, help="how many in the shorter of the two records")
    asked.add_argument("--record", type=Path, help="a history.jsonl to multiply, instead of a run that is made now")
    options = asked.parse_args()
    source = options.record or recorded()
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="messaging-harness-bench-") as name:
        once = judged(source)
        results = [
            multiplied(source, Path(name) / "history.jsonl", events=options.events * n, once=once) for n in (1, 2)
        ]
    show(console, results)
    wrong = missed(results, seconds=MOST_S * max(options.events / EVENTS, 0.05))
    for line in wrong:
        console.print(f"missed: {line}")
    goals = (
        f"{MOST_S:g} s and {MOST_MIB:g} MiB for {EVENTS:,} events, at most {MOST_RATIO} times that for twice as many"
    )
    console.print(f"goals: {goals}: {'missed' if wrong else 'met'}")
    sys.exit(1 if wrong else 0)


def recorded() -> Path:
    """The history of a verification of the reference stack that is made now."""
    subprocess.run([sys.executable, "-m", "harness", "verify", "--build", str(BUILD)], check=True)
    return BUILD / "history.jsonl"


def multiplied(source: Path, target: Path, *, events: int, once: dict[str, Any]) -> dict[str, Any]:
    """What judging so many events took, with what is wrong with the verdict."""
    copies = multiply(source, target, events=events)
    found = judged(target)
    target.unlink()
    wanted = {word: int(number) * copies for number, word in NUMBER.findall(once["reason"])}
    seen = {word: int(number) for number, word in NUMBER.findall(found["reason"])}
    same = once["outcome"] == found["outcome"] and wanted == seen
    return found | {"wrong": "" if same else f"{copies} times {once['reason']!r} became {found['reason']!r}"}


def judged(path: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.checks.judge", str(path)]
    told: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return told


def total(result: dict[str, Any]) -> float:
    return float(result["read_s"] + result["rest_s"] + result["judge_s"])


def missed(results: list[dict[str, Any]], *, seconds: float) -> list[str]:
    """Each goal that isn't met, in words."""
    first, second = results
    took, longer = total(first), total(second)
    found = [result["wrong"] for result in results if result["wrong"]]
    found += [f"{took:.1f} s of at most {seconds:.1f}"] if took > seconds else []
    found += [f"{first['peak_mib']:.0f} MiB of at most {MOST_MIB:.0f}"] if first["peak_mib"] > MOST_MIB else []
    found += [f"twice as many took {longer / took:.2f} times as long"] if longer > MOST_RATIO * took else []
    return found


def show(console: Console, results: list[dict[str, Any]]) -> None:
    """Prints a row for each length."""
    names = ("events", "messages", "read", "rest", "whole", "in all", "memory", "a message", "ratio")
    table = Table(title="a record read and judged whole (s of processor time)", title_justify="left", show_edge=False)
    for name in names:
        table.add_column(name, justify="right")
    for result in results:
        spans = (result["read_s"], result["rest_s"], result["judge_s"], total(result))
        each = total(result) / max(result["messages"], 1) * 1e6
        counts = (f"{result['events']:,}", f"{result['messages']:,}")
        ratio = f"{total(result) / total(results[0]):.2f}"
        table.add_row(*counts, *(f"{s:.1f}" for s in spans), f"{result['peak_mib']:.0f} MiB", f"{each:.0f} µs", ratio)
    console.print(table)


if __name__ == "__main__":
    main()
