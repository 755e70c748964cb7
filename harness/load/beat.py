"""When a generating process was kept from running: by its own work, or since nobody gave it a processor."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

import gevent

EVERY_S = 0.01
NOTICED_S = 0.005
"""A beat that is later than this was kept from running."""


class Beat:
    """Notes the times in which this process ran nothing that was due; `now` is its clock in Unix seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._due = now() + EVERY_S
        self._begun: list[float] = []
        self._ended: list[float] = []
        self._before: list[float] = []
        """Seconds of stalls before each."""
        self._total = 0.0

    def run(self) -> None:
        """Beats until its greenlet is killed."""
        while True:
            self._due = self._now() + EVERY_S
            gevent.sleep(EVERY_S)  # reason: what is measured is how late this returns
            self.beaten(self._due, self._now())

    def beaten(self, due: float, woke: float) -> None:
        """Takes note of a beat that was due and came."""
        if woke - due > NOTICED_S:
            self._begun.append(due)
            self._ended.append(woke)
            self._before.append(self._total)
            self._total += woke - due

    def kept(self, begin: float, end: float) -> float:
        """Seconds between two times in which this process was kept from running, one that still lasts with it."""
        if end <= begin:
            return 0.0
        lasting = max(0.0, end - max(begin, self._due)) if end - self._due > NOTICED_S else 0.0
        return self._until(end) - self._until(begin) + lasting

    def _until(self, at: float) -> float:
        place = bisect_left(self._begun, at)
        if not place:
            return 0.0
        return self._before[place - 1] + min(at, self._ended[place - 1]) - self._begun[place - 1]
