"""`formatDate`: a time in the vendor's tokens.

Source: SendGrid's "Using Handlebars", the table of tokens. Its examples print other forms than they ask for;
the table is followed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from math import isfinite
from typing import Any

_TOKEN = re.compile(r"YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|HH|H|hh|h|mm|m|ss|s|A|ZZ|Z|\[[^\]]{0,200}\]")
_OFFSET = re.compile(r"([+-])([0-9]{2}):?([0-9]{2})")
_MILLISECONDS = 1e11
"""Larger numbers count milliseconds: as seconds they would be after the year 5000."""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LONGEST = 100

UNREADABLE = "Invalid date"
"""What is shown for what is no time."""


def format_date(moment: Any, form: str, offset: str = "") -> str:
    """A Unix time or an ISO 8601 text in a form of tokens, in UTC or with an offset like -0800."""
    at = _time(moment)
    if at is None:
        return UNREADABLE
    try:
        at = at.astimezone(_zone(offset))
    except OverflowError:
        return UNREADABLE
    shown = _shown(at)
    return _TOKEN.sub(lambda found: shown.get(found[0]) or found[0].strip("[]"), form)


def _shown(at: datetime) -> dict[str, str]:
    hour = at.hour % 12 or 12
    month, day = _MONTHS[at.month - 1], _DAYS[at.weekday()]
    zone = at.strftime("%z")
    year, midday = f"{at.year:04}", 12
    numbers = {"M": at.month, "D": at.day, "H": at.hour, "h": hour, "m": at.minute, "s": at.second}
    shown = {"YYYY": year, "YY": year[2:], "MMMM": month, "MMM": month[:3], "dddd": day, "ddd": day[:3]}
    shown |= {sign: f"{number}" for sign, number in numbers.items()}
    shown |= {sign * 2: f"{number:02}" for sign, number in numbers.items()}
    return shown | {"A": "AM" if at.hour < midday else "PM", "ZZ": zone, "Z": f"{zone[:3]}:{zone[3:]}"}


def _time(moment: Any) -> datetime | None:
    if isinstance(moment, str) and len(moment) <= 15 and moment.isascii() and moment.isdigit():
        moment = int(moment)
    try:
        if isinstance(moment, bool):
            return None
        if isinstance(moment, int | float):
            return _from_number(float(moment))
        if isinstance(moment, str) and len(moment) <= _LONGEST:
            read = datetime.fromisoformat(moment.strip())
            return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _from_number(count: float) -> datetime | None:
    if not isfinite(count):
        return None
    return datetime.fromtimestamp(count / 1000 if abs(count) >= _MILLISECONDS else count, UTC)


def _zone(offset: str) -> timezone:
    found = _OFFSET.fullmatch(offset.strip()) if len(offset) <= _LONGEST else None
    if found is None:
        return UTC
    minutes = min(int(found[2]) * 60 + int(found[3]), 24 * 60 - 1)
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))
