"""The wire in front of a real Valkey, with real clients: what is withheld, and what is never touched."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness_support import Valkey, arrives, until
from running_wire import RunningWire

from harness.deploy.ports import Ports
from harness.errors import DeployError, PartDied
from harness.loop import Loop
from harness.wire.commands import text

STREAM = "message_queue:sms"


@pytest.fixture
def wire(valkey: Valkey, loop: Loop, ports: Ports) -> Iterator[RunningWire]:
    running = RunningWire(valkey, loop, ports)
    yield running
    running.close()
    assert running.process.returncode == 0


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


def test_it_tells_who_did_what(wire: RunningWire) -> None:
    api, worker = wire.valkey.client(wire.api), wire.valkey.client(wire.worker)
    api.xgroup_create(STREAM, "workers", id="0", mkstream=True)
    entry = api.xadd(STREAM, {"data": '{"message_id": "m1"}'})
    worker.xreadgroup("workers", "w1", {STREAM: ">"})
    worker.xack(STREAM, "workers", entry)
    worker.xdel(STREAM, entry)
    assert wire.settled() == [
        ("queue.appended", "api-1"),
        ("queue.claimed", "worker-1"),
        ("queue.acked", "worker-1"),
        ("queue.deleted", "worker-1"),
    ]
    assert [e.kind for e in wire.history.flow("message:m1")] == [kind for kind, _ in wire.settled()]


def test_other_streams_are_nobodys_business(wire: RunningWire) -> None:
    wire.valkey.client(wire.api).xadd("other", {"a": "b"})
    assert wire.settled() == []


@pytest.mark.parametrize("protocol", [2, 3])
def test_pipelines_and_transactions_of_both_protocols(wire: RunningWire, protocol: int) -> None:
    client = wire.valkey.client(wire.api, protocol=protocol)
    with client.pipeline(transaction=True) as pipeline:
        for number in range(3):
            pipeline.xadd(STREAM, {"message_id": f"m{number}"})
        entries = pipeline.execute()
    with client.pipeline(transaction=False) as pipeline:
        for number in range(50):
            pipeline.xadd(STREAM, {"message_id": f"n{number}"})
        entries += pipeline.execute()
    wire.settled()
    assert [event.data["id"] for event in wire.history.events("queue.appended")] == entries


def test_bytes_are_forwarded_untouched(wire: RunningWire) -> None:
    client = wire.valkey.client(wire.api)
    client.connection_pool.connection_kwargs["decode_responses"] = False
    value = os.urandom(300_000) + b"\r\n$5\r\n"
    client.set("blob", value)
    assert client.get("blob") == value


def test_the_answer_to_a_command_is_withheld(wire: RunningWire, pool: ThreadPoolExecutor) -> None:
    wire.gate(1, "api", "XADD", "answer")
    adding = pool.submit(wire.valkey.client(wire.api).xadd, STREAM, {"a": "b"})
    wire.reached(1)
    until(wire.history, lambda: True if wire.valkey.client().xlen(STREAM) == 1 else None)
    assert wire.valkey.client(wire.worker).xlen(STREAM) == 1  # another process isn't held up
    assert not adding.done()
    assert wire.open(1) == 1
    assert adding.result(10)


@pytest.mark.parametrize("side", ["answer", "command"])
def test_who_hangs_up_while_something_is_withheld_is_told(wire: RunningWire, side: str) -> None:
    wire.gate(7, "api", "XADD", side)
    with socket.create_connection(("127.0.0.1", wire.api)) as client:
        client.sendall(f"XADD {STREAM} * a b\r\n".encode())
        wire.reached(7)
    left = arrives(wire.history, lambda event: event.kind == "fault.left")
    assert (left.data["gate"], left.data["target"]) == (7, "api-1")
    wire.open(7)


def test_a_command_is_withheld(wire: RunningWire, pool: ThreadPoolExecutor) -> None:
    wire.gate(2, "api-1", "xadd", "command")
    adding = pool.submit(wire.valkey.client(wire.api).xadd, STREAM, {"a": "b"})
    wire.reached(2)
    assert wire.valkey.client().xlen(STREAM) == 0
    assert wire.open(2) == 1
    assert adding.result(10)
    assert wire.valkey.client().xlen(STREAM) == 1


def test_a_delivery_is_withheld(wire: RunningWire, pool: ThreadPoolExecutor) -> None:
    client = wire.valkey.client()
    client.xgroup_create(STREAM, "workers", id="0", mkstream=True)
    wire.gate(3, "worker", "XREADGROUP", "delivery", contains="m1")
    worker = wire.valkey.client(wire.worker)
    client.xadd(STREAM, {"message_id": "m0"})
    assert worker.xreadgroup("workers", "w1", {STREAM: ">"})  # another message passes
    client.xadd(STREAM, {"message_id": "m1"})
    reading = pool.submit(worker.xreadgroup, "workers", "w1", {STREAM: ">"})
    wire.reached(3)
    assert not reading.done()
    assert wire.open(3) == 1
    assert reading.result(10)[0][1][0][1] == {"message_id": "m1"}


def test_a_gate_may_be_for_one_message_only(wire: RunningWire, pool: ThreadPoolExecutor) -> None:
    wire.gate(4, "api", "XADD", "command", contains="wanted", times=1)
    client = wire.valkey.client(wire.api)
    assert client.xadd(STREAM, {"message_id": "other"})
    adding = pool.submit(client.xadd, STREAM, {"message_id": "wanted"})
    wire.reached(4)
    assert wire.valkey.client(wire.api).xadd(STREAM, {"message_id": "wanted again"})  # once is enough
    assert wire.open(4) == 1
    assert adding.result(10)


def test_a_delivery_gate_ends_after_its_times(wire: RunningWire, pool: ThreadPoolExecutor) -> None:
    client, worker = wire.valkey.client(), wire.valkey.client(wire.worker)
    wire.gate(5, "worker", "XREAD", "delivery", times=1)
    client.xadd(STREAM, {"a": "b"})
    first = pool.submit(worker.xread, {STREAM: "0"})
    wire.reached(5)
    assert wire.valkey.client(wire.worker).xread({STREAM: "0"})
    assert wire.open(5) == 1
    assert first.result(10)


def test_opening_a_gate_that_is_not_closed_is_harmless(wire: RunningWire) -> None:
    assert wire.open(99) == 0


CLIENT = "import redis, sys; redis.Redis(port=int(sys.argv[1])).xadd('message_queue:sms', {'a': 'b'})"


def test_what_a_killed_process_said_before_the_gate_never_reaches_redis(wire: RunningWire) -> None:
    wire.gate(6, "api", "XADD", "command")
    client = subprocess.Popen([sys.executable, "-c", CLIENT, str(wire.api)])
    wire.reached(6)
    client.send_signal(signal.SIGKILL)
    client.wait(10)
    # the wire has seen the connection's end once Redis has lost the client behind it
    redis = wire.valkey.client()
    deadline = time.monotonic() + 10
    while len(redis.client_list()) > 1 and time.monotonic() < deadline:
        threading.Event().wait(0.005)  # reason: Redis tells nobody that a client has gone
    wire.open(6)
    wire.settled()
    assert redis.xlen(STREAM) == 0
    assert wire.history.events("queue.appended", "probe.gap") == []


def test_a_dead_redis_looks_dead_through_the_wire(wire: RunningWire) -> None:
    port = wire.listen("api-2", upstream=wire.ports.free())
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(10)
        assert connection.recv(1) == b""


def test_a_connection_that_can_not_be_followed_is_a_gap(wire: RunningWire) -> None:
    client = wire.valkey.client(wire.api)
    with client.monitor() as monitor:
        wire.valkey.client().ping()
        assert monitor.next_command()  # the bytes pass all the same
        wire.settled()
        assert wire.history.events("probe.gap") == [], "whoever only listens says nothing of a queue"
        monitor.connection.send_command("XACK", "message_queue:sms", "workers", "1-0")
    gap = arrives(wire.history, lambda event: event.kind == "probe.gap")
    assert gap.data["process"] == "api-1"
    assert "MONITOR was used" in gap.data["reason"]
    wire.settled()
    assert len(wire.history.events("probe.gap")) == 1


def test_a_port_that_is_taken_is_told(wire: RunningWire) -> None:
    with pytest.raises(DeployError, match=r"the wire can't listen: .*address already in use"):
        wire.loop.run(
            wire.control.ask("listen", process="x", host="127.0.0.1", port=wire.api, upstream=["127.0.0.1", 1])
        )


def test_a_dead_wire_is_told(valkey: Valkey, loop: Loop, ports: Ports) -> None:
    wire = RunningWire(valkey, loop, ports)
    wire.process.kill()
    wire.process.wait(10)
    with pytest.raises(PartDied, match="the wire died under the run"):
        loop.run(wire.control.ask("settle"))
    with pytest.raises(PartDied, match="the wire died under the run"):
        loop.run(wire.control.ask("settle"))
    loop.run(wire.probe.stop())


def test_text_of_bytes_that_are_no_text() -> None:
    assert text(b"\xff") == "\ufffd"
    assert text(5) == "5"


def test_what_stands_before_a_gate_in_the_same_bytes_passes(wire: RunningWire, pool: ThreadPoolExecutor) -> None:
    """An acknowledgement and a deletion that are sent together are two steps all the same."""
    worker, straight = wire.valkey.client(wire.worker), wire.valkey.client()
    straight.xgroup_create(STREAM, "workers", id="0", mkstream=True)
    entry = straight.xadd(STREAM, {"data": "x"})
    worker.xreadgroup("workers", "w1", {STREAM: ">"})
    wire.gate(1, "worker", "XDEL", "command", times=1)
    both = worker.pipeline(transaction=False)
    both.xack(STREAM, "workers", entry)
    both.xdel(STREAM, entry)
    answers = pool.submit(both.execute)
    wire.reached(1)
    arrives(wire.history, lambda event: event.kind == "queue.acked")
    assert straight.xpending(STREAM, "workers")["pending"] == 0
    assert straight.xlen(STREAM) == 1
    assert wire.open(1) == 1
    assert answers.result(10) == [1, 1]
    assert [kind for kind, _ in wire.settled()][-2:] == ["queue.acked", "queue.deleted"]


def test_a_gate_lets_pass_what_it_skips(wire: RunningWire, pool: ThreadPoolExecutor) -> None:
    api, straight = wire.valkey.client(wire.api), wire.valkey.client()
    wire.gate(1, "api", "XADD", "command", times=1, skip=2)
    for _ in range(2):
        api.xadd(STREAM, {"data": "x"})
    third = pool.submit(api.xadd, STREAM, {"data": "x"})
    wire.reached(1)
    assert straight.xlen(STREAM) == 2
    wire.open(1)
    assert third.result(10)
    assert straight.xlen(STREAM) == 3
