"""Two records side by side: what happened to the message of a test where it passed, and where it failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
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
AFTER: Final = 4
"""Lines that are shown after the first difference."""
SAME_S: Final = 0.05


@dataclass(frozen=True)
class Step:
    """One line of a record: seconds after the first, and what it was, without ids."""

    at: float
    what: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two records from the send to the first difference; `differs` is the line of it, None where there is none."""

    passed: Sequence[Step]
    failed: Sequence[Step]
    differs: int | None


def compare(passed: Run, failed: Run, name: str) -> Comparison:
    """What of two runs is about a test's first message, with the moment at which the test ended."""
    good, bad = steps(passed, name), steps(failed, name)
    differs = first_difference(good, bad)
    most = MOST if differs is None else min(MOST, differs + AFTER)
    return Comparison(passed=good[:most], failed=bad[:most], differs=differs)


def first_difference(good: Sequence[Step], bad: Sequence[Step]) -> int | None:
    """The first line at which other things happened; else the first whose time differs by the most."""
    for number, (one, other) in enumerate(zip_longest(good, bad)):
        if one is None or other is None or one.what.split(" (")[0] != other.what.split(" (")[0]:
            return number
    gaps = [abs(one.at - other.at) for one, other in zip(good, bad, strict=True)]
    return next((number for number, gap in enumerate(gaps) if gap > max(SAME_S, 0.5 * max(gaps))), None)


def steps(run: Run, name: str) -> list[Step]:
    told = run.tests.get(name)
    if told is None:
        return []
    events = first_message(run, told)
    origin = events[0].seen if events else told.began
    ended = "the test passed" if told.outcome == "passed" else "the test failed"
    rows = [(event.seen, words(event)) for event in events] + [(told.ended, ended)]
    return [Step(seen - origin, what) for seen, what in sorted(rows)]


def first_message(run: Run, told: Told) -> list[Event]:
    """The flow of the first message that first appeared while a test ran."""
    try:
        histories = read_runs(run.directory / "history.jsonl")
    except UsageError:
        return []
    for history in histories:
        for event in history.events(*KINDS):
            if event.keys and told.began <= event.seen <= told.ended:
                flow = whole(history, event)
                if flow[0].seen >= told.began:
                    return flow
    return []


def whole(history: History, event: Event) -> list[Event]:
    return [one for one in history.flow(event.keys[0]) if one.kind in KINDS] or [event]


def words(event: Event) -> str:
    said = next((str(event.data[name]) for name in SAYS if event.data.get(name) not in (None, "")), "")
    by = event.data.get("process")
    return event.kind + (f" {said}" if said else "") + (f" ({by})" if by else "")
