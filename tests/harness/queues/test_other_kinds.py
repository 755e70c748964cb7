"""Sorted sets, channels, and streams whose entries are written otherwise, on a real Valkey."""

from __future__ import annotations

import json
import pickle
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from harness_support import until
from queue_events import reasons, seen, told
from running_wire import RunningWire

from harness.history import History
from harness.probes.counters import Counters
from harness.profile import Queue

Watching = Callable[..., RunningWire]
DUE = {"kind": "sorted-set", "keys": {"sms": "due"}}


@pytest.mark.parametrize(
    "pop",
    [
        lambda c: c.zpopmin("due"),
        lambda c: c.zpopmax("due", 3),
        lambda c: c.bzpopmin("due", timeout=5),
        lambda c: c.zmpop(1, ["due"], min=True),
        lambda c: c.bzmpop(5, 2, ["other", "due"], max=True, count=4),
        lambda c: (c.zrangebyscore("due", 0, 9), c.zrem("due", "m1")),
    ],
)
@pytest.mark.parametrize("protocol", [2, 3])
def test_a_sorted_set_that_is_popped(watching: Watching, pop: Callable[[Any], object], protocol: int) -> None:
    wire = watching(**DUE, finish="pop")
    wire.valkey.client(wire.api).zadd("due", {"m1": 5})
    pop(wire.valkey.client(wire.worker, protocol=protocol))
    assert seen(wire) == [("appended", "m1", "m1"), ("claimed", "m1", "m1")]


def test_a_sorted_set_whose_entries_stay_until_they_are_done(watching: Watching) -> None:
    wire = watching(**DUE, taken="busy:{entry}")
    client = wire.valkey.client(wire.worker)
    wire.valkey.client(wire.api).zadd("due", {"m1": 5, "m2": 6})
    client.set("busy:m1", "1")
    client.zadd("due", {"m1": 9})  # later again: the same entry
    client.delete("busy:m1")
    client.set("busy:m1", "1")
    client.zrem("due", "m1")
    client.delete("busy:m1")
    assert [(kind, name) for kind, name, _ in seen(wire)] == [
        ("appended", "m1"),
        ("appended", "m2"),
        ("claimed", "m1"),
        ("claimed", "m1"),
        ("deleted", "m1"),
    ]


def test_what_waits_for_its_time_before_it_comes_to_the_list(watching: Watching) -> None:
    wire = watching(kind="list", keys={"sms": "jobs"}, later="planned")
    client = wire.valkey.client(wire.worker)
    client.zadd("planned", {"m1": 5})
    client.zrem("planned", "m1")
    client.lpush("jobs", "m1")
    client.rpop("jobs")
    assert [(kind, name) for kind, name, _ in seen(wire)] == [("appended", "m1"), ("appended", "m1"), ("claimed", "m1")]
    first, second = wire.history.events("queue.appended")
    assert (first.data["later"], second.data["again"]) == (True, True)


@pytest.mark.parametrize("protocol", [2, 3])
def test_a_channel_is_heard_by_its_subscribers(watching: Watching, protocol: int) -> None:
    wire = watching(kind="pubsub", keys={"sms": "news"}, message_id="id")
    listener = wire.valkey.client(wire.worker, protocol=protocol).pubsub()
    listener.subscribe("news", "other")
    for _ in range(2):
        assert listener.get_message(timeout=5)
    client = wire.valkey.client(wire.api)
    client.publish("other", '{"id": "m0"}')
    client.publish("news", '{"id": "m1"}')
    until(wire.history, lambda: wire.history.events("queue.claimed") or None)
    found = seen(wire)
    assert [(kind, message) for kind, _, message in sorted(found)] == [("appended", "m1"), ("claimed", "m1")]
    listener.close()


