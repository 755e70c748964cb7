"""Gates by what a command means to the queue: what puts an entry there, what finishes one, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from queue_events import told
from running_wire import RunningWire

from harness.profile import Queue, Spoken

Watching = Callable[..., RunningWire]


def gate(wire: RunningWire, process: str, spoken: Spoken, side: str) -> None:
    wire.gate(7, process, list(spoken.commands), side, keys=list(spoken.keys))


@pytest.mark.parametrize(
    ("table", "push"),
    [
        ({"kind": "list", "keys": {"sms": "jobs"}}, lambda c: c.lpush("jobs", "m1")),
        ({"kind": "list", "keys": {"sms": "jobs"}}, lambda c: c.rpush("jobs", "m1")),
        ({"kind": "list", "keys": {"sms": "jobs"}, "also": [":high"]}, lambda c: c.rpush("jobs:high", "m1")),
        ({"kind": "sorted-set", "keys": {"sms": "jobs"}}, lambda c: c.zadd("jobs", {"m1": 1})),
    ],
)
def test_what_puts_an_entry_there_is_withheld_and_nothing_else(
    watching: Watching, table: dict[str, Any], push: Callable[[Any], object]
) -> None:
    wire = watching(**table)
    gate(wire, "api", Queue.model_validate(table).append_commands, "command")
    client = wire.valkey.client(wire.api)
    client.lpush("other", "x")
    client.llen("jobs") if table["kind"] == "list" else client.zcard("jobs")
    pushing = threading.Thread(target=push, args=(client,))
    pushing.start()
    wire.reached(7)
    assert told(wire.history) == []
    assert wire.open(7) == 1
    pushing.join(10)
    wire.settled()
    assert [kind for kind, *_ in told(wire.history)] == ["appended"]


@pytest.mark.parametrize(
    ("table", "finish"),
    [
        ({"kind": "list", "keys": {"sms": "jobs"}, "taken": "working:*"}, lambda c: c.lrem("working:1", 1, "m1")),
        ({"kind": "celery"}, lambda c: c.hdel("unacked", "m1")),
        ({"kind": "rq"}, lambda c: c.zrem("rq:wip:default", "m1:x")),
        ({"kind": "arq"}, lambda c: c.zrem("arq:queue", "m1")),
    ],
)
def test_what_finishes_one_is_withheld_and_nothing_else(
    watching: Watching, table: dict[str, Any], finish: Callable[[Any], object]
) -> None:
    wire = watching(**table)
    gate(wire, "worker", Queue.model_validate(table).finish_commands, "command")
    client = wire.valkey.client(wire.worker)
    client.zrem("other", "m1")
    client.delete("else", "more")
    finishing = threading.Thread(target=finish, args=(client,))
    finishing.start()
    wire.reached(7)
    assert wire.open(7) == 1
    finishing.join(10)


def test_where_nothing_can_be_withheld_there_are_no_commands() -> None:
    for table in ({"kind": "dramatiq"}, {"kind": "taskiq"}, {"kind": "none"}, {"kind": "pubsub"}):
        assert Queue.model_validate(table).finish_commands.commands == ()
    assert Queue.model_validate({"kind": "none"}).append_commands.commands == ()


def test_a_stream_is_spoken_to_as_it_was() -> None:
    assert str(Queue().append_commands) == "XADD"
    assert Queue().finish_commands.commands[0] == "XACK"
    assert Queue.model_validate({"finish": "delete"}).finish_commands.commands[0] == "XDEL"
