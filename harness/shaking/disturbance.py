"""A disturbance of the pipeline, as a small value with a text form: `provider=slow:500ms`, `order=worker-first`."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from harness.errors import UsageError

Unit = Literal["time", "count", "factor", "seed", "test", "none"]
Family = Literal["pipeline", "machine", "tests", "state", "clock"]


@dataclass(frozen=True, kw_only=True)
class Sort:
    """One sort of disturbance: its axis and what is done there, how strong it can be, and how strong it is first."""

    axis: str
    what: str
    family: Family
    unit: Unit = "none"
    telling: float = 0.0
    most: float = 0.0
    words: str

    @property
    def name(self) -> str:
        return f"{self.axis}={self.what}"


BUSY: Final = float(max(4, 4 * (os.cpu_count() or 1)))
"""Busy processes that leave all others of this machine a fifth of its processors."""


def _times(axis: str, what: str, telling: float, words: str) -> Sort:
    return Sort(axis=axis, what=what, family="pipeline", unit="time", telling=telling, most=60, words=words)


SORTS: Final = (
    _times("order", "worker-first", 1.0, "the API's answer waits until the message is sent, so long at most"),
    _times("worker", "slow", 1.0, "what the worker and Redis say to each other takes so much longer"),
    _times("provider", "slow", 1.0, "every call of a provider takes so much longer"),
    _times("api", "slow", 0.3, "what the API and Redis say to each other takes so much longer"),
    _times("database", "slow", 0.05, "each statement and each answer of PostgreSQL takes so much longer"),
    _times("webhook", "slow", 1.0, "every webhook comes so much later"),
    Sort(axis="tests", what="alone", family="tests", words="each test by itself, in a fresh state"),
    Sort(axis="tests", what="reversed", family="tests", words="the last test first"),
    Sort(
        axis="tests", what="shuffled", family="tests", unit="seed", telling=1, most=2**31, words="an order by a seed"
    ),
    Sort(axis="tests", what="after", family="tests", unit="test", words="this other test before"),
    Sort(
        axis="tests", what="side-by-side", family="tests", unit="count", telling=2, most=16, words="xdist's processes"
    ),
    Sort(
        axis="state", what="left-over", family="state", unit="count", telling=3, most=1000,
        words="so many messages went through the stack before",
    ),
    _times("order", "api-first", 1.0, "the worker gets an entry so much later than the API has put it there"),
    _times("order", "callback-first", 1.0, "the provider's answer waits for its webhook, so long at most"),
    Sort(axis="order", what="crash-before-ack", family="pipeline", words="the worker dies before it acknowledges"),
    Sort(axis="order", what="crash-after-ack", family="pipeline", words="the worker dies after it has acknowledged"),
    _times("pause", "worker", 1.0, "the worker stands still for so long when a test begins"),
    _times("pause", "api", 0.5, "the API stands still for so long when a test begins"),
    Sort(axis="cpu", what="load", family="machine", unit="count", telling=BUSY, most=64, words="busy processes beside"),
    Sort(axis="io", what="load", family="machine", unit="count", telling=2, most=16, words="writing processes beside"),
    Sort(
        axis="clock", what="scale", family="clock", unit="factor", telling=0.5, most=100,
        words="the harness' own deadlines are so many times as long",
    ),
)  # fmt: skip
KNOWN: Final = {sort.name: sort for sort in SORTS}


@dataclass(frozen=True)
class Disturbance:
    """Something that is done to the pipeline, the machine or the tests; `target` is a test's node id."""

    sort: Sort
    strength: float = 0.0
    target: str = ""

    @property
    def family(self) -> Family:
        return self.sort.family

    @property
    def axis(self) -> str:
        return self.sort.axis

    def __str__(self) -> str:
        tail = {
            "time": shown_time(self.strength),
            "count": f"{self.strength:.0f}",
            "seed": f"{self.strength:.0f}",
            "factor": f"{self.strength:g}",
            "test": self.target,
            "none": "",
        }[self.sort.unit]
        return f"{self.sort.name}:{tail}" if tail else self.sort.name

    def at(self, strength: float) -> Disturbance:
        return replace(self, strength=strength)


Disturbed = tuple[Disturbance, ...]
"""What is done in one run; nothing where it is empty."""


def shown(disturbed: Sequence[Disturbance]) -> str:
    return " and ".join(map(str, disturbed)) or "undisturbed"


def shown_time(seconds: float) -> str:
    return f"{seconds * 1000:.3g}ms" if seconds < 1 else f"{seconds:g}s"


def telling(name: str, strength: float | None = None) -> Disturbance:
    """A sort of disturbance at the strength that it is tried with first."""
    sort = KNOWN[name]
    return Disturbance(sort, sort.telling if strength is None else strength)


def parse(text: str) -> Disturbance:
    """The disturbance that a text stands for; raises UsageError that says what was expected."""
    name, _, tail = text.partition(":")
    sort = KNOWN.get(name)
    if sort is None:
        from difflib import get_close_matches

        near = get_close_matches(name, KNOWN, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(KNOWN)}"
        raise UsageError(f"{text!r} is no disturbance; {hint}")
    match sort.unit:
        case "none":
            if tail:
                raise UsageError(f"{text!r}: {name} has no strength; write {name}")
            return Disturbance(sort)
        case "test":
            if not tail:
                raise UsageError(f"{text!r}: expected the test that runs before, {name}:tests/test_x.py::test_y")
            return Disturbance(sort, target=tail)
    if not tail:
        return Disturbance(sort, sort.telling)
    return Disturbance(sort, strength_of(text, tail, sort))


def strength_of(text: str, tail: str, sort: Sort) -> float:
    wanted = {"time": "a time such as 300ms or 1.5s", "factor": "a factor such as 2"}.get(sort.unit, "a whole number")
    number, factor = tail, 1.0
    if sort.unit == "time":
        number, factor = (tail[:-2], 0.001) if tail.endswith("ms") else (tail.removesuffix("s"), 1.0)
    try:
        value = float(number) * factor
    except ValueError:
        value = math.nan
    if math.isnan(value) or (sort.unit in ("count", "seed") and not number.isdecimal()):
        raise UsageError(f"{text!r}: expected {wanted} behind the colon")
    if not 0 < value <= sort.most and not (sort.unit == "seed" and value == 0):
        raise UsageError(f"{text!r}: expected {wanted}, above 0 and at most {sort.most:g}")
    return value
