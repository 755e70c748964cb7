"""What became of an account's mails, counted by day: the figures of `/v3/stats`."""

from __future__ import annotations

from collections import Counter
from typing import Any

METRICS = (
    "blocks", "bounce_drops", "bounces", "clicks", "deferred", "delivered", "invalid_emails", "opens", "processed",
    "requests", "spam_report_drops", "spam_reports", "unique_clicks", "unique_opens", "unsubscribe_drops",
    "unsubscribes",
)  # fmt: skip
"""The vendor's figures (its OpenAPI file's `StatsAdvancedGlobalStats`)."""

DAY_S = 86_400

MOST_COUNTERS = 20_000
"""Days, and days of categories, that are kept; the oldest go first."""

_METRIC = {
    "processed": "processed", "delivered": "delivered", "deferred": "deferred", "open": "opens", "click": "clicks",
    "spamreport": "spam_reports", "unsubscribe": "unsubscribes", "group_unsubscribe": "unsubscribes",
}  # fmt: skip
_DROPS = {
    "Bounced Address": "bounce_drops",
    "Spam Reporting Address": "spam_report_drops",
    "Unsubscribed Address": "unsubscribe_drops",
    "Invalid": "invalid_emails",
}
_UNIQUE = {"open": "unique_opens", "click": "unique_clicks"}

Counts = dict[tuple[int, str], Counter[str]]


class Stats:
    """Counters by day (since 1970, UTC), for all mails and for each category."""

    def __init__(self) -> None:
        self._all: Counts = {}
        self._of_categories: Counts = {}
        self._day = -1
        self._of_day: Counter[str] = Counter()

    def requested(self, at: float, recipients: int, categories: list[str]) -> None:
        """Counts a mail that was accepted."""
        day = int(at) // DAY_S
        if day != self._day:
            # found once a day: this is counted with every mail
            self._add(self._all, day, "", "requests", 0)
            self._day, self._of_day = day, self._all[day, ""]
        self._of_day["requests"] += recipients
        for category in categories:
            self._add(self._of_categories, day, category, "requests", recipients)

    def happened(self, event: dict[str, Any], *, now: float, first: bool) -> None:
        """Counts an event; `first` if its recipient has had none of its type before."""
        at, category = event.get("timestamp"), event.get("category")
        day = int(at if isinstance(at, int | float) and abs(at) < 1e12 else now) // DAY_S
        categories = category if isinstance(category, list) else [category]
        for metric in _metrics(event, first=first):
            self._add(self._all, day, "", metric, 1)
            for one in categories:
                if isinstance(one, str):
                    self._add(self._of_categories, day, one, metric, 1)

    def sums(self, first: int, last: int, category: str | None = None) -> dict[str, int]:
        """The figures of the days from `first` to `last`, both included."""
        counts, name = (self._all, "") if category is None else (self._of_categories, category)
        total: Counter[str] = Counter()
        for day in range(first, last + 1):
            total.update(counts.get((day, name), {}))
        return {metric: total[metric] for metric in METRICS}

    @property
    def categories(self) -> list[str]:
        return sorted({category for _, category in self._of_categories})

    def _add(self, counts: Counts, day: int, category: str, metric: str, number: int) -> None:
        counter = counts.get((day, category))
        if counter is None:
            if len(counts) >= MOST_COUNTERS:
                del counts[next(iter(counts))]
            counter = counts[day, category] = Counter()
        counter[metric] += number


def _metrics(event: dict[str, Any], *, first: bool) -> list[str]:
    kind = event.get("event")
    if kind == "bounce":
        return ["blocks" if event.get("type") == "blocked" else "bounces"]
    metric = _DROPS.get(str(event.get("reason"))) if kind == "dropped" else _METRIC.get(str(kind))
    found = [metric] if metric is not None else []
    return [*found, _UNIQUE[str(kind)]] if first and kind in _UNIQUE else found
