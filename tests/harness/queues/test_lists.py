"""Lists on a real Valkey: pushed, popped, moved, put back and removed by real clients."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from queue_events import reasons, seen, told
from running_wire import RunningWire

Watching = Callable[..., RunningWire]
JOBS = {"kind": "list", "keys": {"sms": "jobs"}}
SAFE = {**JOBS, "taken": "working"}
Do = Callable[[Any], object]


@pytest.mark.parametrize("push", ["lpush", "rpush"])
@pytest.mark.parametrize(
    "pop",
    [
        lambda c: c.lpop("jobs"),
        lambda c: c.rpop("jobs"),
        lambda c: c.lpop("jobs", 5),
        lambda c: c.blpop("jobs", timeout=5),
        lambda c: c.brpop(["other", "jobs"], timeout=5),
        lambda c: c.lmpop(2, "other", "jobs", direction="LEFT"),
        lambda c: c.blmpop(5, 1, "jobs", direction="RIGHT", count=3),
    ],
)
@pytest.mark.parametrize("protocol", [2, 3])
def test_a_push_and_each_kind_of_pop(watching: Watching, push: str, pop: Do, protocol: int) -> None:
    wire = watching(**JOBS)
    getattr(wire.valkey.client(wire.api), push)("jobs", "m1")
    pop(wire.valkey.client(wire.worker, protocol=protocol))
    assert seen(wire) == [("appended", "m1", "m1"), ("claimed", "m1", "m1")]
    processes = [event.data["process"] for event in wire.history.events("queue.appended", "queue.claimed")]
    assert processes == ["api-1", "worker-1"]


def test_a_pop_that_waited_before_the_push(watching: Watching) -> None:
    wire = watching(**JOBS)
    client = wire.valkey.client(wire.worker)
    waiting = threading.Thread(target=client.brpop, args=("jobs",), kwargs={"timeout": 20})
    waiting.start()
    for number in range(3):
        wire.valkey.client(wire.api).lpush("jobs", f"m{number}")
    waiting.join()
    found = seen(wire)
    assert sorted(found) == [("appended", f"m{n}", f"m{n}") for n in range(3)] + [("claimed", "m0", "m0")]
    assert not any(event.data.get("again") for event in wire.history.events("queue.appended"))


def test_many_at_once_are_many_entries(watching: Watching) -> None:
    wire = watching(**JOBS)
    wire.valkey.client(wire.api).rpush("jobs", "a", "b", "c")
    assert wire.valkey.client(wire.worker).lpop("jobs", 2) == ["a", "b"]
    assert [(kind, name) for kind, name, _ in seen(wire)] == [
        *(("appended", name) for name in "abc"),
        *(("claimed", name) for name in "ab"),
    ]


@pytest.mark.parametrize(
    "move",
    [
        lambda c: c.rpoplpush("jobs", "working"),
        lambda c: c.brpoplpush("jobs", "working", timeout=5),
        lambda c: c.lmove("jobs", "working", "RIGHT", "LEFT"),
        lambda c: c.blmove("jobs", "working", 5, "LEFT", "RIGHT"),
    ],
)
def test_moved_and_removed_is_taken_and_acknowledged(watching: Watching, move: Do) -> None:
    wire = watching(**SAFE)
    client = wire.valkey.client(wire.worker)
    wire.valkey.client(wire.api).lpush("jobs", "m1")
    move(client)
    assert seen(wire)[1:] == [("claimed", "m1", "m1")]
    client.lrem("working", 1, "m1")
    assert seen(wire)[2:] == [("acked", "m1", None)]
    assert [event.kind for event in wire.history.flow("message:m1")] == [
        "queue.appended",
        "queue.claimed",
        "queue.acked",
    ]


def test_what_is_put_back_is_the_same_entry_again(watching: Watching) -> None:
    wire = watching(**SAFE)
    client = wire.valkey.client(wire.worker)
    wire.valkey.client(wire.api).lpush("jobs", "m1")
    client.rpoplpush("jobs", "working")
    client.rpoplpush("working", "jobs")
    assert seen(wire)[2:] == [("appended", "m1", "m1")]
    assert wire.history.events("queue.appended")[-1].data["again"] is True
    client.rpoplpush("jobs", "working")
    with client.pipeline(transaction=True) as pipeline:  # another way to put it back: nothing of that finishes it
        pipeline.lrem("working", 0, "m1")
        pipeline.lpush("jobs", "m1")
        pipeline.execute()
    client.rpoplpush("jobs", "working")
    client.lrem("working", 0, "m1")
    assert [kind for kind, *_ in seen(wire)].count("acked") == 1


def test_what_is_pushed_twice_is_two_entries(watching: Watching) -> None:
    wire = watching(**SAFE)
    wire.valkey.client(wire.api).lpush("jobs", "m1", "m1")
    client = wire.valkey.client(wire.worker)
    for _ in range(2):
        client.rpoplpush("jobs", "working")
        client.lrem("working", 1, "m1")
    assert [(kind, name) for kind, name, _ in seen(wire)] == [
        ("appended", "m1"),
        ("appended", "m1#2"),
        ("claimed", "m1"),
        ("acked", "m1"),
        ("claimed", "m1#2"),
        ("acked", "m1#2"),
    ]


@pytest.mark.parametrize(
    ("mark", "unmark"),
    [
        (lambda c: c.hset("working", "m1", "since"), lambda c: c.hdel("working", "m1")),
        (lambda c: c.sadd("working", "m1"), lambda c: c.srem("working", "m1")),
        (lambda c: c.zadd("working", {"m1": 1}), lambda c: c.zrem("working", "m1")),
        (lambda c: c.zadd("working", {"m1": 1}), lambda c: c.zpopmin("working")),
        (lambda c: c.hset("working", "m1", "since"), lambda c: c.delete("working")),
    ],
)
def test_a_place_for_what_is_taken_may_be_of_any_type(watching: Watching, mark: Do, unmark: Do) -> None:
    wire = watching(**SAFE)
    client = wire.valkey.client(wire.worker)
    wire.valkey.client(wire.api).lpush("jobs", "m1")
    client.rpop("jobs")
    mark(client)
    unmark(client)
    assert [kind for kind, *_ in seen(wire)] == ["appended", "claimed", "acked"]


def test_a_key_for_each_entry_that_is_taken(watching: Watching) -> None:
    wire = watching(**JOBS, taken="busy:{entry}")
    client = wire.valkey.client(wire.worker)
    wire.valkey.client(wire.api).lpush("jobs", "m1", "m2")
    for name in ("m1", "m2"):
        client.rpop("jobs")
        client.set(f"busy:{name}", "1", ex=60)
    client.delete("busy:m2")
    assert seen(wire)[4:] == [("acked", "m2", None)]


def test_a_retry_that_waits_its_time_in_a_sorted_set(watching: Watching) -> None:
    wire = watching(**SAFE, later="retries")
    client = wire.valkey.client(wire.worker)
    wire.valkey.client(wire.api).lpush("jobs", "m1")
    client.rpoplpush("jobs", "working")
    with client.pipeline(transaction=True) as pipeline:
        pipeline.lrem("working", 1, "m1")
        pipeline.zadd("retries", {"m1": 17})
        pipeline.execute()
    client.zrem("retries", "m1")
    client.lpush("jobs", "m1")
    client.rpoplpush("jobs", "working")
    client.lrem("working", 1, "m1")
    assert [(kind, name) for kind, name, _ in seen(wire)] == [
        ("appended", "m1"),
        ("claimed", "m1"),
        ("appended", "m1"),
        ("appended", "m1"),
        ("claimed", "m1"),
        ("acked", "m1"),
    ]


@pytest.mark.parametrize("first", [True, False])
def test_an_entry_that_points_to_a_hash(watching: Watching, first: bool) -> None:
    wire = watching(**JOBS, payload="job:{entry}", field="data", message_id="/message/id")
    client = wire.valkey.client(wire.api)
    with client.pipeline(transaction=True) as pipeline:
        if not first:
            pipeline.rpush("jobs", "17")
        pipeline.hset("job:17", mapping={"status": "queued", "data": '{"message": {"id": 4}}'})
        if first:
            pipeline.rpush("jobs", "17")
        pipeline.execute()
    assert seen(wire) == [("appended", "17", "4")]


def test_an_entry_that_points_to_a_text(watching: Watching) -> None:
    wire = watching(**JOBS, payload="job:{entry}", message_id="id")
    client = wire.valkey.client(wire.api)
    client.execute_command("SETEX", "job:17", 60, '{"id": "m1"}')
    client.rpush("jobs", "17")
    assert seen(wire) == [("appended", "17", "m1")]


def test_several_keys_of_one_queue(watching: Watching) -> None:
    wire = watching(**JOBS, also=[":high", ":low"])
    wire.valkey.client(wire.api).lpush("jobs:high", "m1")
    wire.valkey.client(wire.worker).brpop(["jobs:high", "jobs", "jobs:low"], timeout=5)
    assert seen(wire) == [("appended", "m1", "m1"), ("claimed", "m1", "m1")]
    assert {event.data["stream"] for event in wire.history.events("queue.appended", "queue.claimed")} == {"jobs"}


@pytest.mark.parametrize(
    "words",
    [
        ("DEL", "jobs"),
        ("RENAME", "jobs", "x"),
        ("LTRIM", "jobs", "0", "0"),
        ("LSET", "jobs", "0", "x"),
        ("LINSERT", "jobs", "BEFORE", "m1", "x"),
        ("FLUSHALL",),
        ("SORT", "jobs", "ALPHA", "STORE", "jobs"),
    ],
)
def test_what_is_not_read_is_a_gap(watching: Watching, words: tuple[str, ...]) -> None:
    wire = watching(**JOBS)
    client = wire.valkey.client(wire.worker)
    client.lpush("jobs", "m1")
    client.execute_command(*words)
    wire.settled()
    (reason,) = reasons(wire.history)
    assert words[0] in reason


def test_what_only_looks_is_none(watching: Watching) -> None:
    wire = watching(**SAFE)
    client = wire.valkey.client(wire.worker)
    client.lpush("jobs", "m1")
    for words in ("LLEN jobs", "LRANGE jobs 0 -1", "LPOS jobs m1", "LINDEX jobs 0", "TYPE jobs", "EXISTS jobs working"):
        client.execute_command(*words.split())
    client.lpushx("working", "none")
    client.lrem("jobs", 0, "none")
    client.rpop("working")
    client.rpoplpush("empty", "jobs")
    assert seen(wire) == [("appended", "m1", "m1")]


def test_removed_from_the_list_is_deleted(watching: Watching) -> None:
    wire = watching(**SAFE)
    client = wire.valkey.client(wire.worker)
    client.lpush("jobs", "m1")
    client.lrem("jobs", 0, "m1")
    assert seen(wire)[1:] == [("deleted", "m1", None)]


def test_an_answer_that_never_came_is_a_gap(watching: Watching) -> None:
    wire = watching(**JOBS)
    wire.valkey.client().lpush("jobs", "m1")
    client = wire.valkey.client(wire.worker)
    connection = client.connection_pool.get_connection()
    connection.send_command("CLIENT", "REPLY", "OFF")
    connection.send_command("RPOP", "jobs")
    connection.send_command("CLIENT", "REPLY", "ON")
    connection.read_response()
    wire.settled()
    (reason,) = reasons(wire.history)
    assert "RPOP on jobs was sent by worker-1" in reason
    assert told(wire.history) == []


def test_entries_that_name_no_message_are_told_of_once_with_what_to_write(watching: Watching) -> None:
    wire = watching(**JOBS, message_id="/message_id")
    wire.valkey.client(wire.api).lpush("jobs", '{"id": 1}', '{"id": 2}')
    wire.settled()
    (gap,) = wire.history.events("probe.gap")
    assert gap.data["reason"] == "entries on jobs name no message that is known"
    assert "encoding (now 'json') and message_id ('/message_id')" in gap.data["remedy"]


def test_dead_letters_are_told_apart(watching: Watching) -> None:
    wire = watching(**JOBS, dead="graves")
    wire.valkey.client(wire.worker).lpush("graves", "m1")
    assert seen(wire) == [("appended", "m1", "m1")]
    (event,) = wire.history.events("queue.appended")
    assert event.data["dead"] is True


ELSEWHERE = "entries on elsewhere carry messages of this run that no list of [queue] keys has"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, [("LPUSH", "elsewhere", "m1")]),
        ({"message_id": "id"}, [("RPUSH", "elsewhere", '{"id": "m1"}')]),
        ({"message_id": "id", "encoding": "base64+json"}, [("LPUSH", "elsewhere", "eyJpZCI6ICJtMSJ9")]),
        ({"message_id": "id"}, [("ZADD", "elsewhere", "1", '{"id": "m1"}')]),
        (
            {"payload": "job:{entry}", "field": "data", "message_id": "id"},
            [("HSET", "job:17", "data", '{"id": "m1"}'), ("LPUSH", "elsewhere", "17")],
        ),
        ({}, [("EVAL", "redis.call('lpush', KEYS[1], 'm1')", "1", "elsewhere")]),
    ],
)
def test_a_message_on_a_list_that_the_profile_does_not_name(
    watching: Watching, table: dict[str, str], words: list[tuple[str, ...]]
) -> None:
    wire = watching(**JOBS, **table)
    client = wire.valkey.client(wire.api)
    wire.history.append("database.inserted", source="database", message_id="m1")
    for command in words:
        client.execute_command(*command)
    wire.settled()
    assert reasons(wire.history) == [ELSEWHERE]
    assert '[queue] keys: "elsewhere"' in wire.history.events("probe.gap")[0].data["remedy"]


def test_what_only_a_log_names_is_no_message(watching: Watching) -> None:
    wire = watching(**JOBS, payload="job:{entry}", field="data", message_id="id")
    client = wire.valkey.client(wire.api)
    wire.history.append("database.inserted", source="database", message_id="m1")
    client.hset("job:17", "data", '{"id": "m1"}')
    client.lpush("jobs", "17")
    wire.history.append("worker.log", source="log", message_id="17", data={"text": "17 is done"})
    client.zadd("finished", {"17": 1})
    assert seen(wire) == [("appended", "17", "m1")]


def test_a_message_that_stands_on_its_list_too_is_nobody_s_business_elsewhere(watching: Watching) -> None:
    wire = watching(**JOBS)
    wire.history.append("database.inserted", source="database", message_id="m1")
    client = wire.valkey.client(wire.api)
    client.lpush("elsewhere", "m1", "other")
    client.lpush("jobs", "m1")
    assert seen(wire) == [("appended", "m1", "m1")]
