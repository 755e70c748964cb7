"""An attached stack's Redis: MONITOR and the tail together, and what is said where one of them can't see."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from harness_support import Valkey, arrives

from harness.deploy.ports import Ports
from harness.errors import DeployError
from harness.history import History
from harness.loop import Loop
from harness.probes.monitor import MonitorProbe
from harness.probes.monitor_lines import parse
from harness.probes.owners import Owners
from harness.probes.tail import order
from harness.profile import Queue

STREAM = "message_queue:sms"
Make = Callable[..., "Watch"]


class Watch:
    def __init__(self, valkey: Valkey | None, loop: Loop, **more: Any) -> None:
        self.loop, self.history = loop, History()
        names = {os.getpid(): "api-1"}
        more = {"url": valkey.url if valkey else "", "name_of_pid": names.get, **more}
        self.probe = MonitorProbe(self.history, more.pop("queue", Queue()), **more)
        loop.run(self.probe.start())

    def settled(self) -> list[tuple[str, str, str]]:
        self.loop.run(self.probe.settle())
        found = [e for e in self.history.events() if e.kind.startswith("queue.")]
        return [(e.kind, str(e.data["id"]), str(e.data.get("process", ""))) for e in found]

    def gaps(self) -> list[str]:
        """What was missed once."""
        return [str(e.data["reason"]) for e in self.history.events("probe.gap") if not e.data.get("lasting")]

    def blind(self) -> dict[str, str]:
        """The kinds of events that are never seen, with the reason."""
        lasting = [e for e in self.history.events("probe.gap") if e.data.get("lasting")]
        return {kind: str(e.data["reason"]) for e in lasting for kind in e.data["kinds"]}


@pytest.fixture
def watch(valkey: Valkey, loop: Loop) -> Iterator[Make]:
    made: list[Watch] = []

    def make(**more: Any) -> Watch:
        made.append(Watch(valkey, loop, **more))
        return made[-1]

    yield make
    for one in made:
        loop.run(one.probe.stop())


def test_who_did_what(watch: Make, valkey: Valkey) -> None:
    seen, client = watch(), valkey.client()
    client.xgroup_create(STREAM, "workers", id="0", mkstream=True)
    entry = client.xadd(STREAM, {"data": '{"message_id": "m1"}'})
    assert seen.settled() == [("queue.appended", entry, "api-1")]
    client.xack(STREAM, "workers", entry)
    client.xdel(STREAM, entry)
    assert seen.settled()[1:] == [("queue.acked", entry, "api-1"), ("queue.deleted", entry, "api-1")]
    assert len(seen.history.flow("message:m1")) == 3
    assert seen.gaps() == []


def test_entries_that_come_and_go_are_paired_with_their_ids(watch: Make, valkey: Valkey) -> None:
    """They were deleted in the transaction that added them: the tail never saw them, MONITOR saw no id."""
    seen, client = watch(), valkey.client()
    entries = [f"{number}-1" for number in range(1, 4)]
    with client.pipeline(transaction=True) as pipeline:
        for entry in entries:
            pipeline.xadd(STREAM, {"message_id": f"m{entry}"}, id=entry)
        for entry in entries:
            pipeline.xdel(STREAM, entry)
        pipeline.execute()
    found = seen.settled()
    assert [(k, i) for k, i, _ in found if k == "queue.appended"] == [("queue.appended", e) for e in entries]
    assert [e.message_id for e in seen.history.events("queue.appended")] == ["m1-1", "m2-1", "m3-1"]
    assert seen.gaps() == []


def test_an_entry_with_an_id_of_its_clients_own_needs_no_pairing(watch: Make, valkey: Valkey) -> None:
    """One of three XADDs is refused, so that their numbers alone tell nothing."""
    seen, client = watch(), valkey.client()
    with client.pipeline(transaction=True) as pipeline:
        for entry in ("1-1", "3-1", "2-1"):
            pipeline.xadd(STREAM, {"message_id": f"m{entry[0]}"}, id=entry)
        for entry in ("1-1", "3-1"):
            pipeline.xdel(STREAM, entry)
        pipeline.execute(raise_on_error=False)
    assert [(kind, entry) for kind, entry, _ in seen.settled() if kind == "queue.appended"] == [
        ("queue.appended", "1-1"),
        ("queue.appended", "3-1"),
    ]
    assert seen.gaps() == []


def test_entries_that_can_not_be_paired_are_a_gap(watch: Make, valkey: Valkey) -> None:
    seen, client = watch(), valkey.client()
    with client.pipeline(transaction=True) as pipeline:
        pipeline.xadd(STREAM, {"a": "1"}, id="1-1")
        pipeline.xadd(STREAM, {"a": "2"}, id="2-1")
        pipeline.xtrim(STREAM, maxlen=0, approximate=False)
        pipeline.execute()
    seen.settled()
    assert seen.gaps() == [f"2 entries of {STREAM} came and went unseen"]
    client.xadd(STREAM, {"a": "3"})
    seen.settled()
    assert len(seen.gaps()) == 1  # told once


def test_the_tail_alone_gives_ids_and_says_what_slipped(watch: Make, valkey: Valkey) -> None:
    seen, client = watch(monitor=False), valkey.client()
    for stream in Queue().streams.values():
        client.xgroup_create(stream, "workers", mkstream=True)
    entry = client.xadd(STREAM, {"message_id": "m1"})
    assert seen.settled() == [("queue.appended", entry, "")]
    with client.pipeline(transaction=True) as pipeline:
        pipeline.xadd(STREAM, {"a": "1"}, id="9999999999999-1")
        pipeline.xdel(STREAM, "9999999999999-1")
        pipeline.execute()
    seen.settled()
    assert seen.gaps() == [f"1 entries of {STREAM} came and went unseen; MONITOR isn't used"]


def test_entries_of_earlier_runs_do_not_count(watch: Make, valkey: Valkey) -> None:
    client = valkey.client()
    old = [client.xadd(STREAM, {"a": str(number)}) for number in range(3)]
    client.xdel(STREAM, old[0])
    seen = watch()
    assert seen.settled() == []
    assert seen.gaps() == []


def test_a_burst_of_many_clients_is_seen_wholly(watch: Make, valkey: Valkey) -> None:
    seen, clients = watch(), [valkey.client() for _ in range(4)]

    def add(client: Any) -> None:
        for number in range(100):
            client.xadd(STREAM, {"message_id": f"{id(client)}-{number}"})

    threads = [threading.Thread(target=add, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({entry for _, entry, _ in seen.settled()}) == 400
    assert all(process == "api-1" for _, _, process in seen.settled())


def test_another_process_is_not_named(watch: Make, valkey: Valkey) -> None:
    seen = watch()
    code = f"import redis; redis.Redis(port={valkey.port}).xadd('{STREAM}', {{'a': 'b'}})"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert [process for _, _, process in seen.settled()] == [""]


def test_a_refused_monitor_is_a_gap_and_the_tail_goes_on(watch: Make, valkey: Valkey) -> None:
    valkey.client().acl_setuser("low", enabled=True, passwords=["+pw-of-low"], commands=["+@all", "-monitor"], keys="*")
    seen = watch(url=f"redis://low:pw-of-low@127.0.0.1:{valkey.port}/0")
    assert "MONITOR is refused" in seen.blind()["queue.acked"]
    assert seen.gaps() == []
    entry = valkey.client().xadd(STREAM, {"message_id": "m1"})
    assert seen.settled() == [("queue.appended", entry, "")]


def test_a_redis_with_a_password(watch: Make, valkey: Valkey) -> None:
    valkey.client().acl_setuser("high", enabled=True, passwords=["+pw-of-high"], commands=["+@all"], keys="*")
    seen = watch(url=f"redis://high:pw-of-high@127.0.0.1:{valkey.port}/0")
    client = valkey.client()
    entry = client.xadd(STREAM, {"message_id": "m1"})
    assert seen.settled() == [("queue.appended", entry, "api-1")]


def test_a_redis_that_can_not_be_reached(valkey: Valkey, loop: Loop, ports: Ports) -> None:
    with pytest.raises(
        DeployError, match=r"Redis at 127\.0\.0\.1:\d+ can't be reached: .*mend \[queue\] url"
    ) as caught:
        Watch(valkey, loop, url=f"redis://user:top-secret@127.0.0.1:{ports.free()}/0")
    assert "top-secret" not in str(caught.value)


def test_a_tail_that_loses_its_connection_is_a_gap_and_comes_back(watch: Make, valkey: Valkey) -> None:
    seen, client = watch(monitor=False), valkey.client()
    seen.settled()
    client.client_kill_filter(_type="normal", skipme=True)
    entry = client.xadd(STREAM, {"message_id": "m1"})
    arrives(seen.history, lambda event: event.kind == "queue.appended" and event.data["id"] == entry)


def test_a_monitor_that_loses_its_connection_is_a_gap_and_comes_back(watch: Make, valkey: Valkey) -> None:
    seen, client = watch(), valkey.client()
    assert list(seen.blind()) == ["queue.claimed"]
    seen.settled()
    for one in client.client_list():
        if one["cmd"] == "monitor":
            client.client_kill_filter(_id=one["id"])
    arrives(seen.history, lambda event: event.data.get("reason") == "MONITOR was away until now")
    assert seen.gaps() == ["MONITOR's connection was lost", "MONITOR was away until now"]
    entry = client.xadd(STREAM, {"message_id": "m1"})
    assert ("queue.appended", entry, "api-1") in seen.settled()


def test_a_line_of_monitor() -> None:
    line = rb'1700000000.123456 [0 127.0.0.1:5000] "XADD" "s" "*" "k" "a\"b\\c\x00\n\t\r"' + b"\r\n"
    assert parse(line) == (
        1700000000.123456,
        0,
        "127.0.0.1:5000",
        [b"XADD", b"s", b"*", b"k", b'a"b\\c\x00\n\t\r'],
    )
    assert parse(b"+OK\r\n") is None


def test_ids_are_ordered_by_number() -> None:
    assert sorted(["10-0", "9-1", "9-10", "9-2"], key=order) == ["9-1", "9-2", "9-10", "10-0"]
    assert order("5") == (5, 0)


def test_the_process_behind_an_address() -> None:
    owners = Owners()
    with socket.create_server(("127.0.0.1", 0)) as server:
        for _ in range(3):
            # from an address that nobody else has: one port may be two connections' with different ends
            with socket.create_connection(server.getsockname(), source_address=("127.9.8.7", 0)) as client:
                assert owners.pid_at(f"127.9.8.7:{client.getsockname()[1]}") == os.getpid()
    assert owners.pid_at("unix:/tmp/socket") is None
    assert owners.pid_at("127.0.0.1:1") is None


SAME_PORT = """
import socket, sys
client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
client.bind(("127.9.8.7", int(sys.argv[1])))
client.connect(("127.0.0.1", int(sys.argv[2])))
print("connected", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_of_two_connections_from_one_port_the_one_to_the_server_counts(first: str) -> None:
    """Linux gives one port to two processes whose connections have different ends."""
    with socket.create_server(("127.0.0.1", 0)) as redis, socket.create_server(("127.0.0.1", 0)) as other:
        servers = (redis, other) if first == "ours" else (other, redis)
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            client.bind(("127.9.8.7", 0))
            client.connect(servers[0].getsockname())
            ends = [str(client.getsockname()[1]), str(servers[1].getsockname()[1])]
            command = [sys.executable, "-c", SAME_PORT, *ends]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as neighbour:
                assert neighbour.stdout is not None
                assert neighbour.stdout.readline() == b"connected\n"
                found = [Owners(server.getsockname()[1]).pid_at(f"127.9.8.7:{ends[0]}") for server in servers]
                assert found == [os.getpid(), neighbour.pid]


def test_a_known_process_is_found_without_looking_through_all(monkeypatch: pytest.MonkeyPatch) -> None:
    owners, looked = Owners(), []
    everybody = psutil.net_connections
    monkeypatch.setattr(psutil, "net_connections", lambda kind: looked.append(kind) or everybody(kind))
    with socket.create_server(("127.0.0.1", 0)) as server:
        for _ in range(5):
            # from an address that nobody else has: one port may be two connections' with different ends
            with socket.create_connection(server.getsockname(), source_address=("127.9.8.7", 0)) as client:
                assert owners.pid_at(f"127.9.8.7:{client.getsockname()[1]}") == os.getpid()
    assert len(looked) == 1
    monkeypatch.setattr("harness.probes.owners.FREE_S", 0.0)
    for _ in range(50):  # nobody's: looking for each would take all the time
        owners.pid_at("127.0.0.1:1")
    assert len(looked) < 25
