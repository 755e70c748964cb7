"""How fast the stack's API is asked: a pace of the profile's, and the waits that the API asks for (429)."""

from __future__ import annotations

import threading
import time

from harness.history import History
from harness.profile import Pace


class Turns:
    """Gives each send its turn, so many a second, in the order in which they ask."""

    def __init__(self, pace: Pace) -> None:
        self._between = 1 / pace.per_second if pace.per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()
        self._over = threading.Event()

    def take(self) -> None:
        """Returns when it is this send's turn."""
        if self._between:
            with self._lock:
                turn = max(self._next, time.monotonic())
                self._next = turn + self._between
            self.wait(turn - time.monotonic())

    def wait(self, seconds: float) -> None:
        """Returns after so many seconds, or as soon as the client is closed."""
        if seconds > 0:
            self._over.wait(seconds)

    def close(self) -> None:
        self._over.set()

    @property
    def closed(self) -> bool:
        return self._over.is_set()


def slowed(history: History) -> str:
    """What a run has waited for because the API asked it to (429), in one line; "" where it didn't.

    The pace that it names is the one at which messages were taken all the same, from the first send to the last.
    """
    answers = history.events("api.answered")
    waits = [float(event.data["again_in_s"]) for event in answers if event.data.get("again_in_s") is not None]
    if not waits:
        return ""
    times = "once" if len(waits) == 1 else f"{len(waits)} times"
    line = f"the API asked {times} to wait (429), {brief(sum(waits))} s in all"
    taken = [event.at for event in answers if event.data.get("accepted")]
    if len(taken) < 2 or taken[-1] <= taken[0]:
        return f"{line}; [pace] per_second spares it"
    return f"{line}; [pace] per_second = {brief((len(taken) - 1) / (taken[-1] - taken[0]))} would spare it"


def brief(number: float) -> str:
    """A number as people say it: two figures that count, or all before the point."""
    return f"{number:.0f}" if number >= 10 else f"{number:.2g}"
