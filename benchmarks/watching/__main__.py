"""What it costs a stack to be watched under load: the same load in turns, watched in full, for its stages, its account.

    python -m benchmarks.watching [--rate 400] [--seconds 6] [--rounds 3] [--mix queue=1]

Each turn deploys a stack of its own. A rate that the stack carries shows the harness's processor time a message; one
above that (`--rate 3000`) shows how much less is sent. Printed are medians, and ratios to what is watched least.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from rich.console import Console
from rich.table import Table

MODES = ("full", "stages", "account")
OURS = ("harness", "wire")
"""The processes that are there to watch."""
WITHIN_S = 300


@dataclass(frozen=True)
class Turn:
    """One load: messages sent a second, and microseconds of processor time of ours and of all others a message."""

    rate: float
    ours: float
    others: float


def turn(mode: str, *, rate: float, seconds: float, mix: str) -> Turn:
    with tempfile.TemporaryDirectory(prefix="watching-") as folder:
        command = [sys.executable, "-m", "harness", "load", "--observe", mode, "--build", folder, "--mix", mix]
        command += ["--rate", f"{rate:g}", "--duration", f"{seconds:g}s", "--late-share", "1", "--patience", "600s"]
        command += ["--stack-env", "LOG_LEVEL=warning"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)
        path = Path(folder) / "result.json"
        if done.returncode != 0 or not path.is_file():
            sys.exit(f"a load with --observe {mode} ended with {done.returncode}, and 0 was expected:\n{done.stdout}")
        return taken(json.loads(path.read_text(encoding="utf-8")))


def taken(result: dict[str, Any]) -> Turn:
    """What a load took; processor time is that of its samples, up to when all was sent."""
    samples = result["series"]["samples"][1:]
    sent = result["account"]["sent"]
    long = samples[-1]["at"] - result["series"]["samples"][0]["at"]
    names = {name for sample in samples for name in sample["costs"]}
    share = {name: fmean(sample["costs"].get(name, {}).get("cpu", 0.0) for sample in samples) for name in names}
    spent = {name: cpu / 100 * long / sent * 1e6 for name, cpu in share.items()}
    ours = sum(cost for name, cost in spent.items() if name in OURS)
    return Turn(result["rates"]["sustained"], ours, sum(spent.values()) - ours)


def main() -> None:
    asked = argparse.ArgumentParser(prog="benchmarks.watching", description="What it costs a stack to be watched.")
    asked.add_argument("--rate", type=float, default=400.0)
    asked.add_argument("--seconds", type=float, default=6.0)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--mix", default="queue=1")
    options = asked.parse_args()
    console = Console(highlight=False)
    found: dict[str, list[Turn]] = {mode: [] for mode in MODES}
    for number in range(options.rounds):
        for mode in MODES:
            console.print(f"round {number + 1} of {options.rounds}: {mode}", style="dim")
            found[mode].append(turn(mode, rate=options.rate, seconds=options.seconds, mix=options.mix))
    table = Table("watched", "sent a second", "of the least watched", "µs of ours", "µs of the rest", show_edge=False)
    least = median(one.rate for one in found[MODES[-1]])
    for mode, turns in found.items():
        rate, ours, others = (
            median(values) for values in zip(*((t.rate, t.ours, t.others) for t in turns), strict=True)
        )
        table.add_row(mode, f"{rate:.0f}", f"{rate / least:.2f}", f"{ours:.0f}", f"{others:.0f}")
    console.print(table)
    console.print(f"medians of {options.rounds} rounds in turns; µs of processor time a message; nothing was lost")


if __name__ == "__main__":
    main()
