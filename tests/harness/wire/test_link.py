"""What can be wrong with a link between a process and Redis, seen from both of its ends, and that it heals."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
import redis
from harness_support import Valkey
from redis.backoff import NoBackoff
from redis.retry import Retry
from running_wire import RunningWire

from harness.deploy.ports import Ports
from harness.errors import DeployError
from harness.loop import Loop

STREAM = "message_queue:sms"


@pytest.fixture
def wire(valkey: Valkey, loop: Loop, ports: Ports) -> Iterator[RunningWire]:
    running = RunningWire(valkey, loop, ports)
    yield running
    running.close()


def disturb(wire: RunningWire, what: str, *, process: str = "worker", **more: float) -> list[str]:
    asked = wire.control.ask("disturb", fault=1, process=process, part="redis", what=what, **more)
    return list(wire.loop.run(asked)["links"])


def heal(wire: RunningWire) -> int:
    return int(wire.loop.run(wire.control.ask("heal", fault=1))["hits"])


def client(port: int, *, timeout: float = 5.0) -> redis.Redis:
    return redis.Redis(port=port, socket_timeout=timeout, retry=Retry(NoBackoff(), 0), protocol=2)


def said_anew(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as new:
        new.sendall(b"PING\r\n")
        new.recv(100)


def test_a_cut_ends_connections_refuses_new_ones_and_heals(wire: RunningWire) -> None:
    worker, api = client(wire.worker), client(wire.api)
    assert worker.ping()
    assert api.ping()
    assert disturb(wire, "cut") == ["worker-1"], "a link is the one of the kind that was named"
    with pytest.raises(redis.ConnectionError):
        worker.ping()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", wire.worker), timeout=5)
    assert api.ping(), "the other process's link is whole"
    assert heal(wire) == 1
    assert worker.ping()
    assert heal(wire) == 0, "what is healed is healed"


def test_a_reset_is_one(wire: RunningWire) -> None:
    with socket.create_connection(("127.0.0.1", wire.worker), timeout=5) as old:
        old.sendall(b"PING\r\n")
        assert old.recv(100) == b"+PONG\r\n"
        disturb(wire, "reset")
        with pytest.raises(ConnectionResetError):
            old.recv(100)
        with pytest.raises(ConnectionResetError):
            said_anew(wire.worker)
    assert heal(wire) == 2
    assert client(wire.worker).ping()


def test_what_is_said_on_a_half_open_link_arrives_nowhere_and_the_record_knows(wire: RunningWire) -> None:
    worker = client(wire.worker, timeout=0.5)
    assert worker.ping()
    disturb(wire, "half-open")
    with pytest.raises(redis.TimeoutError):
        worker.xadd(STREAM, {"data": "1"})
    assert heal(wire) == 1
    assert client(wire.api).exists(STREAM) == 0
    assert wire.settled() == []
    assert worker.xadd(STREAM, {"data": '{"message_id": "m2"}'}), "once healed it works again"
    assert wire.settled() == [("queue.appended", "worker-1")]
    assert wire.history.events("probe.gap") == [], "what never arrived is no gap"


def test_an_answer_that_a_half_open_link_loses_is_recorded_as_done(wire: RunningWire) -> None:
    with socket.create_connection(("127.0.0.1", wire.worker), timeout=5) as reader:
        client(wire.api).xgroup_create(STREAM, "workers", mkstream=True)
        reader.sendall(b"XREADGROUP GROUP workers w BLOCK 5000 STREAMS message_queue:sms >\r\n")
        deadline = time.monotonic() + 5
        while not client(wire.api).info("clients")["blocked_clients"] and time.monotonic() < deadline:
            pass
        disturb(wire, "half-open")
        client(wire.api).xadd(STREAM, {"data": "1"})
        assert heal(wire) == 1, "the delivery was lost"
        with pytest.raises(ConnectionResetError):
            reader.recv(100)
    assert ("queue.claimed", "worker-1") in wire.settled()


def test_an_answer_that_is_unheard_is_of_what_was_done(wire: RunningWire) -> None:
    worker = client(wire.worker, timeout=0.5)
    worker.ping()
    assert disturb(wire, "unheard") == ["worker-1"]
    with pytest.raises(redis.TimeoutError):
        worker.xadd(STREAM, {"data": '{"message_id": "m1"}'})
    assert heal(wire) == 1
    assert client(wire.api).xlen(STREAM) == 1
    assert wire.settled() == [("queue.appended", "worker-1")]


def test_a_delay_comes_on_both_ways_and_keeps_the_order(wire: RunningWire) -> None:
    worker = client(wire.worker)
    worker.ping()
    disturb(wire, "delay", seconds=0.1, jitter=0.02)
    began = time.monotonic()
    pipe = worker.pipeline(transaction=False)
    for number in range(20):
        pipe.xadd(STREAM, {"data": str(number)})
    pipe.execute()
    assert time.monotonic() - began >= 0.2
    assert heal(wire) >= 2
    assert [fields[b"data"] for _, fields in worker.xrange(STREAM)] == [str(n).encode() for n in range(20)]


def test_what_is_under_way_arrives_when_a_link_heals(wire: RunningWire) -> None:
    with socket.create_connection(("127.0.0.1", wire.worker), timeout=20) as said:
        said.sendall(b"PING\r\n")
        assert said.recv(100) == b"+PONG\r\n"
        disturb(wire, "delay", seconds=600.0)
        said.sendall(b"PING\r\n")
        wire.loop.run(wire.control.ask("settle"))
        assert heal(wire) == 1
        assert said.recv(100) == b"+PONG\r\n"


def test_a_slow_link_carries_so_many_bytes_a_second(wire: RunningWire) -> None:
    worker = client(wire.worker)
    worker.ping()
    disturb(wire, "slow", bytes_per_s=100_000.0)
    began = time.monotonic()
    worker.set("blob", b"x" * 30_000)
    assert time.monotonic() - began >= 0.3
    assert heal(wire) >= 1
    assert worker.get("blob") == b"x" * 30_000


def test_faults_of_two_numbers_end_each_for_itself(wire: RunningWire) -> None:
    disturb(wire, "cut")
    wire.loop.run(wire.control.ask("disturb", fault=2, process="worker-1", part="redis", what="delay", seconds=0.01))
    assert wire.loop.run(wire.control.ask("heal", fault=1))
    worker = client(wire.worker)
    assert worker.ping()
    assert wire.loop.run(wire.control.ask("heal", fault=2))["hits"] >= 1


def test_an_unknown_trouble_is_refused_in_words(wire: RunningWire) -> None:
    with pytest.raises(DeployError, match=r"'cutt' is no trouble of a link; there are cut, reset"):
        disturb(wire, "cutt")
    assert disturb(wire, "cut", process="mailer") == [], "whom nobody listens for is told by his absence"
