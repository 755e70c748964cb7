"""Statistics by day, week or month: what became of the account's mails, and of those of a category."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mock_providers.asgi import Answer, field, fields
from mock_providers.sendgrid.errors import Problem, SendGridError
from mock_providers.sendgrid.routes.visit import Route, Visit, shown

MOST_ENTRIES = 500
"""Entries of an answer, as at the vendor."""

_CATEGORIES_ASKED = 10
_EPOCH = date(1970, 1, 1)

Span = tuple[date, date, date]
"""The date that an entry is given, its first day and its last."""


def _global(visit: Visit) -> Answer:
    return shown(list(_entries(visit, lambda first, last: [{"metrics": visit.account.stats.sums(first, last)}])))


def _of_categories(visit: Visit) -> Answer:
    asked = fields(visit.query, "categories")
    if not asked:
        raise SendGridError(400, Problem("categories is required", "categories"))
    if len(asked) > _CATEGORIES_ASKED:
        raise SendGridError(400, Problem(f"at most {_CATEGORIES_ASKED} categories are allowed", "categories"))

    def each(first: int, last: int) -> list[dict[str, Any]]:
        sums = visit.account.stats.sums
        return [{"type": "category", "name": name, "metrics": sums(first, last, name)} for name in asked]

    return shown(list(_entries(visit, each)))


def _categories(visit: Visit) -> Answer:
    begins = field(visit.query, "category")
    found = [{"category": one} for one in visit.account.stats.categories if one.startswith(begins)]
    offset = visit.number("offset", 0)
    return shown(found[offset : offset + visit.number("limit", 50)])


def _entries(visit: Visit, stats: Callable[[int, int], list[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    """An entry for each span of the range, also where nothing happened."""
    start, end = _day(visit, "start_date"), _day(visit, "end_date")
    if end < start:
        raise SendGridError(400, Problem("end_date must not be before start_date", "end_date"))
    by = field(visit.query, "aggregated_by") or "day"
    if by not in _SPANS:
        raise SendGridError(400, Problem("aggregated_by must be day, week or month", "aggregated_by"))
    offset = visit.number("offset", 0)
    limit = min(visit.number("limit", MOST_ENTRIES), MOST_ENTRIES)
    for mail in list(visit.account.mails.values()):
        # what is due has happened, though nobody looked
        for recipient in mail.recipients:
            visit.webhooks.settle(visit.account, mail, recipient)
    for n in range(offset, offset + limit):
        span = _SPANS[by](start, n)
        if span is None or span[1] > end:
            return
        named, first, last = span
        yield {"date": named.isoformat(), "stats": stats(_number(max(first, start)), _number(min(last, end)))}


def _day(visit: Visit, name: str) -> date:
    given = field(visit.query, name)
    if not given:
        if name == "start_date":
            raise SendGridError(400, Problem("start_date is required", name))
        return datetime.fromtimestamp(visit.account.now(), UTC).date()
    try:
        if len(given) == len("YYYY-MM-DD"):
            return date.fromisoformat(given)
    except ValueError:
        pass
    raise SendGridError(400, Problem(f"{name} must be a date in the form YYYY-MM-DD", name))


def _nth_day(start: date, n: int) -> Span | None:
    day = _after(start, n)
    return (day, day, day) if day is not None else None


def _nth_week(start: date, n: int) -> Span | None:
    monday = _after(start, 7 * n - start.weekday())
    sunday = _after(start, 7 * n - start.weekday() + 6)
    return (monday, monday, sunday) if monday is not None and sunday is not None else None


def _nth_month(start: date, n: int) -> Span | None:
    years, month = divmod(start.month - 1 + n, 12)
    year = start.year + years
    if year >= date.max.year:
        return None
    first = date(year, month + 1, 1)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return first, first, following - timedelta(days=1)


def _after(start: date, days: int) -> date | None:
    try:
        return start + timedelta(days=days)
    except OverflowError:
        return None


def _number(day: date) -> int:
    return (day - _EPOCH).days


_SPANS: dict[str, Callable[[date, int], Span | None]] = {"day": _nth_day, "week": _nth_week, "month": _nth_month}

ROUTES = [
    Route("stats.list", "GET", "/v3/stats", _global, scope="stats.read"),
    Route("categories.list", "GET", "/v3/categories", _categories, scope="categories.read"),
    Route("categories.stats", "GET", "/v3/categories/stats", _of_categories, scope="categories.stats.read"),
]
