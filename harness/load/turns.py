"""Who sends what when, in one generating process: its share of the schedule, and what came of it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from itertools import takewhile
from typing import Any, NamedTuple

import gevent
from gevent.event import Event

from harness.load.answer import Answer, Sent
from harness.load.beat import Beat
from harness.load.histogram import Histogram
from harness.load.plan import Kind, Plan
from harness.load.schedule import Arrival, arrivals
from harness.load.target import Target

Share = tuple[int, int]
"""Which of how many equal shares of a kind's arrivals."""


class Turn(NamedTuple):
    """An arrival that a user has taken, and when that user had asked for one."""

    arrival: Arrival
    asked: float


class Turns:
    """The arrivals of this process, handed to whichever user of the kind is free.

    Latencies count from the time at which a send was meant to start: a user that is busy makes the next send late,
    and the lateness is part of what the message waited.
    """

    def __init__(self) -> None:
        self.dropped: list[tuple[int, float]] = []
        """Arrivals that never started, with the seconds for which each was late by the generator itself."""
        self.begun = Event()
        self.over = Event()
        self.accepted: dict[str, Histogram] = {}
        self.lateness = Histogram()
        self.plan = Plan()
        self.target = Target(api="", headers={}, sends={})
        self._queues: dict[str, deque[Arrival]] = {}
        self._left = 0
        self._grows = True
        self._start = 0.0
        self._wall = time.time() - time.perf_counter()
        self._beat = Beat(self.now)
        self._beating: Any = None

    def begin(
        self, plan: Plan, *, shares: Mapping[Kind, Share], start: float, target: Target, grows: bool = True
    ) -> None:
        """Takes this process's share; `start` is in Unix seconds, `grows` says that there are more users as needed."""
        self.plan, self.target, self._start, self._grows = plan, target, start, grows
        seen: dict[str, int] = {}
        for arrival in arrivals(plan):
            place = seen[arrival.kind] = seen.get(arrival.kind, -1) + 1
            mine, of = shares.get(arrival.kind, (0, 0))
            if of and place % of == mine:
                self._queues.setdefault(arrival.kind, deque()).append(arrival)
                self._left += 1
        self._beating = gevent.spawn(self._beat.run)
        self.begun.set()
        if not self._left:
            self.over.set()

    def now(self) -> float:
        """Unix seconds on a clock that never goes back."""
        return self._wall + time.perf_counter()

    def take(self, kind: Kind) -> Turn | None:
        """The next arrival of a kind, when its time has come; None when there are no more."""
        self.begun.wait()
        asked, queue = self.now(), self._queues.get(kind)
        while queue:
            arrival = queue.popleft()
            early = self._start + arrival.at - self.now()
            if -early > self.plan.patience:
                self.dropped.append((arrival.number, self.own(arrival, asked, self.now())))
                self._finish()
                continue
            if early > 0:
                gevent.sleep(early)  # reason: an open model starts each message at its own time
            return Turn(arrival, asked)
        return None

    def own(self, arrival: Arrival, asked: float, began: float) -> float:
        """Seconds by which a start was late for reasons of the generator's own.

        A user who asked in time starts in time, or the process was kept from running. Where nobody had asked when the
        time came, all users waited for answers: only what kept the process from reading these was its own, unless
        there were no more users by somebody's wish.
        """
        due = self._start + arrival.at
        if not self._grows:
            return max(0.0, began - due)
        ready = max(due, asked)
        return min(max(0.0, began - due), max(0.0, began - ready) + self._beat.kept(due, ready))

    def waiting(self, kind: Kind) -> int:
        """How many arrivals are due, and wait for a user of the kind: all that there are are busy."""
        now = self.now() - self._start
        return sum(1 for _ in takewhile(lambda arrival: arrival.at < now, self._queues.get(kind, ())))

    def record(self, turn: Turn, answer: Answer, *, began: float, answered: float) -> Sent:
        """Takes note of a send."""
        arrival = turn.arrival
        intended = self._start + arrival.at
        own = self.own(arrival, turn.asked, began)
        self.lateness.record(own)
        if answer.good:
            self.accepted.setdefault(arrival.kind, Histogram()).record(answered - intended)
        self._finish()
        return Sent(arrival.number, began, answered, own, self._beat.kept(began, answered), answer)

    def _finish(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.over.set()

    def latency(self, sent: Sent, arrival: Arrival) -> float:
        """Seconds from when a send was meant to start to its answer."""
        return sent.answered - self._start - arrival.at

    def end(self) -> None:
        """Stops what measures this process."""
        if self._beating is not None:
            self._beating.kill()

    def report(self) -> dict[str, Any]:
        """The histograms, to be merged with those of other processes."""
        accepted = {kind: histogram.dumps() for kind, histogram in self.accepted.items()}
        return {"accepted": accepted, "lateness": self.lateness.dumps(), "dropped": self.dropped}
