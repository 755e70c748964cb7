"""Two records side by side: what happened to the message of a test where it passed, and where it failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.errors import UsageError
from harness.history import Event, History, read_runs
from harness.shaking.runs import Run, Told

KINDS: Final = (
    *("api.requested", "api.answered", "queue.appended", "queue.claimed", "queue.acked", "queue.deleted"),
    *("database.inserted", "database.status", "provider.called", "provider.answered", "callback.sent"),
    "callback.answered",
)
SAYS: Final = ("new", "status", "operation", "what")
MOST: Final = 24
AFTER: Final = 3
"""Lines that are shown from the first difference, or the test's end, on."""
SAME_S: Final = 0.05


@dataclass(frozen=True)
class Step:
    """One line of a record: seconds after the first, what it was, without ids, and which process did it."""

    at: float
    what: str
    by: str = ""

    @property
    def end(self) -> bool:
        return self.what.startswith("the test ")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two records from the send to the first difference, each with the line at which that stands, if there is one."""

    passed: Sequence[Step]
    failed: Sequence[Step]
    marks: tuple[int | None, int | None]


def compare(passed: Run, failed: Run, name: str) -> Comparison:
    """What of two runs is about a test's first message, with the moment at which the test ended."""
    good, bad = steps(passed, name), steps(failed, name)
    marks = differences(good, bad)
    return Comparison(passed=cut(good, marks[0]), failed=cut(bad, marks[1]), marks=marks)


def differences(good: Sequence[Step], bad: Sequence[Step]) -> tuple[int | None, int | None]:
    """The lines of what came before the test's end in one record, and after it, or never, in the other.

    Of several the first in the record where it passed. Where there is none, what differs most in its time.
    """
    before, after = sides(good), sides(bad)
    whats = [step.what for step in good if not step.end] + [step.what for step in bad if not step.end]
    other = next((what for what in whats if before.get(what) != after.get(what)), None)
    if other is None:
        times = {step.what: step.at for step in bad}
        gaps = {step.what: abs(step.at - times[step.what]) for step in good if not step.end}
        widest = max(gaps, key=gaps.__getitem__, default=None)
        other = widest if widest is not None and gaps[widest] > SAME_S else None
    return line_of(good, other), line_of(bad, other)


def sides(steps: Sequence[Step]) -> dict[str, bool]:
    """Whether each thing happened before the test ended; of several alike, the first."""
    found: dict[str, bool] = {}
    ended = False
    for step in steps:
        ended = ended or step.end
        found.setdefault(step.what, not ended)
    return found


def line_of(steps: Sequence[Step], what: str | None) -> int | None:
    return next((number for number, step in enumerate(steps) if step.what == what), None)


def cut(steps: Sequence[Step], mark: int | None) -> Sequence[Step]:
    """As far as the first difference and the test's end, and a little more."""
    end = next((number for number, step in enumerate(steps) if step.end), len(steps))
    return steps[: min(MOST, max(end, mark or 0) + AFTER)]


def steps(run: Run, name: str) -> list[Step]:
    told = run.tests.get(name)
    if told is None:
        return []
    events = first_message(run, told)
    origin = min([told.ended, *(event.at for event in events)])
    ended = "the test passed" if told.outcome == "passed" else "the test failed"
    rows = [Step(event.at - origin, words(event), by=str(event.data.get("process") or "")) for event in events]
    return sorted([*rows, Step(told.ended - origin, ended)], key=lambda step: step.at)


def first_message(run: Run, told: Told) -> list[Event]:
    """The flow of the first message that first appeared while a test ran, or just after it."""
    try:
        histories = read_runs(run.directory / "history.jsonl")
    except UsageError:
        return []
    flows = [whole(history, event) for history in histories for event in history.events(*KINDS) if event.keys]
    mine = [flow for flow in flows if told.began <= min(event.at for event in flow) <= told.ended]
    return min(mine, key=lambda flow: min(event.at for event in flow), default=[])


def whole(history: History, event: Event) -> list[Event]:
    return [one for one in history.flow(event.keys[0]) if one.kind in KINDS] or [event]


def words(event: Event) -> str:
    said = next((str(event.data[name]) for name in SAYS if event.data.get(name) not in (None, "")), "")
    return event.kind + (f" {said}" if said else "")
