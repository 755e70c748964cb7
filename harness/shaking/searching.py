"""The search: all tests under the design's disturbances, until each is known to be stable, or to flip."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.errors import UsageError
from harness.shaking.case import Case
from harness.shaking.design import CALM, drawn, single
from harness.shaking.disturbance import Disturbed, parse, shown
from harness.shaking.runs import Run, Runner, Session
from harness.shaking.sequential import bound, runs_for, share_text
from harness.shaking.settling import settle

MOST_DOUBTS: Final = 2
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How far a search goes: runs of each test, seconds in all, and what "stable" is to mean."""

    runs: int = 40
    seconds: float = 1800.0
    share: float = 0.1
    confidence: float = 0.95
    seed: int = 1
    slowest: float = 1.0


@dataclass
class Search:
    """Carries the design out; `tell` is given a line for each run and each verdict."""

    runner: Runner
    bounds: Bounds
    tell: Tell
    cases: dict[str, Case] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)
    not_tried: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    order: list[str] = field(default_factory=list)
    """All tests in their own order."""

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._main: Session | None = None

    def search(self) -> None:
        """Runs until each test is decided, or a bound is reached; raises UsageError where nothing can be run."""
        for _ in range(CALM):
            self._all(())
        for disturbed in itertools.chain(single(slowest=self.bounds.slowest), self._more()):
            for case in self._open():
                if case.flips and case.doubts < MOST_DOUBTS and not self.late:
                    settle(self, case)
            if self._over():
                break
            self._all(disturbed)
        self.close()

    def _more(self) -> Iterator[Disturbed]:
        for disturbed in drawn(self.bounds.seed, slowest=self.bounds.slowest):
            if not any(one.sort.name in self.not_tried for one in disturbed):
                yield disturbed

    def _open(self) -> list[Case]:
        return [case for case in self.cases.values() if not case.decided]

    @property
    def late(self) -> bool:
        return time.monotonic() - self._began > self.bounds.seconds

    def _over(self) -> bool:
        if self.cases and not self._open():
            return True
        if self.late:
            self.stopped = f"the {self.bounds.seconds:.0f} s were over"
            return True
        return bool(self.cases) and all(case.runs >= self.bounds.runs for case in self._open())

    def _all(self, disturbed: Disturbed) -> None:
        """A run of all tests that aren't decided, on the stack that is there, or on a fresh one where that matters."""
        names = [case.name for case in self._open()] if self.cases else None
        what = disturbed[0].sort.what if disturbed else ""
        if what == "alone":
            # what passes among the others is tried by itself where that is looked into
            for name in [case.name for case in self._open() if not case.flips and not self.passes(case)]:
                with self.runner.session() as session:
                    self.run(session, (), [name], note="alone, fresh")
        elif disturbed and disturbed[0].family in ("tests", "state"):
            if disturbed[0].family == "tests" and len(self.order) < 2:
                return  # there are no others
            self._fresh(disturbed)
        else:
            if self._main is None or self._main.closed:
                self._main = self.runner.fresh()
            self.run(self._main, disturbed, names)
        for case in self._open():
            if case.clean >= runs_for(self.bounds.share, self.bounds.confidence) and self.passes(case):
                self._stable(case)

    def _fresh(self, disturbed: Disturbed) -> None:
        """All tests in another order, or after others' messages: also the decided ones, for what they leave."""
        what, strength = disturbed[0].sort.what, disturbed[0].strength
        if what == "side-by-side":
            session = self.runner.fresh(side=int(strength))
            self.note(session.side_by_side(disturbed), None)
            return
        order = [*self.order]
        if what == "reversed":
            order.reverse()
        elif what == "shuffled":
            random.Random(int(strength)).shuffle(order)  # noqa: S311 - reason: an order, no secret
        with self.runner.session() as session:
            self.run(session, disturbed, order)

    def run(self, session: Session, disturbed: Disturbed, names: Sequence[str] | None, *, note: str = "") -> Run:
        """One run, noted at each of its tests that isn't decided, and told."""
        run = session.run(disturbed, names)
        if names is None and run.tests and not self.order:
            self.order = [*run.order]
            self.cases = {name: Case(name) for name in self.order}
        if not self.order:
            raise UsageError(run.error or f"pytest ran no test; all it said: {session.directory / 'pytest.log'}")
        self.note(run, note)
        return run

    def note(self, run: Run, note: str | None) -> None:
        """Takes note of a run, where it was disturbed as it should be, and tells of it."""
        for text, reason in run.unmade.items():
            name = parse(text).sort.name
            if name not in self.not_tried:
                self.not_tried[name] = reason
                self.tell(f"{name} isn't tried here: {reason}")
        if run.unmade:
            return
        if run.disturbed and shown(run.disturbed) not in self.tried:
            self.tried.append(shown(run.disturbed))
        for name in run.tests:
            case = self.cases.get(name)
            if case is not None and not case.decided:
                case.add(run)
        failed = [name for name, one in run.tests.items() if one.outcome == "failed"]
        what = next(iter(run.tests)).rpartition("/")[2] if len(run.tests) == 1 else f"{len(run.tests)} tests"
        told = run.error or (f"{len(failed)} failed" if len(run.tests) > 1 else "failed" if failed else "passed")
        self.tell(f"run {run.number:>4}  {note or shown(run.disturbed):<30} {what}: {told} ({run.seconds:.1f} s)")

    def _stable(self, case: Case) -> None:
        case.verdict = "stable"
        share = share_text(bound(case.clean, self.bounds.confidence))
        case.why = f"{self.bounds.confidence:.0%} sure that it flips in fewer than {share} of such runs"
        case.settled_after = case.runs
        self.tell(f"          {case.name}: stable after {case.runs} runs")

    @staticmethod
    def passes(case: Case) -> bool:
        return bool(case.seen) and not case.seen[-1][1]

    def close(self) -> None:
        """Ends all sessions, and says what is known of those that were not decided."""
        self.runner.close()
        for case in self._open():
            case.settled_after = case.runs
            sure = f"{self.bounds.confidence:.0%} sure"
            share = share_text(bound(case.clean, self.bounds.confidence))
            if case.flips:
                failed = len(case.those(failed=True))
                case.why = f"it failed in {failed} of {case.runs} runs, and nothing makes it fail each time"
            elif not case.seen:
                case.why = "it was never run to an outcome"
            elif self.passes(case):
                case.why = f"it never failed; {sure} that fewer than {share} of such runs flip it, which is not enough"
            else:
                message = case.seen[-1][0].tests[case.name].message.partition("\n")[0]
                case.why = f"it fails in every run, disturbed or not: {message}"
