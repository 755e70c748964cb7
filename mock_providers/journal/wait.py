"""Waiting for entries: until enough match, or a deadline; then the nearest misses say what was different."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from mock_providers.clock import elapse
from mock_providers.journal.filter import UNREADABLE, Filter, recipient_matches
from mock_providers.journal.journal import Journal
from mock_providers.journal.search import failed, has_words

SLICE = 500
NEAREST = 3
LOOKED_AT = 1000
"""How many of the latest entries are compared when a wait was in vain."""


async def wait_for(
    journal: Journal,
    selection: Filter,
    *,
    count: int,
    after: int,
    within: float,
    closing: Callable[[], bool],
) -> dict[str, Any]:
    """The first `count` matching entries after the cursor; on the deadline those there are, and the nearest misses."""
    found: list[dict[str, Any]] = []
    start = after
    try:
        async with asyncio.timeout(within):
            with journal.watch(selection.account) as news:
                while len(found) < count and not closing():
                    news.clear()
                    after, more = _gather(journal, selection, after, found, count)
                    if len(found) < count and not more:
                        await news.wait()
                    elif more:
                        # lets others go on between two slices of a long record
                        await elapse(0)
    except TimeoutError:
        pass
    met = len(found) >= count
    result: dict[str, Any] = {"met": met, "entries": found, "seq": found[-1]["seq"] if met else journal.visible}
    if not met:
        result["nearest"] = nearest_misses(journal, selection, after=start)
    return result


def _gather(
    journal: Journal, selection: Filter, after: int, found: list[dict[str, Any]], count: int
) -> tuple[int, bool]:
    for looked, (seq, entry) in enumerate(journal.read(selection, after=after), 1):
        after = seq
        if entry is not None:
            found.append(entry)
        if len(found) == count:
            return after, False
        if looked == SLICE:
            return after, True
    return after, False


def nearest_misses(journal: Journal, selection: Filter, *, after: int) -> list[dict[str, Any]]:
    """The latest entries that differ in the fewest fields, each with what was wanted and what it had."""
    scope = Filter(account=selection.account, provider=selection.provider)
    misses: list[dict[str, Any]] = []
    for looked, (seq, entry) in enumerate(journal.read_back(scope, before=journal.visible + 1)):
        if seq <= after or looked == LOOKED_AT:
            break
        exchange = [] if entry is None else journal.exchange(entry) if selection.pairs else [entry]
        try:
            difference = difference_from(selection, exchange) if exchange else {}
        except UNREADABLE:
            continue  # it isn't what this version writes, so nobody can say how near it came
        if difference:
            misses.append({"entry": entry, "difference": difference})
    misses.sort(key=lambda miss: (len(miss["difference"]), -miss["entry"]["seq"]))
    return misses[:NEAREST]


def difference_from(selection: Filter, exchange: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Field by field, what was wanted and what the entry (the first of its exchange) has, where the two don't fit."""
    entry = exchange[0]
    difference: dict[str, dict[str, Any]] = {}
    for name in (one.name for one in fields(selection)):
        wanted = getattr(selection, name)
        if wanted is None:
            continue
        if name in {"since", "until"}:
            fits = entry["at"] >= wanted if name == "since" else entry["at"] <= wanted
            had: Any = entry["at"]
        elif name == "search":
            had = [word for word in selection.words if has_words([word], exchange)]
            fits = len(had) == len(selection.words)
        elif name == "failed":
            had = fits = failed(exchange)
        else:
            had = entry.get(name)
            fits = (
                recipient_matches(wanted, had) if name == "to"
                else wanted in (had or "") if name == "text"
                else had in selection.types if name == "type"
                else wanted == had
            )  # fmt: skip
        if not fits:
            difference[name] = {"wanted": wanted, "saw": had}
    return difference
