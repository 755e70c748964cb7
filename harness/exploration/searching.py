"""The search: first programs that use each rule once, then generated ones, until one is wrong or the time is over."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.stateful import run_state_machine_as_test

from harness.exploration.able import Able
from harness.exploration.conclusion import patience
from harness.exploration.finding import Finding, Running, running
from harness.exploration.machine import Enough, Exploration
from harness.exploration.rich import first_programs
from harness.exploration.shrinking import smallest
from harness.exploration.steps import Program
from harness.scenario.stack import Stack

GRACE_S = 10.0
"""Seconds after the end in which what runs is judged, and a finding made smaller."""
MOST_SAID = 1000
"""Characters of why it cannot be told of a program, while looking goes on."""
SHRINK_S = 40.0
"""Seconds in which a finding is made smaller at most."""


@dataclass
class Search:
    """Looks for a program that a stack gets wrong until a monotonic time."""

    stack: Stack
    until: float = inf
    told: Callable[[int, str, float], None] = lambda *_: None
    """Told of each program that nothing is wrong with: its number, what it is about, how long it took."""
    programs: int = 0
    unknown: Finding | None = None
    """The first program of which it couldn't be told; looking goes on."""
    found: Finding | None = field(default=None, init=False)
    _about: str = field(default="generated", init=False)

    def first(self) -> Finding | None:
        """What the programs that use each rule once find."""
        for about, program in first_programs(Able(self.stack)):
            if self.over or self.found:
                break
            self._about = about
            with running(self.stack) as one:
                one.take(program)
                self.judge(one)
        self._about = "generated"
        return self.found

    def generated(self, *, examples: int, steps: int) -> Finding | None:
        """What so many generated programs find, each of up to `steps` steps."""
        Exploration.stack, Exploration.until, Exploration.ended = self.stack, self.until, self.judge
        chosen = settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            print_blob=False,
            phases=[Phase.generate],
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
        )
        with contextlib.suppress(Enough):
            run_state_machine_as_test(Exploration, settings=chosen)
        return self.found

    def judge(self, program: Running) -> Finding | None:
        """Judges a program that has come to its end; what can't be told of it is kept, and looked on."""
        done = program.acts.done
        if not (done.sent or done.came or done.pairs or program.failed):
            return None  # nothing was sent, so there is nothing to judge
        self.programs += 1
        within = min(patience(self.stack.profile, ended=program.acts.done.ended), max(self._left, 1.0))
        finding = program.judged(within=within)
        if finding is not None and finding.refuted:
            self.found = finding
            return finding
        about = self._about if finding is None else f"{self._about}; it can't be told: {str(finding.error)[:MOST_SAID]}"
        self.told(self.programs, about, time.monotonic() - program.began)
        if finding is not None and not self.over:  # one that was cut short says nothing
            self.unknown = self.unknown or finding
        return None

    def smaller(self, *, seconds: float = SHRINK_S) -> bool:
        """Makes what was found smaller; False where it has never failed again."""
        if self.found is None:
            return False
        once = self.found.seconds
        until = min(time.monotonic() + seconds, self.until + GRACE_S)

        def attempt(program: Program) -> Finding | None:
            with running(self.stack) as one:
                one.take(program)
                return one.judged(within=min(once + 3, max(until - time.monotonic(), 1.0)))

        self.found, again = smallest(self.found, attempt, until=until - min(once, GRACE_S / 2))
        return again

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.until

    @property
    def _left(self) -> float:
        return self.until + GRACE_S - time.monotonic()
