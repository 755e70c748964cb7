"""What the pytest plugins cost a run that doesn't use them: `python -m benchmarks.plugin [ROUNDS]`.

Whole pytest processes over one empty test, in turns, so that what else the machine does meets all alike; medians.
What is loaded beside plain pytest is listed, since a module that is needed by nobody is where such a cost comes from.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROUNDS = 25
MOST_MS = 30.0
KINDS: Mapping[str, Sequence[str]] = {
    "plain pytest": (),
    "harness.plugin": ("harness.plugin",),
    "mock_providers.pytest_plugin": ("mock_providers.pytest_plugin",),
    "both": ("harness.plugin", "mock_providers.pytest_plugin"),
}
TEST = """
import json, os, sys

def test_nothing():
    if os.environ.get("MODULES"):
        with open(os.environ["MODULES"], "w") as file:
            json.dump(sorted(sys.modules), file)
"""


def main() -> None:
    """Prints the table; exit code 1 where the goal is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory(prefix="messaging-harness-bench-") as name:
        folder = Path(name)
        (folder / "test_nothing.py").write_text(TEST, encoding="utf-8")
        loaded = {kind: modules(folder, plugins) for kind, plugins in KINDS.items()}  # also warms the caches
        taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for _ in range(rounds):
            for kind, plugins in KINDS.items():
                taken[kind].append(run(folder, plugins))
    cost = show(console, taken, loaded)
    for kind in KINDS:
        extra = sorted(loaded[kind] - loaded["plain pytest"])
        if extra:
            console.print(f"{kind} loads {len(extra)} modules more: {', '.join(extra[:12])}{' …' * (len(extra) > 12)}")
    console.print(f"\ngoal: both at most {MOST_MS:.0f} ms: {'met' if cost <= MOST_MS else 'missed'}")
    sys.exit(0 if cost <= MOST_MS else 1)


def run(folder: Path, plugins: Sequence[str], **more: str) -> float:
    """Seconds that pytest took with these plugins, and no other that is installed."""
    words = [word for plugin in plugins for word in ("-p", plugin)]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, "test_nothing.py"]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": os.pathsep.join(sys.path), **more}
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def modules(folder: Path, plugins: Sequence[str]) -> set[str]:
    path = folder / "modules.json"
    run(folder, plugins, MODULES=str(path))
    return set(json.loads(path.read_text(encoding="utf-8")))


def show(console: Console, taken: Mapping[str, Sequence[float]], loaded: Mapping[str, set[str]]) -> float:
    """Prints a row a kind; returns what both cost, in milliseconds."""
    medians = {kind: statistics.median(times) * 1000 for kind, times in taken.items()}
    plain = medians["plain pytest"]
    table = Table("run", "median", "more", "ratio", "modules", title=f"an idle run, {len(taken['both'])} in turns")
    for kind, median in medians.items():
        more = f"{median - plain:+.1f} ms" if kind != "plain pytest" else ""
        table.add_row(kind, f"{median:.0f} ms", more, f"{median / plain:.2f}", str(len(loaded[kind])))
    console.print(table)
    return medians["both"] - plain


if __name__ == "__main__":
    main()
