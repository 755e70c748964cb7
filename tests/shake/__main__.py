"""The proof of `harness shake`: each naive test found and told rightly, no stable one suspected, beside plain reruns.

`python -m tests.shake [--suite NAME …] [--runs 40] [--stable 200] [--times 20] [--plain 200]`; 0 leaves a part out.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.shake.suites import NAIVE, ROOT, STABLE, WORDS, Naive, Suite, command, written

ROOM: Final = 2.5
"""The budget of the machine's own test: so many times what its work takes when nothing else is done."""
COUNTED: Final = re.compile(r"^(\S+): failed (\d+) of (\d+)$", re.MULTILINE)


@dataclass
class Row:
    """What came of one naive test."""

    naive: Naive
    told: dict[str, Any] = field(default_factory=dict)
    reproduced: str = "–"
    plain: str = "–"

    @property
    def right(self) -> bool:
        told = self.told
        return told.get("axis") in self.naive.axes and told.get("at_fault") == self.naive.at_fault


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.shake")
    parser.add_argument("--suite", action="append", choices=[suite.name for suite in (*NAIVE, STABLE)])
    for name, default in (("--runs", 40), ("--stable", 200), ("--times", 20), ("--plain", 200)):
        parser.add_argument(name, type=int, default=default)
    asked = parser.parse_args()
    os.environ["EXPORT_BUDGET_S"] = f"{budget():.3f}"
    chosen = [suite for suite in NAIVE if not asked.suite or suite.name in asked.suite]
    rows = [row for suite in chosen for row in proven(suite, asked)]
    for row in rows:
        print(line(row), flush=True)
    good = all(row.right and row.told.get("found_after", 99) <= asked.runs for row in rows)
    if asked.stable and (not asked.suite or STABLE.name in asked.suite):
        good &= stable(asked.stable)
    print(f"{sum(row.right for row in rows)} of {len(rows)} naive tests found and told rightly")
    return 0 if good else 1


def budget() -> float:
    """Seconds for the machine's own test: its work, done here alone, with room."""
    began = time.process_time()
    assert len([str(number) * 3 for number in range(2_000_000)]) == 2_000_000
    return ROOM * (time.process_time() - began)


def proven(suite: Suite, asked: argparse.Namespace) -> list[Row]:
    folder = written(suite, ROOT / "build" / "shake-proof" / suite.name)
    words = ["-k", suite.only] if suite.only else []
    print(f"== {suite.name}", flush=True)
    ran(folder, *command(*WORDS, "--runs", str(asked.runs), *words, "."))
    told = {one["test"].partition("::")[2]: one for one in shaken(folder)}
    rows = [Row(naive, told.get(naive.name, {})) for naive in suite.naive]
    for row in rows:
        if asked.times and "reproduce" in row.told:
            again = shlex.split(row.told["reproduce"])[2:]
            said = ran(folder, *command("--build", "build/again", "--times", str(asked.times), *again))
            row.reproduced = counted(said, row.naive.name)
    if asked.plain:
        plain = ["--build", "build/plain", "--only", "none", "--times", str(asked.plain), *WORDS, *words, "."]
        said = ran(folder, *command(*plain))
        for row in rows:
            row.plain = first_flip(said, row.naive.name)
    return rows


def stable(runs: int) -> bool:
    """Whether none of the stable tests is suspected in so many runs."""
    folder = written(STABLE, ROOT / "build" / "shake-proof" / STABLE.name)
    # stable is told only when all of these runs are over
    share = 100 * (1 - 0.05 ** (1 / (runs - 1)))
    ran(folder, *command(*WORDS, "--runs", str(runs), "--seconds", "36000", "--below", f"{share:.3f}", "."))
    tests = shaken(folder)
    alarms = [one["test"] for one in tests if any(run["failed"] for run in one["outcomes"])]
    for one in tests:
        print(f"{one['test']:<60} {one['verdict']:<10} {one['runs']:>4} runs", flush=True)
    print(f"{len(alarms)} false alarms among {len(tests)} stable tests: {', '.join(alarms) or 'none'}")
    return not alarms and bool(tests)


def shaken(folder: Path) -> list[dict[str, Any]]:
    path = folder / "build" / "shake" / "shake.json"
    if not path.is_file():
        return []
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["tests"]
    return found


def ran(folder: Path, *words: str) -> str:
    """Runs a command in a folder, shows what it says as it comes, and returns it."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "150"}
    said = []
    with subprocess.Popen(
        words, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for text in process.stdout or ():
            said.append(text)
            if not text.startswith(("passed ", "failed ")):
                print(f"   {text}", end="", flush=True)
    return "".join(said)


def counted(said: str, name: str) -> str:
    """How often a test failed of how many runs."""
    for test, failed, runs in COUNTED.findall(said):
        if test.partition("::")[2] == name:
            return f"{failed} of {runs}"
    return "?"


def first_flip(said: str, name: str) -> str:
    """After how many plain reruns a test had both passed and failed."""
    outcomes = [text.split()[0] for text in said.splitlines() if re.match(rf"(passed|failed) +\S+::{name}(:|$)", text)]
    for number, outcome in enumerate(outcomes, start=1):
        if outcome != outcomes[0]:
            return f"after {number}"
    return f"not in {len(outcomes)}"


def line(row: Row) -> str:
    told = row.told
    found = f"{told.get('axis', '–')} ({told.get('at_fault', told.get('verdict', 'not run'))})"
    begin = f"{'right' if row.right else 'WRONG':<6} {row.naive.name:<44} {found:<34}"
    runs = f"found after {told.get('found_after', '–')!s:>3}, settled after {told.get('settled_after', '–')!s:>3}"
    return f"{begin} {runs}; reproduced {row.reproduced}; plain reruns: {row.plain}"


if __name__ == "__main__":
    sys.exit(main())
