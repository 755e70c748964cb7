"""One test that flips: what makes it fail each time, the smallest of that, and whose fault it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from harness.shaking.blame import blame
from harness.shaking.case import Case, Finding
from harness.shaking.disturbance import BUSY, Disturbance, Disturbed, parse, shown, telling
from harness.shaking.runs import Run, Runner, Session

REPEATS: Final = 3
"""So often a disturbance must make a test fail, without a miss, to be the one."""
FLAKY_REPEATS: Final = 6
"""The same for a test that fails undisturbed, too, now and then."""
STEPS: Final = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2)
"""The parts of a strength among which the smallest is looked for."""
FLAKY: Final = (
    ("order=worker-first:1s",),
    ("worker=slow:1s",),
    ("order=worker-first:300ms", "provider=slow:1s"),
    ("provider=slow:1s",),
    ("webhook=slow:1s",),
    (f"cpu=load:{BUSY:.0f}",),
)
"""What is tried on a test that flips undisturbed; the third stops it in between."""
EITHER: Final = ("worker=slow", "order=worker-first")
"""A worker that is slower, or faster, than the look: what may make a test pass that fails by itself."""
LEFT: Final = 3
CALM: Final = 2
MORE: Final = 2
"""Calm runs by itself, and more of them where one failed."""


class Search(Protocol):
    """What a test is looked into for: `run` notes each run and tells of it, `order` is that of all tests."""

    runner: Runner
    order: list[str]

    @property
    def tell(self) -> Callable[[str], None]: ...

    def run(self, session: Session, disturbed: Disturbed, names: Sequence[str] | None, *, note: str = "") -> Run: ...


def settle(search: Search, case: Case) -> None:
    """Looks into a test by itself, on a fresh stack; counts a doubt where nothing makes it fail each time."""
    found = Settling(search, case).found()
    if found is None:
        case.doubts += 1
        search.tell(f"          {case.name}: it flipped, and nothing makes it do so each time yet")
        return
    case.finding, case.verdict, case.settled_after = found, "timing-dependent", case.runs
    search.tell(f"          {case.name}: timing-dependent on {found.axis}, at fault: {found.at_fault}")


class Settling:
    """What is asked of one test."""

    def __init__(self, search: Search, case: Case) -> None:
        self._search = search
        self._case = case
        self._flaky = False

    def found(self) -> Finding | None:
        flipped = None
        with self._search.runner.session() as session:
            calm = [self._alone(session, ()) for _ in range(CALM)]
            if not all(map(self._passed, calm)):
                calm += [self._alone(session, ()) for _ in range(MORE)]
            well = [self._passed(run) for run in calm]
            self._flaky = not all(well)
            stays = well[0] and not any(well[1:])  # it fails once it has run
            if any(well) and not stays:
                flipped = self._flipped(session, calm[well.index(True)])
            else:
                flipped = self._paced(session, [run for run in calm if self._failed(run)])
        if flipped is not None:
            return self._judged(*flipped)
        if stays:
            return self._left_over(calm[0]) or self._by_itself(calm)
        if not any(well):
            return self._needs_others(calm[-1])
        return self._by_others(calm[-1]) if all(well) else None

    # by itself

    def _alone(self, session: Session, disturbed: Disturbed) -> Run:
        return self._search.run(session, disturbed, [self._case.name])

    def _passed(self, run: Run) -> bool:
        told = run.tests.get(self._case.name)
        return told is not None and told.outcome == "passed" and not (run.error or run.unmade)

    def _failed(self, run: Run) -> bool:
        told = run.tests.get(self._case.name)
        return told is not None and told.outcome == "failed" and not (run.error or run.unmade)

    def _fails_each_time(self, session: Session, disturbed: Disturbed) -> list[Run]:
        runs: list[Run] = []
        while len(runs) < self._repeats:
            runs.append(self._alone(session, disturbed))
            if not self._failed(runs[-1]):
                return []
        return runs

    @property
    def _repeats(self) -> int:
        return FLAKY_REPEATS if self._flaky else REPEATS

    def _candidates(self) -> Iterator[Disturbed]:
        """What it has failed with, each part of it first; where it has failed undisturbed, also what may do that."""
        failed = [run.disturbed for run in self._case.those(failed=True)]
        more = [tuple(map(parse, texts)) for texts in FLAKY] if () in failed or self._flaky else []
        apart = [one for many in failed for one in parts(many)]
        for disturbed in dict.fromkeys([*more, *apart] if self._flaky else [*apart, *more]):
            if disturbed and not any(one.family in ("tests", "state") for one in disturbed):
                yield disturbed

    def _flipped(self, session: Session, good: Run) -> tuple[Disturbed, Disturbed, list[Run], Run] | None:
        """The smallest disturbance that makes it fail, what reproduces it, the runs that failed, one that passed."""
        for disturbed in self._candidates():
            runs = self._fails_each_time(session, disturbed)
            if not runs:
                continue
            smallest = self._smallest(session, disturbed, runs)
            good = self._alone(session, ()) if not self._passed(good) else good
            return smallest, disturbed, runs, good
        return None

    def _paced(self, session: Session, calm: list[Run]) -> tuple[Disturbed, Disturbed, list[Run], Run] | None:
        """The same for what fails by itself undisturbed: something that makes it pass, and what it fails with."""
        passing = [run.disturbed for run in self._case.those(failed=False)]
        for disturbed in dict.fromkeys([*passing, *((telling(name),) for name in EITHER)]):
            if not disturbed or any(one.family != "pipeline" for one in disturbed):
                continue
            good = [self._alone(session, disturbed) for _ in range(CALM)]
            if all(map(self._passed, good)):
                for texts in FLAKY:
                    failing = tuple(map(parse, texts))
                    runs = self._fails_each_time(session, failing) if failing != disturbed else []
                    if runs:
                        return self._smallest(session, failing, runs), failing, runs, good[-1]
                runs = self._fails_each_time(session, ())
                return ((), (), [*calm, *runs], good[-1]) if runs else None
        return None

    def _smallest(self, session: Session, disturbed: Disturbed, runs: list[Run]) -> Disturbed:
        """Halves the strength as long as it still fails; the failing runs are added to `runs`."""
        failing = disturbed
        for place, one in enumerate(disturbed):
            if one.family == "machine":
                continue  # what others do on it decides as much
            steps = sorted({part for step in STEPS if (part := reduced(one, step)) is not None})
            low, high = 0, len(steps)
            while low < high:
                middle = (low + high) // 2
                weaker = replaced(failing, place, one.at(steps[middle]))
                some = self._fails_each_time(session, weaker)
                if some:
                    high = middle
                    runs += some
                else:
                    low = middle + 1
            if high < len(steps):
                failing = replaced(failing, place, one.at(steps[high]))
        return failing

    def _judged(self, smallest: Disturbed, strong: Disturbed, runs: list[Run], good: Run) -> Finding:
        """The finding, once the session is closed and its record judged."""
        at_fault, reason = blame(self._case, smallest or good.disturbed, failed=runs, passed=good)
        times = self._repeats if smallest else len(runs)
        without = f"; it passes with {shown(good.disturbed)}" if good.disturbed else ""
        return Finding(
            axis=" and ".join(dict.fromkeys(one.sort.name for one in smallest or good.disturbed)),
            smallest=f"{shown(smallest)}{without}",
            reproduces=strong,
            at_fault=at_fault,
            reason=reason,
            failed=next((run for run in runs if run.wrong(self._case.name)), runs[-1]),
            passed=good,
            confirmed=f"failed {times} of {times} {shown(runs[0].disturbed)}, passed {shown(good.disturbed)}",
        )

    # what others leave

    def _fresh(self, disturbed: Disturbed, before: Sequence[str] = ()) -> Run:
        with self._search.runner.session() as session:
            return self._search.run(session, disturbed, [*before, self._case.name])

    def _left_over(self, good: Run) -> Finding | None:
        """Whether messages that went through the stack before make it fail."""
        one = telling("state=left-over")
        bad = self._fresh((one.at(LEFT),))
        if not self._failed(bad):
            return None
        least = self._fresh((one.at(1),))
        smallest = (one.at(1 if self._failed(least) else LEFT),)
        reason = "it counts on a stack to itself: what other messages left is counted, too"
        return self._of_order(smallest, bad, good, reason, axis=one.sort.name)

    def _by_itself(self, calm: Sequence[Run]) -> Finding | None:
        """Whether it fails where it has run before, each time."""
        again = Disturbance(telling("tests=after").sort, target=self._case.name)
        reason = "it fails when it runs a second time, by what it leaves itself"
        return self._of_order((again,), calm[1], calm[0], reason)

    def _by_others(self, good: Run) -> Finding | None:
        """Which other test makes it fail: those that ran before it are halved."""
        for run in self._case.those(failed=True):
            side = next((one for one in run.disturbed if one.sort.what == "side-by-side"), None)
            if side is not None:
                reason = "it counts on having the stack to itself: it fails beside the others"
                return self._of_order((side,), run, good, reason, others=self._search.order, axis=side.sort.name)
            before = self._before(run)
            if not before and not any(one.family == "state" for one in run.disturbed):
                continue
            if (found := self._left_over(good)) is not None:
                return found
            bad = self._fresh((), before) if before else None
            if bad is None or not self._failed(bad):
                continue
            while len(before) > 1:
                half = len(before) // 2
                some = before[:half]
                tried = self._fresh((), some)
                if not self._failed(tried):
                    some = before[half:]
                    tried = self._fresh((), some)
                if not self._failed(tried):
                    break  # it takes several of them
                before, bad = some, tried
            culprit = (Disturbance(telling("tests=after").sort, target=before[0]),) if len(before) == 1 else ()
            reason = f"it fails after {' and '.join(before[:3])}, by what that leaves"
            return self._of_order(culprit, bad, good, reason, others=() if culprit else before)
        return None

    def _needs_others(self, bad: Run) -> Finding | None:
        """Which other test it needs, where it fails by itself and passes after others."""
        for run in self._case.those(failed=False):
            before = self._before(run)
            if not before or any(one.family == "pipeline" for one in run.disturbed):
                continue
            good = self._fresh((), before)
            if not self._passed(good):
                continue
            while len(before) > 1:
                half = len(before) // 2
                some = before[:half]
                tried = self._fresh((), some)
                if not self._passed(tried):
                    some = before[half:]
                    tried = self._fresh((), some)
                if not self._passed(tried):
                    break
                before, good = some, tried
            reason = f"it needs what {' and '.join(before[:3])} leaves, and fails by itself"
            return self._of_order((telling("tests=alone"),), bad, good, reason)
        return None

    def _before(self, run: Run) -> list[str]:
        order = list(run.order)
        return order[: order.index(self._case.name)] if self._case.name in order else []

    def _of_order(
        self,
        disturbed: Disturbed,
        bad: Run,
        good: Run,
        reason: str,
        *,
        others: Sequence[str] = (),
        axis: str = "order of tests",
    ) -> Finding:
        wrong = "" if good.wrong(self._case.name) else bad.wrong(self._case.name)
        return Finding(
            axis=axis,
            smallest=shown(disturbed) if disturbed else f"after {len(others)} others",
            reproduces=disturbed,
            with_others=others,
            at_fault="stack" if wrong else "test",
            reason=f"the record of the failing run is judged wrong: {wrong}" if wrong else reason,
            failed=bad,
            passed=good,
            confirmed="failed with it, passed without",
        )


def parts(disturbed: Disturbed) -> list[Disturbed]:
    """Each of several disturbances by itself, then all of them together."""
    return [*((one,) for one in disturbed), disturbed] if len(disturbed) > 1 else [disturbed]


def reduced(one: Disturbance, part: float) -> float | None:
    """A part of a strength; None where that is nothing of its kind any more."""
    strength = one.strength * part
    if one.sort.unit == "count":
        return float(round(strength)) if 1 <= round(strength) < one.strength else None
    return float(f"{strength:.3g}") if one.sort.unit == "time" else None


def replaced(disturbed: Disturbed, place: int, one: Disturbance) -> Disturbed:
    return (*disturbed[:place], one, *disturbed[place + 1 :])
