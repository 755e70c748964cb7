"""Histories made by hand: a right flow, and ways to spoil it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from harness.history import Event, Flow, History, key
from harness.profile import load
from harness.scenario.messages import Message

ID = "11111111-2222-4333-8444-555555555555"
TOKEN = "#h0123456789"
SID = "SM1"
ENTRY = key("entry", "message_queue:sms", "1-0")
START = 1_000.0
MESSAGE = Message(type="sms", sender="+12025550123", to="+12065550100", body=f"hello {TOKEN}", token=TOKEN)

QUEUE = ("appended", "claimed", "acked", "deleted")

Match = Callable[[Event], bool]


CONTRACT = load(Path(__file__).resolve().parents[2] / "harness.toml", environ={})
"""The reference stack's profile, which says what it claims."""
LATE = 1_000.0
"""Seconds after the last event at which a record was read to its end, when nothing more will come."""


class Script:
    """Events in the order in which they arrive; every change gives a new script."""

    def __init__(self, events: Sequence[Event] = (), *, read: float = LATE) -> None:
        self.events = tuple(events)
        self.read = read

    def soon(self) -> Script:
        """The same, read to its end right after the last event: more may still come."""
        return Script(self.events, read=0.0)

    def add(self, kind: str, *, at: float, source: str = "", keys: Sequence[str] = (), **data: Any) -> Script:
        """Puts an event at the end; `at` in milliseconds after the start."""
        return Script([*self.events, made(kind, at=at, source=source, keys=keys, **data)])

    def insert(self, before: str, event: Event) -> Script:
        """Puts an event before the first one of kind `before`."""
        place = next(n for n, known in enumerate(self.events) if known.kind == before)
        return Script([*self.events[:place], event, *self.events[place:]])

    def drop(self, *kinds: str, where: Match = lambda _: True) -> Script:
        kept = [event for event in self.events if not (event.kind in kinds and where(event))]
        assert len(kept) < len(self.events), f"nothing to drop: {kinds}"
        return Script(kept)

    def change(self, kind: str, where: Match = lambda _: True, *, at: float | None = None, **data: Any) -> Script:
        """Changes data, and the time where given, of all events of a kind."""
        changed = [
            replace(
                event,
                data=MappingProxyType({**event.data, **data}),
                at=event.at if at is None else START + at / 1000,
            )
            if event.kind == kind and where(event)
            else event
            for event in self.events
        ]
        assert changed != list(self.events), f"nothing to change: {kind}"
        return Script(changed)

    @property
    def history(self) -> History:
        """The history in this order of arrival: `seen` is the place in it."""
        events = [replace(event, seen=place / 1000) for place, event in enumerate(self.events)]
        return History.of(events, until=len(events) / 1000 + self.read)

    def flow(self, history: History) -> Flow:
        return Flow(history.flow(key("token", TOKEN)) or history.flow(key("message", ID)), name=TOKEN)


def made(kind: str, *, at: float, source: str = "", keys: Sequence[str] = (), **data: Any) -> Event:
    """One event of the message; `at` in milliseconds after the start."""
    message_id = data.pop("message_id", None)
    names = [*keys, *([key("message", message_id)] if message_id else [])]
    return Event(
        seq=0,
        at=START + at / 1000,
        seen=0.0,
        source=source or kind.partition(".")[0],
        kind=kind,
        message_id=message_id,
        data=MappingProxyType(data),
        keys=tuple(names),
    )


def watched() -> Script:
    """Everything can be seen: each source says what it delivers."""
    script = Script().add("probe.started", at=-2000, source="queue", kinds=[f"queue.{w}" for w in QUEUE])
    script = script.add("probe.started", at=-2000, source="database", kinds=["database.inserted", "database.status"])
    kinds = ["provider.called", "provider.answered", "callback.sent", "callback.answered"]
    return script.add("probe.started", at=-2000, source="providers", kinds=kinds)


def started(*roles: str) -> Script:
    """Processes of these roles run; the profile names both."""
    script = watched().add("probe.started", at=-2000, source="deploy", kinds=[], roles=["api", "worker"], whole=True)
    for role in roles:
        script = script.add("process.started", at=-1000, source="deploy", process=f"{role}-1", role=role, pid=1)
    return script


def send(script: Script) -> Script:
    """The API's part: request, row, entry, answer."""
    token = [key("token", TOKEN)]
    script = script.add("api.requested", at=0, keys=token, operation="send", channel=MESSAGE.type, request=1)
    script = script.add("database.inserted", at=1, keys=token, message_id=ID, sequence=1, old=None, new="pending")
    script = script.add("queue.appended", at=2, message_id=ID, keys=[ENTRY], **queue("api-1"), fields={"data": "{}"})
    return script.add(
        "api.answered",
        at=3,
        keys=token,
        message_id=ID,
        operation="send",
        request=1,
        status=201,
        message_status="pending",
    )


def work(script: Script) -> Script:
    """The worker's part: delivery, call, statuses, acknowledgement."""
    token, call, gave = key("token", TOKEN), key("call", "twilio", 1), key("provider", SID)
    script = script.add("queue.claimed", at=4, message_id=ID, keys=[ENTRY], **queue("worker-1"))
    script = script.add("database.status", at=5, message_id=ID, sequence=2, old="pending", new="sending")
    script = script.add(
        "provider.called",
        at=6,
        keys=[call, token],
        provider="twilio",
        call="twilio/1",
        to=MESSAGE.to,
        params={"Body": MESSAGE.body},
        **{"from": MESSAGE.sender},
    )
    script = script.add(
        "provider.answered", at=7, keys=[call, gave], call="twilio/1", status=201, message=SID, accepted=True
    )
    script = script.add(
        "database.status", at=8, message_id=ID, keys=[gave], sequence=3, old="sending", new="sent", provider_id=SID
    )
    script = script.add("queue.acked", at=9, keys=[ENTRY], **queue("worker-1"))
    return script.add("queue.deleted", at=10, keys=[ENTRY], **queue("worker-1"))


def queue(process: str) -> dict[str, Any]:
    return {"stream": "message_queue:sms", "id": "1-0", "entry": ENTRY, "process": process}


def window(number: int, fault: str, target: str, *, at: float, ended: bool = False) -> Event:
    kind = "fault.ended" if ended else "fault.began"
    return made(kind, at=at, source="harness", fault=fault, target=target, number=number)


def right() -> Script:
    """A right flow, undisturbed."""
    return work(send(started("api", "worker")))


def held() -> Script:
    """A right flow whose send fell into a hold of the workers."""
    script = started("api", "worker")
    script = send(Script([*script.events, window(1, "hold", "worker", at=-1)]))
    return work(Script([*script.events, window(1, "hold", "worker", at=3.5, ended=True)]))


def gated() -> Script:
    """A right flow in which the answer to the API's XADD was withheld until the row was sent."""
    script = work(send(started("api", "worker")))
    answer = next(event for event in script.events if event.kind == "api.answered")
    script = script.drop("api.answered").insert("api.requested", window(2, "gate", "api", at=-1))
    hit = made("fault.hit", at=2.5, source="queue", fault="gate", gate=2, target="api-1")
    script = script.insert("queue.claimed", hit)
    late = replace(answer, at=START + 0.012)
    return Script([*script.events, window(2, "gate", "api", at=11, ended=True), late])


def is_new(status: str) -> Match:
    return lambda event: event.data.get("new") == status
