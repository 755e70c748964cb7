"""A cluster of one node: a stack's names have hash tags there, and Redis is asked as any other."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
import redis

from harness.deploy import valkey
from harness.deploy.ports import Ports
from harness.history import Event, History
from harness.loop import Loop
from harness.probes.counters import Counters
from harness.probes.monitor import MonitorProbe
from harness.probes.places_probe import PlacesProbe
from harness.profile import Queue

TAGGED, JOBS = "{orders}:texts", "{orders}:jobs"
Node = tuple[str, "redis.Redis[str]"]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    ports = Ports()
    port, place = ports.free(), tmp_path_factory.mktemp("cluster")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(place)]
    command = [str(valkey.binary()), *options, "--cluster-enabled", "yes", "--cluster-port", str(ports.free())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            next(line for line in server.stdout if valkey.READY in line)
            client = redis.Redis(port=port, decode_responses=True, socket_timeout=20)
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            while "cluster_state:ok" not in str(client.execute_command("CLUSTER", "INFO")):
                client.execute_command("WAIT", "1", "20")  # it answers after 20 ms: nobody replicates this one
            yield f"redis://127.0.0.1:{port}/0", client
        finally:
            server.kill()
            ports.close()


def kinds(events: list[Event]) -> list[str]:
    """What was done to the queue, by Redis' clock: MONITOR and the tail tell of it in any order."""
    of_queue = (event for event in events if event.kind.startswith("queue.") and event.kind != "queue.counted")
    return [event.kind for event in sorted(of_queue, key=lambda event: event.at)]


def test_a_stream(node: Node, loop: Loop) -> None:
    url, client = node
    history, queue = History(), Queue(streams={"sms": TAGGED}, dead="")
    probe = MonitorProbe(history, queue, url=url, name_of_pid={}.get)
    loop.run(probe.start())
    try:
        client.xgroup_create(TAGGED, "workers", id="0", mkstream=True)
        entry = client.xadd(TAGGED, {"data": '{"message_id": "m1"}'})
        client.xreadgroup("workers", "one", {TAGGED: ">"})
        client.xack(TAGGED, "workers", entry)
        loop.run(probe.settle())
    finally:
        loop.run(probe.stop())
    assert kinds(list(history.flow("message:m1"))) == ["queue.appended", "queue.acked"]
    assert [gap for gap in history.events("probe.gap") if not gap.data.get("lasting")] == []
    counted = Counters(history, queue, url=url).count(TAGGED).data
    assert (counted["length"], counted["pending"], counted["lag"]) == (1, 0, 0)


def test_a_list(node: Node, loop: Loop) -> None:
    url, client = node
    history = History()
    queue = Queue.model_validate({"kind": "list", "keys": {"sms": JOBS}, "taken": "{orders}:working"})
    probe = PlacesProbe(history, queue, url=url, name_of_pid={}.get)
    loop.run(probe.start())
    try:
        client.rpush(JOBS, "m1")
        client.lmove(JOBS, "{orders}:working", "LEFT", "RIGHT")
        client.lrem("{orders}:working", 1, "m1")
        loop.run(probe.settle())
    finally:
        loop.run(probe.stop())
    assert kinds(list(history.flow("message:m1")))[0] == "queue.appended"
    assert "queue.acked" in kinds(list(history.events()))
