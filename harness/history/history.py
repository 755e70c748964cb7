"""The ordered record of one run: append-only, indexed by flow, and waitable."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from heapq import merge
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeVar

from harness.history.event import EMPTY, Event, key
from harness.history.kinds import KINDS

Listener = Callable[[Event], None]
T = TypeVar("T")
DIGITS = 6
"""Of a time's fraction, as a file keeps it: what is judged now and what is judged of the file later is the same."""
LONGEST_S = 3600.0
"""What a condition is asked to wait at once; it takes no infinity."""


place = attrgetter("seq")
"""The place of an event in its history."""


class History:
    """The record of one run.

    Probes append from any thread; readers get immutable events. Events that share a key are one flow: keys are
    joined by union-find, so the order in which sources report doesn't matter.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._by_kind: dict[str, list[Event]] = {}
        self._arrived = threading.Condition()
        self._parent: dict[str, str] = {}
        self._members: dict[str, list[Event]] = {}
        self._listeners: list[Listener] = []
        self._over: Exception | None = None
        self._settled = 0.0
        self._woken = 0
        self._drawn: dict[tuple[Callable[[list[Event]], Any], tuple[str, ...]], tuple[int, int, Any]] = {}
        self._kept: dict[Callable[[History], Any], tuple[int, Any]] = {}

    def append(
        self,
        kind: str,
        *,
        source: str,
        at: float | None = None,
        message_id: str | None = None,
        data: Mapping[str, Any] = EMPTY,
        keys: Iterable[str] = (),
    ) -> Event:
        """Records one event and wakes every waiter; raises ValueError for an unknown kind."""
        if kind not in KINDS:
            raise ValueError(f"unknown kind of event {kind!r}; known are {', '.join(sorted(KINDS))}")
        names = tuple(dict.fromkeys([*keys, *([key("message", message_id)] if message_id else [])]))
        with self._arrived:
            event = Event(
                seq=len(self._events),
                at=round(time.time() if at is None else at, DIGITS),
                seen=round(time.monotonic(), DIGITS),
                source=source,
                kind=kind,
                message_id=message_id,
                data=MappingProxyType(dict(data)),
                keys=names,
            )
            self._record(event)
            self._arrived.notify_all()
        for listener in self._listeners:
            listener(event)
        return event

    def _record(self, event: Event) -> None:
        self._events.append(event)
        self._by_kind.setdefault(event.kind, []).append(event)
        if event.keys:
            self._members.setdefault(self._join(event.keys), []).append(event)

    @classmethod
    def of(cls, events: Iterable[Event], *, until: float | None = None) -> History:
        """A history made of events that were recorded earlier, renumbered in the order given; by default finished."""
        history = cls()
        history.extend(events)
        history.read_to_end(history.until if until is None else until)
        return history

    def extend(self, events: Iterable[Event]) -> None:
        """Takes further events that were recorded earlier, without telling anybody who listens or waits."""
        for number, event in enumerate(events, start=len(self._events)):
            self._record(event if event.seq == number else replace(event, seq=number))

    def listen(self, listener: Listener) -> None:
        """Calls `listener` with every event from now on, in the thread that appends it."""
        self._listeners.append(listener)

    def end(self, error: Exception) -> None:
        """Nothing more will come: every wait, those under way and later ones, raises `error`; the first one counts."""
        with self._arrived:
            self._over = self._over or error
            self._arrived.notify_all()

    @property
    def over(self) -> Exception | None:
        """What the history was ended with; None while more may come."""
        return self._over

    def wake(self) -> None:
        """Makes every wait look again, for what is told by something else than an event."""
        with self._arrived:
            self._woken += 1
            self._arrived.notify_all()

    def __len__(self) -> int:
        return len(self._events)

    def events(self, *kinds: str, after: int = 0) -> list[Event]:
        """The events recorded so far from place `after` on, of the given kinds or of all."""
        with self._arrived:
            if not kinds:
                return self._events[after:]
            lists = [self._by_kind.get(kind, []) for kind in dict.fromkeys(kinds)]
            found = [rows[bisect_left(rows, after, key=place) :] for rows in lists]
        return found[0] if len(found) == 1 else list(merge(*found, key=place))

    def drawn(self, draw: Callable[[list[Event]], T], *kinds: str) -> T:
        """What `draw` makes of all events of these kinds; it is kept, and made anew once another of them has come.

        `draw` is a function of a module, since it is known by itself.
        """
        known, length = self._drawn.get((draw, kinds)), len(self._events)
        if known is None or known[0] != length:
            number = sum(len(self._by_kind.get(kind, ())) for kind in kinds)
            made = draw(self.events(*kinds)) if known is None or known[1] != number else known[2]
            known = self._drawn[draw, kinds] = length, number, made
        found: T = known[2]
        return found

    def kept(self, work: Callable[[History], T]) -> T:
        """What `work` makes of the whole history; it is kept until another event comes. `work` is of a module, too."""
        length, known = len(self._events), self._kept.get(work)
        if known is None or known[0] != length:
            known = self._kept[work] = length, work(self)
        found: T = known[1]
        return found

    @property
    def last(self) -> Event | None:
        """The event that arrived last."""
        with self._arrived:
            return self._events[-1] if self._events else None

    @property
    def until(self) -> float:
        """The monotonic time up to which every source was read, or of the last event, where that is later."""
        last = self.last
        return max(self._settled, last.seen if last else 0.0)

    @property
    def settled(self) -> float:
        """The monotonic time up to which every source was read to its end; what was seen later may lack its causes."""
        return self._settled

    def read_to_end(self, at: float) -> None:
        """Says that all that had happened at the monotonic time `at` is recorded."""
        self._settled = max(self._settled, round(at, DIGITS))

    def flow(self, name: str) -> list[Event]:
        """All events of the flow that the key `name` belongs to, in order of arrival."""
        with self._arrived:
            return sorted(self._members.get(self._find(name), ()), key=place)

    def same_flow(self, name: str, other: str) -> bool:
        """Whether two keys are known to belong to one flow."""
        with self._arrived:
            return self._find(name) == self._find(other)

    def flow_ids(self) -> list[str]:
        """The message ids of all flows, in order of first sight."""
        with self._arrived:
            return list(dict.fromkeys(event.message_id for event in self._events if event.message_id))

    def wait_until(self, look: Callable[[], T | None], *, deadline: float) -> T | None:
        """Calls `look` now and after every arrival until it returns something; None at the monotonic `deadline`.

        `look` runs in the caller's thread without the lock, so it may read the history freely, and add to it. Raises
        what the history was ended with.
        """
        late = False
        while True:
            with self._arrived:
                if self._over is not None:
                    raise self._over
                known = len(self._events) + self._woken
            found = look()
            if found is not None or late:
                return found
            with self._arrived:
                late = time.monotonic() >= deadline
                if len(self._events) + self._woken != known or self._over is not None:
                    continue  # one more look, also after the deadline: what came was in time
                if late:
                    return None
                self._arrived.wait(min(deadline - time.monotonic(), LONGEST_S))

    def wait_for(self, match: Callable[[Event], bool], *, within: float, after: int = 0) -> Event | None:
        """The first event from place `after` on that `match` accepts; None when `within` seconds have passed.

        What is already recorded counts: "it already happened" satisfies the wait.
        """
        position = after

        def look() -> Event | None:
            nonlocal position
            with self._arrived:
                fresh = self._events[position:]
            for event in fresh:
                position += 1
                if match(event):
                    return event
            return None

        return self.wait_until(look, deadline=time.monotonic() + within)

    # union-find over correlation keys; callers hold the lock

    def _find(self, name: str) -> str:
        parent = self._parent
        root = name
        while (above := parent.get(root, root)) != root:
            root = above
        while name != root:
            parent[name], name = root, parent.get(name, name)
        return root

    def _join(self, names: tuple[str, ...]) -> str:
        root = self._find(names[0])
        self._parent.setdefault(root, root)
        for name in names[1:]:
            other = self._find(name)
            if other != root:
                self._parent[other] = root
                moved = self._members.pop(other, None)
                if moved:
                    self._members.setdefault(root, []).extend(moved)
        return root
