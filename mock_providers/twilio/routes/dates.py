"""Dates and times in filters, as the API takes them: a whole year, month or day, or a moment to the second."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from mock_providers.twilio.errors import TwilioError

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_MOMENT = re.compile(
    # a plus that wasn't escaped in a URL arrives as a space
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+\- ]\d\d:?\d\d)?",
    re.ASCII,
)


def span(given: str) -> tuple[float, float]:
    """The begin and the end (exclusive) of what a filter names, in Unix seconds; without a zone it is UTC.

    `2020`, `2020-12`, `2020-12-01`, `2020-12-01T10:53:43-08:00`, with fractions, `Z`, `-0800`. The SDKs send a date as
    its midnight, so midnight is a date too. Raises TwilioError 20001 for anything else.
    """
    try:
        date = _DATE.fullmatch(given)
        if date is not None:
            return _date(*(int(part) if part else None for part in date.groups()))
        moment = _MOMENT.fullmatch(given)
        if moment is not None:
            return _moment(*moment.groups())
    except (ValueError, OverflowError):
        pass
    raise TwilioError(20001, message="Invalid date value.")


def _date(year: int | None, month: int | None, day: int | None) -> tuple[float, float]:
    begin = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
    if day is not None:
        end = begin + timedelta(days=1)
    elif month is not None:
        end = (begin + timedelta(days=31)).replace(day=1)
    else:
        end = begin.replace(year=begin.year + 1)
    return begin.timestamp(), end.timestamp()


def _moment(date: str, clock: str, zone: str | None) -> tuple[float, float]:
    whole, _, fraction = clock.partition(".")
    zone = (zone or "+00:00").replace("Z", "+00:00").replace(" ", "+")
    moment = datetime.fromisoformat(f"{date}T{whole}{zone}")
    seconds = 24 * 3600 if moment.time() == time.min and not fraction.strip("0") else 1
    return moment.timestamp(), moment.timestamp() + seconds
