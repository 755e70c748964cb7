"""Every small way to spoil a history: an event that is missing, comes twice, says something else; a kill; blindness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from histories import START, Script, window
from judging import no_consumer
from said import dated

from harness.history import Event

ELSEWISE: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "api.answered": ({"status": 422}, {"status": 500}, {"status": None}),
    "callback.answered": ({"status": 404}, {"status": 503}, {"status": None}),
    "provider.answered": (
        {"status": 400, "accepted": False},
        {"status": 503, "accepted": False},
        {"status": None, "accepted": False, "outcome": "reset"},
        {"status": 201, "outcome": "truncated"},
    ),
    "database.inserted": ({"new": "failed"}, {"new": "sent"}),
    "database.status": ({"new": "failed"}, {"new": "delivered"}, {"new": "archived"}),
    "queue.claimed": ({"process": "worker-2"}, {"noack": True}),
    "queue.acked": ({"process": "worker-2"}, {"how": "forgotten"}),
    "queue.appended": ({"again": True}, {"dead": True}),
}
"""What an event of a kind may say instead."""
UNTOUCHED = ("probe.started", "process.started", "fault.began", "fault.ended")
LATER_S = 1.0


def spoiled(script: Script) -> Iterator[tuple[str, Script]]:
    """The history in each of these ways, with a few words that say which."""
    yield "as it is", script
    yield "read too early", Script(script.events, read=0.0)
    yield "no consumer", no_consumer(script)
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
    since = (event.at - START) * 1000
    kill = [window(90, "kill", "worker", at=since + 0.1), window(90, "kill", "worker", at=since + 0.2, ended=True)]
    yield "then a kill", [*before, event, *kill, *after]
    for data in ELSEWISE.get(event.kind, ()):
        said = ", ".join(f"{name}={value}" for name, value in data.items())
        yield said, [*before, replace(event, data=MappingProxyType({**event.data, **data})), *after]
