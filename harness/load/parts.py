"""Where a message's time went: each second of it belongs to one part of the stack, or to the generator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from harness.history import History
from harness.load.answer import TOO_MANY
from harness.load.histogram import Histogram
from harness.load.meter import Meter

PARTS: Final = ("generator", "users", "api", "queue", "provider", "worker")
"""By whom a message's time was spent, in the order in which they have it; the report says what each means."""


@dataclass(slots=True)
class Calls:
    """The provider calls of one message: when the first began (Unix seconds), and the seconds spent on all of them."""

    first: float
    seconds: float = 0.0


@dataclass(slots=True)
class Spent:
    """The seconds of every message by part, and what its provider calls were like."""

    parts: dict[str, Histogram] = field(default_factory=lambda: {name: Histogram() for name in PARTS})
    totals: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    messages: int = 0
    call_seconds: float = 0.0
    calls: int = 0
    limited: int = 0
    """Calls that the provider answered 429."""
    in_flight: float = 0.0
    """Calls that were under way at the same time, on average over the time in which any call was made."""

    def share(self, part: str) -> float:
        """How much of all messages' time a part had, 0 to 1."""
        whole = sum(self.totals.values())
        return self.totals[part] / whole if whole else 0.0

    def to_json(self) -> dict[str, dict[str, float]]:
        """Of each part the median and 99th percentile in milliseconds, and its share of the whole in percent."""
        return {
            name: {
                "p50": round(histogram.quantile(50) * 1000, 3),
                "p99": round(histogram.quantile(99) * 1000, 3),
                "share": round(100 * self.share(name), 1),
            }
            for name, histogram in self.parts.items()
        }


def spent(history: History, meter: Meter, *, since: float = 0.0) -> Spent:
    """Follows each message that was sent to its end, of those due `since` seconds after the start or later."""
    found = Spent()
    calls = calls_of(history, meter, found)
    for number, sent in meter.reached["sent"].items():
        arrival = meter.arrivals[number]
        began = meter.started.get(number)
        if began is None or arrival.at < since:
            continue
        found.messages += 1
        for part, seconds in parts_of(number, began, sent, meter, calls.get(number)):
            found.parts[part].record(max(0.0, seconds))
            found.totals[part] += max(0.0, seconds)
    return found


def parts_of(number: int, began: float, sent: float, meter: Meter, calls: Calls | None) -> Iterator[tuple[str, float]]:
    due = meter.start + meter.arrivals[number].at
    late, own = max(0.0, began - due), meter.own.get(number, 0.0)
    yield "users", late - min(own, late)
    queued = meter.reached["queued"].get(number, meter.reached["accepted"].get(number, began))
    called = calls.first if calls else meter.reached["called"].get(number, sent)
    queued = min(max(queued, began), called)
    kept = min(meter.kept.get(number, 0.0), queued - began)  # a request that was begun may not have left at once
    yield "generator", min(own, late) + kept
    yield "api", queued - began - kept
    yield "queue", called - queued
    provider = calls.seconds if calls else 0.0
    yield "provider", min(provider, sent - called)
    yield "worker", max(0.0, sent - called - provider)


def calls_of(history: History, meter: Meter, found: Spent) -> dict[int, Calls]:
    """The calls of each message, by number; what is true of all of them stands in `found`."""
    begun: dict[object, tuple[float, int | None]] = {}
    calls: dict[int, Calls] = {}
    busy = until = 0.0
    for event in history.events("provider.called", "provider.answered", after=meter.first):
        if event.kind == "provider.called":
            begun[event.data.get("call")] = event.at, meter.number_of(event)
            continue
        at, number = begun.pop(event.data.get("call"), (None, None))
        if at is None:
            continue
        seconds = max(0.0, event.at - at)
        found.calls += 1
        found.call_seconds += seconds
        found.limited += event.data.get("status") == TOO_MANY
        busy += max(0.0, event.at - max(at, until))
        until = max(until, event.at)
        if number is not None:
            one = calls.setdefault(number, Calls(first=at))
            wait = event.data.get("wait_s")
            one.seconds += seconds + (float(wait) if isinstance(wait, int | float) else 0.0)
    found.in_flight = found.call_seconds / busy if busy > 0 else 0.0
    return calls
