"""How fast the stack's API is asked: a pace of the profile's, and what the API says by 429 and Retry-After."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from harness.profile import Pace

UNTOLD_S: Final = 1.0
"""Seconds to wait after a 429 that doesn't say how long."""
TOO_MANY: Final = 429


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


def asked_to_wait(code: int, headers: Mapping[str, str]) -> float | None:
    """Seconds after which an API that answered 429 may be asked again; None for any other answer.

    Retry-After is a number of seconds or a date (RFC 9110, section 10.2.3); `X-RateLimit-Reset` is read where there is
    none, as seconds from now, or as a Unix time.
    """
    if code != TOO_MANY:
        return None
    said = headers.get("retry-after") or headers.get("x-ratelimit-reset") or ""
    try:
        seconds = float(said)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(said).timestamp()
        except (ValueError, TypeError):
            return UNTOLD_S
    if seconds > YEARS_S:
        seconds -= time.time()
    return max(seconds, 0.0) if seconds < YEARS_S else UNTOLD_S


YEARS_S: Final = 1e8
"""A number above this is a time, not a span."""
