"""What a history says of a queue, in few words."""

from __future__ import annotations

from running_wire import RunningWire

from harness.history import History

Told = list[tuple[str, str, str | None]]


def told(history: History) -> Told:
    """Each event of the queue: kind, entry, and message where it says one."""
    events = [event for event in history.events() if event.kind.startswith("queue.")]
    return [(event.kind.removeprefix("queue."), str(event.data["id"]), event.message_id) for event in events]


def seen(wire: RunningWire) -> Told:
    """The same of all that has happened so far; fails where something couldn't be seen."""
    wire.settled()
    assert reasons(wire.history) == []
    return told(wire.history)


def reasons(history: History) -> list[str]:
    return [str(event.data["reason"]) for event in history.events("probe.gap")]
