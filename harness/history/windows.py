"""The times in which something was disturbed, found among many without reading all of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from math import inf

from harness.history.event import Event


@dataclass(frozen=True)
class Window:
    """A time in which something was disturbed, in the harness's own clock (`seen`)."""

    fault: str
    target: str
    began: Event
    ended: Event | None

    @property
    def until(self) -> float:
        """The monotonic time of its end; infinite while it is on."""
        return self.ended.seen if self.ended else inf

    @property
    def recovers_s(self) -> float | None:
        """Of an outage, how many seconds after it a stack may need until it works as before; None for what is none."""
        said = self.began.data.get("recovers_s")
        return None if said is None else float(said)

    @property
    def outage(self) -> bool:
        """Whether it took from somebody what he needs, instead of showing an intermediate state."""
        return self.recovers_s is not None

    @property
    def comes_back(self) -> bool:
        """Whether whoever it ended is started again before it is over, and it isn't yet."""
        return self.ended is None and bool(self.began.data.get("comes_back"))

    def covers(self, event: Event) -> bool:
        return self.began.seen <= event.seen <= self.until


class Windows:
    """All windows of a record, made of its `fault.began` and `fault.ended`: those that ended, then what is still on."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.all = tuple(joined(events))
        self._order = sorted(range(len(self.all)), key=lambda place: self.all[place].began.seen)
        self._begins = [self.all[place].began.seen for place in self._order]
        self._ends = list(accumulate((self.all[place].until for place in self._order), max))
        """Until when any of those was on that had begun so far."""

    def between(self, since: float, until: float) -> list[Window]:
        """Those that were on at some time between two monotonic times."""
        found = []
        at = bisect_right(self._begins, until)
        while at and self._ends[at - 1] >= since:
            at -= 1
            if self.all[self._order[at]].until >= since:
                found.append(self._order[at])
        return [self.all[place] for place in sorted(found)]


def joined(events: Iterable[Event]) -> Iterator[Window]:
    """Begins and ends, joined by their number."""
    began: dict[object, Event] = {}
    for event in events:
        number = event.data.get("number")
        if event.kind == "fault.began":
            began[number] = event
        elif number in began:
            yield window(began.pop(number), event)
    for event in began.values():
        yield window(event, None)


def window(began: Event, ended: Event | None) -> Window:
    return Window(str(began.data["fault"]), str(began.data.get("target", "")), began, ended)


class Withheld:
    """When a hold, a gate or an outage of ours was on, or just over: its seconds are a difference of two sums."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._begins: list[float] = []
        self._ends: list[float] = []
        for one in sorted(joined(events), key=lambda one: one.began.seen):
            if not one.outage and one.fault not in ("hold", "gate"):
                continue
            end = one.until + (one.recovers_s or 0.0)
            if self._ends and one.began.seen <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._begins.append(one.began.seen)
                self._ends.append(end)
        lasted = (end - begin for begin, end in zip(self._begins, self._ends, strict=True))
        self._before = [0.0, *accumulate(lasted)]

    def seconds(self, begin: float, end: float) -> float:
        """Seconds between two monotonic times in which any was on."""
        return max(0.0, self._up_to(end) - self._up_to(begin))

    def _up_to(self, at: float) -> float:
        number = bisect_right(self._begins, at)
        if not number:
            return 0.0
        return self._before[number - 1] + min(at, self._ends[number - 1]) - self._begins[number - 1]
