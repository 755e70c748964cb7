"""Every small way to spoil a history: an event that is missing, comes twice, says something else; a kill; blindness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from histories import START, Script, window
from judging import no_consumer
from said import dated

from harness.history import Event, History

ELSEWISE: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "api.answered": (
        *({"status": status} for status in (399, 400, 422, 499, 500, 501, None)),
        {"status": 429, "again_in_s": 1},
        {"message_id": None},
    ),
    "callback.answered": tuple({"status": status} for status in (399, 400, 404, 499, 500, 503, None)),
    "provider.answered": (
        {"status": 400, "accepted": False},
        {"status": 503, "accepted": False},
        {"status": None, "accepted": False, "outcome": "reset"},
        {"status": 201, "outcome": "truncated"},
    ),
    "database.inserted": ({"new": "failed"}, {"new": "sent"}),
    "database.status": ({"new": "failed"}, {"new": "delivered"}, {"new": "archived"}),
    "queue.claimed": ({"process": "worker-2"}, {"noack": True}, {"how": "read", "consumer": "worker-2"}),
    "queue.acked": ({"process": "worker-2"}, {"how": "forgotten"}, {"entry": "other"}),
    "queue.appended": ({"again": True}, {"dead": True}),
}
"""What an event of a kind may say instead."""
SPREAD_S = (1.0, 4.0, 11.0, 45.0)
"""Seconds between an event and the next: less than some limit of a profile, more than others."""
UNTOUCHED = ("probe.started", "process.started", "fault.began", "fault.ended")
LATER_S = 1.0
LONG_S = 100.0
"""Longer than any limit of a profile."""


class Slow(Script):
    """The same, in which an event and all behind it came so much later, and which was read to its end right then."""

    def __init__(self, events: Sequence[Event], place: int) -> None:
        super().__init__(events, read=0.0)
        self.place = place

    @property
    def history(self) -> History:
        quick = super().history.events()
        events = [replace(e, seen=e.seen + (LONG_S if e.seq >= self.place else 0.0)) for e in quick]
        return History.of(events, until=events[-1].seen)


class Spread(Script):
    """The same, in which so many seconds lie between an event and the next, by all clocks; it was read to its end."""

    def __init__(self, events: Sequence[Event], seconds: float) -> None:
        super().__init__(events, read=0.0)
        self.seconds = seconds

    @property
    def history(self) -> History:
        quick = super().history.events()
        begin = min(event.at for event in quick)
        slow = [replace(e, seen=e.seq * self.seconds, at=begin + (e.at - begin) * self.seconds * 1000) for e in quick]
        return History.of(slow, until=slow[-1].seen)


def spoiled(script: Script) -> Iterator[tuple[str, Script]]:
    """The history in each of these ways, with a few words that say which."""
    yield "as it is", script
    yield "read too early", Script(script.events, read=0.0)
    yield "no consumer", no_consumer(script)
    yield "everything twice", Script([one for event in script.events for one in doubled(event)], read=script.read)
    yield "no consumer, and everything twice", no_consumer(Script([o for e in script.events for o in doubled(e)]))
    for seconds in SPREAD_S:
        yield f"{seconds:g} s between all", Spread(script.events, seconds)
    for place, event in enumerate(script.events):
        if event.kind not in UNTOUCHED:
            events = [*script.events[: place + 1], *killed(event), *script.events[place + 1 :]]
            yield f"{SPREAD_S[1]:g} s between all, {dated(event)} then a kill", Spread(events, SPREAD_S[1])
    for place in range(1, len(script.events)):
        if script.events[place].kind not in UNTOUCHED:
            yield f"{dated(script.events[place])} came long after", Slow(script.events, place)
    for source in ("queue", "database", "providers"):
        yield f"{source} away", script.add("probe.gap", at=5, source=source, reason="it was away", lasting=True)
    for place, event in enumerate(script.events):
        if event.kind not in UNTOUCHED:
            for how, events in changed(script.events, place, event):
                yield f"{dated(event)} {how}", Script(events, read=script.read)


def changed(events: tuple[Event, ...], place: int, event: Event) -> Iterator[tuple[str, list[Event]]]:
    before, after = [*events[:place]], [*events[place + 1 :]]
    yield "missing", [*before, *after]
    yield "twice", [*before, event, replace(event, at=round(event.at + 0.0003, 6)), *after]
    last = max(one.at for one in events)
    yield "again later", [*events, replace(event, at=last + LATER_S)]
    yield "late", [*before, *after, replace(event, at=last + LATER_S)]
    yield "is the last", [*before, event]
    yield "then a kill", [*before, event, *killed(event), *after]
    for data in ELSEWISE.get(event.kind, ()):
        said = ", ".join(f"{name}={value}" for name, value in data.items())
        other = replace(event, data=MappingProxyType({**event.data, **data}))
        yield said, [*before, other, *after]
        yield f"first {said}", [*before, other, replace(event, at=round(event.at + 0.0003, 6)), *after]
        yield f"then {said}", [*before, event, replace(other, at=round(event.at + 0.0003, 6)), *after]


def killed(event: Event) -> list[Event]:
    """A worker is killed right after an event."""
    since = (event.at - START) * 1000
    return [window(90, "kill", "worker", at=since + 0.1), window(90, "kill", "worker", at=since + 0.2, ended=True)]


def doubled(event: Event) -> list[Event]:
    if event.kind in UNTOUCHED:
        return [event]
    return [event, replace(event, at=round(event.at + 0.0003, 6))]
