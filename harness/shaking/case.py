"""What is known of one test: its runs, and, in the end, its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.shaking.disturbance import Disturbed
from harness.shaking.runs import Run

Verdict = Literal["stable", "timing-dependent", "undecided"]
AtFault = Literal["test", "stack", "machine"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Why a test is timing-dependent: what flips it, the smallest of that, whose fault it is, and two runs of it.

    `reproduces` is what makes it fail; nothing where it fails undisturbed, by itself.
    """

    axis: str
    smallest: str
    reproduces: Disturbed
    with_others: Sequence[str] = ()
    """The tests that must run before it, where one alone isn't enough."""
    at_fault: AtFault
    reason: str
    failed: Run
    passed: Run
    confirmed: str
    """"failed 3 of 3 with it, 0 of 2 without"."""


@dataclass
class Case:
    """One test; `seen` are the runs in which it came to an outcome, passed or failed."""

    name: str
    seen: list[tuple[Run, bool]] = field(default_factory=list)
    verdict: Verdict = "undecided"
    why: str = ""
    finding: Finding | None = None
    clean: int = 0
    """Runs in which it came out as always, in a row."""
    found_after: int = 0
    """After how many of its runs it was first known to flip."""
    settled_after: int = 0
    doubts: int = 0
    """How often a flip was looked into that didn't come again."""

    def add(self, run: Run) -> None:
        """Takes note of a run, where the test was judged in it."""
        told = run.tests.get(self.name)
        if told is None or told.outcome == "skipped" or run.error:
            return
        failed = told.outcome == "failed"
        self.clean = self.clean + 1 if not self.flips and all(one == failed for _, one in self.seen) else 0
        self.seen.append((run, failed))
        if self.flips and not self.found_after:
            self.found_after = len(self.seen)

    @property
    def runs(self) -> int:
        return len(self.seen)

    @property
    def flips(self) -> bool:
        return len({failed for _, failed in self.seen}) == 2

    @property
    def decided(self) -> bool:
        return self.verdict != "undecided"

    def those(self, *, failed: bool) -> list[Run]:
        return [run for run, it in self.seen if it is failed]
