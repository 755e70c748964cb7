"""Who sends what when, in one generating process: its share of the schedule, and what came of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import gevent
from gevent.event import Event

from harness.load.histogram import Histogram
from harness.load.plan import Kind, Plan
from harness.load.schedule import Arrival, arrivals
from harness.load.target import Target

Share = tuple[int, int]
"""Which of how many equal shares of a kind's arrivals."""


class Turns:
    """The arrivals of this process, handed to whichever user of the kind is free.

    Latencies count from the time at which a send was meant to start: a user that is busy makes the next send late,
    and the lateness is part of what the message waited.
    """

    def __init__(self) -> None:
        self.begun = Event()
        self.over = Event()
        self.accepted: dict[str, Histogram] = {}
        self.lateness = Histogram()
        self.plan = Plan()
        self.target = Target(api="", headers={}, sends={})
        self._queues: dict[str, deque[Arrival]] = {}
        self._left = 0
        self._start = 0.0
        self._wall = time.time() - time.perf_counter()

    def begin(self, plan: Plan, *, shares: Mapping[Kind, Share], start: float, target: Target) -> None:
        """Takes this process's share; `start` is in Unix seconds."""
        self.plan, self.target, self._start = plan, target, start
        seen: dict[str, int] = {}
        for arrival in arrivals(plan):
            place = seen[arrival.kind] = seen.get(arrival.kind, -1) + 1
            mine, of = shares.get(arrival.kind, (0, 0))
            if of and place % of == mine:
                self._queues.setdefault(arrival.kind, deque()).append(arrival)
                self._left += 1
        self.begun.set()
        if not self._left:
            self.over.set()

    def now(self) -> float:
        """Unix seconds on a clock that never goes back."""
        return self._wall + time.perf_counter()

    def take(self, kind: Kind) -> Arrival | None:
        """The next arrival of a kind, when its time has come; None when there are no more."""
        self.begun.wait()
        queue = self._queues.get(kind)
        while queue:
            arrival = queue.popleft()
            early = self._start + arrival.at - self.now()
            if -early > self.plan.patience:
                self._finish()  # dropped: the harness knows, since nobody tells of it
                continue
            if early > 0:
                gevent.sleep(early)  # reason: an open model starts each message at its own time
            return arrival
        return None

    def record(self, arrival: Arrival, *, began: float, answered: float, good: bool) -> float:
        """Takes note of a send; returns its latency in seconds, from when it was meant to start."""
        intended = self._start + arrival.at
        self.lateness.record(max(0.0, began - intended))
        latency = answered - intended
        if good:
            self.accepted.setdefault(arrival.kind, Histogram()).record(latency)
        self._finish()
        return latency

    def _finish(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.over.set()

    def report(self) -> dict[str, Any]:
        """The histograms, to be merged with those of other processes."""
        accepted = {kind: histogram.dumps() for kind, histogram in self.accepted.items()}
        return {"accepted": accepted, "lateness": self.lateness.dumps()}


Row = Sequence[Any]
"""A send as it is told to the harness: number, began, answered, and the parts of its Answer."""