def test_a_streams_entry_that_points_to_a_hash(watching: Watching) -> None:
    wire = watching(payload="job:{entry}", field="job")
    client = wire.valkey.client(wire.api)
    client.hset("job:17", mapping={"message_id": "m1"})
    client.xadd("message_queue:sms", {"job": "17"})
    assert [(kind, message) for kind, _, message in seen(wire)] == [("appended", "m1")]


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("zlib+json", zlib.compress(json.dumps({"a": {"id": "m1"}}).encode())),
        ("pickle", pickle.dumps({"a": {"id": "m1"}})),
        ("msgpack", b"\x81\xa1a\x81\xa2id\xa2m1"),
    ],
)
def test_a_streams_entry_in_another_encoding(watching: Watching, encoding: str, data: bytes) -> None:
    wire = watching(encoding=encoding, message_id="/a/id")
    wire.valkey.client(wire.api).xadd("message_queue:sms", {"data": data})
    assert [(kind, message) for kind, _, message in seen(wire)] == [("appended", "m1")]


def test_a_pickle_that_would_call_something_is_not_obeyed(watching: Watching) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, ("raise SystemExit('obeyed')",)

    wire = watching(kind="list", keys={"sms": "jobs"}, encoding="pickle", message_id="/id")
    wire.valkey.client(wire.api).lpush("jobs", pickle.dumps({"id": "m1", "evil": Evil()}))
    wire.settled()
    assert reasons(wire.history) == ["entries on jobs name no message that is known"]
    assert [(kind, message) for kind, _, message in told(wire.history)] == [("appended", None)]


def test_scripts_are_read_command_by_command(watching: Watching) -> None:
    wire = watching(kind="list", keys={"sms": "jobs"}, taken="working")
    push = "redis.call('lpush', KEYS[1], ARGV[1])"
    take = "local one = redis.call('rpop', KEYS[1]); redis.call('sadd', 'working', one); return one"
    wire.valkey.client(wire.api).eval(push, 1, "jobs", "m1")
    client = wire.valkey.client(wire.worker)
    client.eval(take, 1, "jobs")
    client.eval("redis.call('srem', 'working', ARGV[1])", 0, "m1")
    assert seen(wire) == [("appended", "m1", "m1"), ("claimed", "m1", "m1"), ("acked", "m1", None)]
    processes = [event.data["process"] for event in wire.history.events() if event.kind.startswith("queue.")]
    assert processes == ["api-1", "worker-1", "worker-1"]


def test_a_script_that_pops_without_a_trace_is_a_gap(watching: Watching) -> None:
    wire = watching(kind="list", keys={"sms": "jobs"})
    client = wire.valkey.client(wire.worker)
    client.lpush("jobs", "m1")
    client.eval("return redis.call('rpop', KEYS[1])", 1, "jobs")
    wire.settled()
    assert reasons(wire.history) == ["which entry a pop of jobs gave away can't be seen"]


def test_each_stream_may_have_a_group_of_its_own(watching: Watching) -> None:
    wire = watching(groups={"email": "mailers"})
    client = wire.valkey.client(wire.worker)
    for stream, group in (("message_queue:sms", "workers"), ("message_queue:email", "mailers")):
        client.xgroup_create(stream, group, mkstream=True)
        entry = client.xadd(stream, {"data": '{"message_id": "m1"}'})
        client.xreadgroup(group, "one", {stream: ">"})
        client.xack(stream, group, entry)
    assert [kind for kind, *_ in seen(wire)] == ["appended", "claimed", "acked"] * 2
    counters = Counters(History(), Queue.model_validate({"groups": {"email": "mailers"}}), url=wire.valkey.url)
    assert counters.count("message_queue:email").data["consumers"] == 1
    assert counters.count("message_queue:sms").data["consumers"] == 1
    client.xgroup_create("message_queue:email", "workers")
    client.xadd("message_queue:email", {"data": '{"message_id": "m2"}'})
    client.xreadgroup("workers", "one", {"message_queue:email": ">"})
    wire.settled()
    assert reasons(wire.history) == [
        "the group 'workers' reads message_queue:email too, and [queue] group is 'mailers'"
    ]
