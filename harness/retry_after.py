"""How long an API that answers 429 asks to be left alone."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

TOO_MANY: Final = 429
UNTOLD_S: Final = 1.0
"""Seconds to wait after a 429 that doesn't say how long."""
LEAST_S: Final = 0.05
"""Seconds that are waited at least: "at once" over and over would be a storm."""
NAMES: Final = ("retry-after", "ratelimit-reset", "x-ratelimit-reset")
A_TIME: Final = 1e8
"""A number above this is a Unix time, not a span."""
IN_MILLISECONDS: Final = 1e11
"""A Unix time above this counts milliseconds."""


def asked_to_wait(code: int, headers: Mapping[str, str]) -> float | None:
    """Seconds after which an API that answered 429 may be asked again; None for any other answer.

    Retry-After is a number of seconds or a date (RFC 9110, section 10.2.3), by the clock of the answer's own Date where
    it has one. Where there is none, `RateLimit-Reset` and `X-RateLimit-Reset` are read, as seconds or as a Unix time.
    """
    if code != TOO_MANY:
        return None
    said = next((headers[name] for name in NAMES if headers.get(name)), "").strip()
    seconds = number(said)
    if seconds is None:
        then = at(said)
        seconds = UNTOLD_S if then is None else then - now(headers)
    elif seconds > A_TIME:
        seconds = (seconds / 1000 if seconds > IN_MILLISECONDS else seconds) - now(headers)
    return max(seconds, LEAST_S) if seconds < A_TIME else UNTOLD_S


def number(said: str) -> float | None:
    try:
        value = float(said)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def now(headers: Mapping[str, str]) -> float:
    """The time by the clock of who answered, as far as it says."""
    then = at(headers.get("date", ""))
    return time.time() if then is None else then


def at(said: str) -> float | None:
    """The Unix time of an HTTP date."""
    try:
        return parsedate_to_datetime(said).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
