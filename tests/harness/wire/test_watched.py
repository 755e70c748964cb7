"""The wire's process is told which streams to watch, and says what it meets of them that isn't read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from harness_support import Valkey
from running_wire import RunningWire
from test_gates import STREAM

from harness.deploy.ports import Ports
from harness.errors import DeployError
from harness.history import Event
from harness.loop import Loop
from harness.probes.wire import database_of


@pytest.fixture
def wire(valkey: Valkey, loop: Loop, ports: Ports) -> Iterator[RunningWire]:
    running = RunningWire(valkey, loop, ports)
    loop.run(running.probe.start())
    yield running
    running.close()


def gaps(wire: RunningWire) -> list[Event]:
    wire.settled()
    return wire.history.events("probe.gap")


def test_it_declares_all_that_can_be_seen(wire: RunningWire) -> None:
    (event,) = wire.history.events("probe.started")
    assert event.data["kinds"] == ["queue.appended", "queue.claimed", "queue.acked", "queue.deleted"]


@pytest.mark.parametrize("words", [("DEL", STREAM), ("FLUSHALL",), ("EVAL", "return 1", "0"), ("RENAME", STREAM, "x")])
def test_what_is_not_read_is_a_gap_of_the_process_that_sent_it(wire: RunningWire, words: tuple[str, ...]) -> None:
    client = wire.valkey.client(wire.worker)
    client.xadd(STREAM, {"message_id": "m1"})
    client.execute_command(*words)
    (gap,) = gaps(wire)
    assert f"{words[0]}" in gap.data["reason"]
    assert "was sent by worker-1" in gap.data["reason"]
    assert gap.data["remedy"]
    assert len(gap.data["kinds"]) == 4


def test_what_redis_refused_or_nobody_meant_for_us_is_none(wire: RunningWire) -> None:
    client = wire.valkey.client(wire.worker)
    client.delete(STREAM, "other")  # there is none
    client.set("lock", "1")
    client.xgroup_create(STREAM, "workers", mkstream=True)
    client.xinfo_stream(STREAM)
    assert client.xack(STREAM, "workers", "1-0") == 0
    assert client.xdel(STREAM, "1-0") == 0
    assert gaps(wire) == []
    assert wire.settled() == []


def test_groups_and_databases_are_told_apart(wire: RunningWire) -> None:
    client, elsewhere = wire.valkey.client(wire.worker), wire.valkey.client(wire.worker, db=3)
    for group in ("audit", "workers"):
        client.xgroup_create(STREAM, group, id="0", mkstream=True)
    entry = client.xadd(STREAM, {"message_id": "m1"})
    for group in ("audit", "workers"):
        client.xreadgroup(group, "c", {STREAM: ">"})
        client.xack(STREAM, group, entry)
    client.xread({STREAM: "0"})
    elsewhere.xadd(STREAM, {"message_id": "m2"})
    kinds = [kind for kind, _ in wire.settled()]
    assert kinds == ["queue.appended", "queue.claimed", "queue.acked"]
    assert [(gap.data.get("other_group"), gap.data.get("other_database")) for gap in gaps(wire)] == [
        ("audit", None),
        (None, 3),
    ]


def test_a_request_that_is_none_is_refused_and_harms_nobody(wire: RunningWire) -> None:
    for request in ({"do": "listen"}, {"do": "gate", "gate": "x"}, {"do": "watch"}):
        with pytest.raises(DeployError, match="the wire can't"):
            wire.loop.run(wire.control.ask(**request))
    assert wire.valkey.client(wire.api).ping()


@pytest.mark.parametrize(
    ("url", "number"),
    [
        *((None, 0), ("redis://h", 0), ("redis://h:1/3", 3), ("redis://h/", 0), ("unix:///7", 0), ("redis://h/odd", 0)),
        *(("redis://h?db=4", 4), ("unix:///7?db=2", 2), ("no url", 0)),
    ],
)
def test_the_database_that_a_url_names(url: str | None, number: int) -> None:
    assert database_of(url) == number
