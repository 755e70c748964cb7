"""Two messages stage by stage: what each was to come to, and where the one went another way than the other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Final, Literal

from harness.history import Event
from harness.reports.lanes import Row, Timeline, words

Difference = Literal["", "only one", "other", "order"]

FIELDS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "api.requested": (("operation",), ("method", "channel")),
    "api.answered": (("operation",), ("status", "message_status", "accepted", "error")),
    "queue.appended": (("dead",), ("process",)),
    "queue.claimed": (("dead",), ("how", "process")),
    "queue.acked": (("dead",), ("how", "process")),
    "queue.deleted": (("dead",), ("how", "process")),
    "database.inserted": ((), ("new", "by", "direction")),
    "database.status": ((), ("old", "new", "by")),
    "provider.called": (("provider", "endpoint"), ("method",)),
    "provider.answered": (("provider",), ("status", "outcome", "accepted", "error")),
    "callback.sent": (("provider", "what"), ("report", "reports")),
    "callback.answered": (("provider", "what"), ("status", "error")),
    "worker.log": (("level",), ("text",)),
    "process.started": (("role",), ()),
    "process.exited": (("role",), ("code", "expected")),
}
"""Of each kind: what makes it the same stage in both, and what is then to be alike."""
LOUD: Final = frozenset({"warning", "error", "critical", "fatal"})
"""Levels of a log that may be a stage of their own; other lines say again what events say."""
OWN: Final = re.compile(r"[0-9a-fA-F]{8}[0-9a-fA-F-]{8,}|\d+")
"""Ids and numbers, which are another message's in any case."""
SLOWER_MS: Final = 10.0
"""A difference in time below this is told of nothing."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One stage: the event of each message, None where it has none; times are milliseconds after its send."""

    left: Row | None
    right: Row | None
    left_ms: float | None
    right_ms: float | None
    difference: Difference = ""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two messages side by side; `first` is the place of the first difference, None where there is none."""

    left: str
    right: str
    pairs: tuple[Pair, ...]
    first: int | None

    @property
    def said(self) -> str:
        """The first difference in words; where there is none, the largest in time."""
        if self.first is not None:
            return f"the first difference: {difference_said(self.pairs[self.first])}"
        behind = max(((abs(ms), ms, pair) for ms, pair in self._gained()), key=lambda one: one[0], default=None)
        if behind is None or behind[0] < SLOWER_MS or behind[2].right is None:
            return "no difference"
        way = "later" if behind[1] > 0 else "earlier"
        what = f"{behind[2].right.event.kind} came {behind[0]:.1f} ms {way} on the right"
        return f"no difference but in time: after the same stage before it, {what}"

    def _gained(self) -> Iterator[tuple[float, Pair]]:
        """By how many milliseconds each stage took longer on the right, from the stage before it."""
        apart = 0.0
        for pair in self.pairs:
            if pair.left_ms is not None and pair.right_ms is not None:
                yield pair.right_ms - pair.left_ms - apart, pair
                apart = pair.right_ms - pair.left_ms


def compare(left: Timeline, right: Timeline) -> Comparison:
    """Aligns two messages by their stages; what comes in another order only is a difference where nothing else is."""
    begins = send_ms(left), send_ms(right)
    rows = [staged(one) for one in (left, right)]
    keys = [[stage(row.event)[0] for row in side] for side in rows]
    pairs: list[Pair] = []
    for tag, a, b, c, d in SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
        if tag == "equal":
            both = zip(rows[0][a:b], rows[1][c:d], strict=True)
            pairs += [paired(one, other, begins) for one, other in both]
        else:
            alone = [paired(one, None, begins) for one in rows[0][a:b]]
            alone += [paired(None, other, begins) for other in rows[1][c:d]]
            pairs += sorted(alone, key=time_of)
    pairs = list(reordered(pairs))
    real = [place for place, pair in enumerate(pairs) if pair.difference in ("only one", "other")]
    moved = [place for place, pair in enumerate(pairs) if pair.difference == "order"]
    first = next(iter(real or moved), None)
    return Comparison(left=left.title, right=right.title, pairs=tuple(pairs), first=first)


def staged(timeline: Timeline) -> list[Row]:
    """The rows that are stages, in their order."""
    return [row for row in timeline.rows if row.event.kind in FIELDS or row.event.kind.startswith("fault.")]


def stage(event: Event) -> tuple[str, str]:
    """What stage an event is, and what it comes to; both without what is another in every message."""
    if event.kind.startswith("fault."):
        return f"{event.kind} {plain(words(event))}", ""
    same, alike = FIELDS[event.kind]
    if event.kind == "worker.log" and str(event.data.get("level", "")).lower() not in LOUD:
        return f"{event.kind} {plain(event.data.get('text'))}", ""
    name = " ".join([event.kind, *(plain(event.data.get(one)) for one in same)])
    return name, " ".join(f"{one}={plain(event.data.get(one))}" for one in alike)


def plain(value: object) -> str:
    """A value without ids; a number of its own, such as a status, is what it is."""
    if value is None or isinstance(value, bool | int):
        return str(value)
    return OWN.sub("#", str(value))


def send_ms(timeline: Timeline) -> float:
    """When the message was sent, as the timeline counts; else when it was first seen."""
    own = [row for row in timeline.rows if row.ours]
    sent = [row for row in own if row.event.kind == "api.requested"]
    return next((row.since_ms for row in (*sent, *own)), 0.0)


def paired(left: Row | None, right: Row | None, begins: tuple[float, float]) -> Pair:
    difference: Difference = "only one"
    if left is not None and right is not None:
        difference = "other" if stage(left.event) != stage(right.event) else ""
    elif quiet(left) or quiet(right):
        difference = ""
    return Pair(
        left=left,
        right=right,
        left_ms=None if left is None else left.since_ms - begins[0],
        right_ms=None if right is None else right.since_ms - begins[1],
        difference=difference,
    )


def quiet(row: Row | None) -> bool:
    """Whether an event that the other message lacks is no difference: a line of a log that says nothing bad."""
    return row is not None and row.event.kind == "worker.log" and str(row.event.data.get("level")).lower() not in LOUD


def time_of(pair: Pair) -> float:
    times = [one for one in (pair.left_ms, pair.right_ms) if one is not None]
    return times[0]


def reordered(pairs: Sequence[Pair]) -> Iterator[Pair]:
    """What stands alone on both sides came in another order."""
    lone: list[Counter[tuple[str, str]]] = [Counter(), Counter()]
    for pair in pairs:
        for side, row in enumerate((pair.left, pair.right)):
            if pair.difference == "only one" and row is not None:
                lone[side][stage(row.event)] += 1
    for pair in pairs:
        row, side = (pair.left, 0) if pair.left is not None else (pair.right, 1)
        both = row is not None and pair.difference == "only one"
        if both and row is not None and lone[1 - side][stage(row.event)] >= lone[side][stage(row.event)]:
            yield replace(pair, difference="order")
        else:
            yield pair


def difference_said(pair: Pair) -> str:
    """One difference in words."""
    if pair.left is not None and pair.right is not None:
        return f"{pair.left.event.kind}: {pair.left.said} on the left, {pair.right.said} on the right"
    row, here = (pair.left, "left") if pair.left is not None else (pair.right, "right")
    what = f"{row.event.kind} {row.said}" if row is not None else ""
    return f"{what} came in another order" if pair.difference == "order" else f"{what}: on the {here} alone"
