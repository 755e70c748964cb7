"""Records that stand still while somebody waits, or grow when they are looked at or read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from histories import (
    CONTRACT,
    ID,
    SID,
    TOKEN,
    Script,
    right,
    send,
    started,
    watched,
)

from harness.history import Flow, History, key
from harness.profile import Policy, Waits
from harness.scenario.waiting import Waiting

PROVIDER = key("provider", SID)
PENDING = send(started("api", "worker"))
NOBODY = send(started("api"))
KEPT = right().drop("queue.deleted")
UNANSWERED = NOBODY.drop("api.answered")
REPLY = (
    watched()
    .add("callback.sent", at=0, keys=[PROVIDER], call="c1", what="inbound")
    .add("callback.answered", at=1, keys=[PROVIDER], call="c1", what="inbound", status=200)
    .add("database.inserted", at=2, keys=[PROVIDER], message_id=ID, new="received")
)
MOST_LOOKS, MOST_READINGS = 200, 10
"""More of either than a wait has a reason for."""
AGES = 1e6
"""Seconds: longer than anything that is waited for here."""


@dataclass
class Message:
    """A message in a record; `next` grows the record each time before it is looked at."""

    history: History
    name: str = key("token", TOKEN)
    next: Callable[[], None] = lambda: None
    looks: int = 0

    @property
    def now(self) -> Flow:
        self.looks += 1
        assert self.looks <= MOST_LOOKS, "it is looked at again and again, and nothing has happened"
        self.next()
        return Flow(self.history.flow(self.name), name=self.name)


class Sources:
    """What is read to its end; each reading brings one more script."""

    def __init__(self, history: History, scripts: tuple[Script, ...] = ()) -> None:
        self.history = history
        self.scripts = list(scripts)
        self.readings = 0

    def read(self) -> None:
        self.readings += 1
        assert self.readings <= MOST_READINGS, "it is read again and again, and nothing comes"
        if self.scripts:
            grow(self.history, self.scripts.pop(0))


def grow(history: History, script: Script) -> None:
    for event in script.events:
        data = dict(event.data)
        history.append(event.kind, source=event.source, message_id=event.message_id, data=data, keys=event.keys)


def waiting(
    script: Script,
    *readings: Script,
    within: float = 10.0,
    scale: float = 1.0,
    history: History | None = None,
    **policy: float,
) -> tuple[Waiting, Sources]:
    """The waits of a stack whose record is this so far."""
    its = CONTRACT.model_copy(update={"waits": Waits(within=within), "policy": Policy(**policy)})
    record = script.history if history is None else history
    sources = Sources(record, readings)
    return Waiting(history=record, profile=its, read=sources.read, scale=scale), sources


def fresh(script: Script, *readings: Script, **more: float) -> tuple[Waiting, Sources, Message]:
    """A record that is made now, so that its times are this machine's; with its message."""
    history = History()
    grow(history, script)
    its, sources = waiting(script, *readings, history=history, **more)
    return its, sources, Message(history)


def another(history: History, script: Script) -> Message:
    """A second message in a record, to which the same has happened as to the script's."""
    for event in script.events:
        names = ["token:#another" if name == key("token", TOKEN) else f"{name} of another" for name in event.keys]
        data = {name: f"{value} of another" if name == "entry" else value for name, value in event.data.items()}
        if names:
            history.append(event.kind, source=event.source, data=data, keys=names)
    return Message(history, "token:#another")


def rest(script: Script, *kinds: str) -> Script:
    """What is left of a script from the first event of these kinds on."""
    place = next(n for n, event in enumerate(script.events) if event.kind in kinds)
    return Script(script.events[place:])
