"""What MONITOR shows beside plain commands: scripts, other groups and databases, and what changes a stream unread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness_support import Valkey
from redis.exceptions import ResponseError
from test_monitor_probe import STREAM, Watch

from harness.history import Event
from harness.loop import Loop
from harness.probes.monitor_lines import escape, first_word, parse
from harness.profile import Queue

Make = Callable[..., Watch]


@pytest.fixture
def watch(valkey: Valkey, loop: Loop) -> Iterator[Make]:
    made: list[Watch] = []

    def make(**more: Any) -> Watch:
        made.append(Watch(valkey, loop, **more))
        return made[-1]

    yield make
    for one in made:
        loop.run(one.probe.stop())


def declared(seen: Watch) -> list[str]:
    return [kind for event in seen.history.events("probe.started") for kind in event.data["kinds"]]


def gaps(seen: Watch) -> list[Event]:
    """What was met unread since the start."""
    seen.settled()
    start = seen.history.events("probe.started")[-1].seq
    return [gap for gap in seen.history.events("probe.gap", after=start) if gap.data["kinds"] != ["queue.claimed"]]


def test_what_it_delivers_is_declared(watch: Make) -> None:
    assert declared(watch()) == ["queue.appended", "queue.acked", "queue.deleted"]
    assert declared(watch(monitor=False)) == ["queue.appended"]


def test_each_lasting_gap_says_what_would_change_it(watch: Make, valkey: Valkey) -> None:
    valkey.client().acl_setuser("low", enabled=True, passwords=["+pw"], commands=["+@all", "-monitor"], keys="*")
    for seen in (watch(), watch(monitor=False), watch(url=f"redis://low:pw@127.0.0.1:{valkey.port}/0")):
        assert all(gap.data["remedy"] for gap in seen.history.events("probe.gap"))
    assert "grant +monitor" in seen.history.events("probe.gap")[-1].data["remedy"]


def test_the_clock_of_redis_is_measured_at_both_ends(watch: Make, loop: Loop) -> None:
    seen = watch()
    loop.run(seen.probe.stop())
    measured = seen.history.events("clock.measured")
    assert [event.source for event in measured] == ["queue", "queue"]
    assert all(abs(event.data["offset_s"]) < event.data["error_s"] + 0.1 for event in measured)


def test_a_script_is_read_by_its_own_commands(watch: Make, valkey: Valkey) -> None:
    seen, client = watch(), valkey.client()
    client.xgroup_create(STREAM, "workers", id="0", mkstream=True)
    script = """
        local id = redis.call('XADD', KEYS[1], '*', 'message_id', 'm1')
        redis.call('xack', KEYS[1], 'workers', id)
        redis.call('XDEL', KEYS[1], id)
        return id"""
    entry = client.eval(script, 1, STREAM)
    kinds = ["queue.appended", "queue.acked", "queue.deleted"]
    assert sorted(seen.settled()) == sorted((kind, entry, "api-1") for kind in kinds)
    assert gaps(seen) == []


@pytest.mark.parametrize(
    "words",
    [
        ("DEL", STREAM),
        ("UNLINK", STREAM),
        ("RENAME", STREAM, "other"),
        ("COPY", STREAM, "message_queue:mms"),
        ("MOVE", STREAM, "5"),
        ("XSETID", STREAM, "9999999999999-0"),
        ("EXPIRE", STREAM, "1000"),
        ("SET", STREAM, "1"),
        ("XGROUP", "DESTROY", STREAM, "workers"),
        ("XGROUP", "SETID", STREAM, "workers", "0"),
        ("FLUSHDB",),
        ("FLUSHALL",),
        ("SWAPDB", "0", "3"),
        ("SUNIONSTORE", STREAM, "a"),
    ],
)
def test_what_changes_a_stream_unread_is_a_gap(watch: Make, valkey: Valkey, words: tuple[str, ...]) -> None:
    client = valkey.client()
    client.xgroup_create(STREAM, "workers", id="0", mkstream=True)
    client.xadd(STREAM, {"message_id": "m1"})
    seen = watch()
    client.execute_command(*words)
    found = [gap for gap in gaps(seen) if gap.data.get("command")]
    assert len(found) == 1
    assert found[0].data["command"].split() == [word for word in words if word.isupper() and word.isalpha()][:2]
    assert len(found[0].data["kinds"]) == 4


@pytest.mark.parametrize(
    "words",
    [
        ("XLEN", STREAM),
        ("XRANGE", STREAM, "-", "+"),
        ("XINFO", "STREAM", STREAM),
        ("TYPE", STREAM),
        ("XGROUP", "CREATE", STREAM, "audit", "$"),
        ("PUBLISH", STREAM, "x"),
        ("SADD", "names", STREAM),
        ("XADD", "other", "*", "stream", STREAM),
        ("EVAL", "return 1", "0"),
        ("SET", f"{STREAM}:lock", "1"),
    ],
)
def test_what_changes_nothing_is_none(watch: Make, valkey: Valkey, words: tuple[str, ...]) -> None:
    valkey.client().xgroup_create(STREAM, "workers", id="0", mkstream=True)
    seen = watch()
    valkey.client().execute_command(*words)
    assert gaps(seen) == []
    assert seen.settled() == []


def test_another_group_acknowledges_for_itself(watch: Make, valkey: Valkey) -> None:
    seen, client = watch(), valkey.client()
    for group in ("audit", "workers"):
        client.xgroup_create(STREAM, group, id="0", mkstream=True)
    entry = client.xadd(STREAM, {"message_id": "m1"})
    for group in ("audit", "workers"):
        client.xreadgroup(group, "c", {STREAM: ">"})
        client.xack(STREAM, group, entry)
    seen.settled()
    assert [event.data["group"] for event in seen.history.events("queue.acked")] == ["workers"]
    (gap,) = gaps(seen)
    assert gap.data["other_group"] == "audit"


@pytest.mark.parametrize(
    ("queue", "group", "told"),
    [
        ({}, "workers", True),
        ({"finish": "none"}, "workers", False),
        ({"finish": "delete"}, "workers", False),
        ({}, "audit", False),
    ],
)
def test_entries_read_without_acknowledgement_are_not_named(
    watch: Make, valkey: Valkey, queue: dict[str, str], group: str, told: bool
) -> None:
    seen, client = watch(queue=Queue.model_validate(queue)), valkey.client()
    client.xgroup_create(STREAM, group, id="0", mkstream=True)
    client.xadd(STREAM, {"message_id": "m1"})
    for _ in range(2):
        client.xreadgroup(group, "c", {STREAM: ">"}, noack=True)
    found = [gap.data for gap in gaps(seen) if "NOACK" in gap.data["reason"]]
    assert [(gap["kinds"], gap["lasting"], gap["stream"]) for gap in found] == [(["queue.acked"], True, STREAM)] * told
    assert all('[queue] finish = "none"' in gap["remedy"] for gap in found)


def test_another_database_is_another_stack(watch: Make, valkey: Valkey) -> None:
    seen, elsewhere = watch(), valkey.client(db=3)
    entry = elsewhere.xadd(STREAM, {"a": "b"})
    elsewhere.xdel(STREAM, entry)
    elsewhere.flushdb()
    assert seen.settled() == []
    assert gaps(seen) == []


def test_the_database_of_the_url_is_the_stacks(watch: Make, valkey: Valkey) -> None:
    seen = watch(url=f"redis://127.0.0.1:{valkey.port}/3")
    client, ours = valkey.client(), valkey.client(db=3)
    client.xadd(STREAM, {"message_id": "m0"})
    entry = ours.xadd(STREAM, {"message_id": "m1"})
    assert seen.settled() == [("queue.appended", entry, "api-1")]


def test_what_is_added_and_refused_or_deleted_at_once_is_not_waited_for(watch: Make, valkey: Valkey) -> None:
    seen, client = watch(), valkey.client()
    with client.pipeline(transaction=True) as pipeline:
        pipeline.xadd("message_queue:mms", {"a": "1"}, nomkstream=True)
        pipeline.xadd(STREAM, {"message_id": "m1"}, id="5-1")
        pipeline.xdel(STREAM, "5-1")
        pipeline.execute()
    found = seen.settled()
    assert [(kind, entry) for kind, entry, _ in found if kind == "queue.appended"] == [("queue.appended", "5-1")]
    assert gaps(seen) == []
    entry = client.xadd(STREAM, {"message_id": "m2"})
    assert ("queue.appended", entry, "api-1") in seen.settled()


def test_an_append_has_the_time_of_its_command_also_where_its_id_has_another(watch: Make, valkey: Valkey) -> None:
    seen = watch()
    valkey.client().xadd(STREAM, {"message_id": "m1"}, id="5-1")
    seen.settled()
    measured = seen.history.events("clock.measured")[0]
    assert abs(seen.history.events("queue.appended")[0].at - measured.at) < 60


def test_an_acknowledgement_is_one_that_was_sent(watch: Make, valkey: Valkey) -> None:
    seen, client = watch(), valkey.client()
    client.xgroup_create(STREAM, "workers", mkstream=True)
    client.execute_command("XACK", STREAM, "workers", "5")
    with pytest.raises(ResponseError, match="Invalid stream ID"):
        client.execute_command("XACK", STREAM, "workers", "odd")
    assert [entry for _, entry, _ in seen.settled()] == ["5-0"]
    assert seen.history.events("queue.acked")[0].data["unanswered"] is True


def test_trimming_is_understood(watch: Make, valkey: Valkey) -> None:
    seen, client = watch(), valkey.client()
    entries = [client.xadd(STREAM, {"message_id": f"m{n}"}, maxlen=2, approximate=False) for n in range(2)]
    assert gaps(seen) == []
    client.xadd(STREAM, {"message_id": "m3"}, maxlen=2, approximate=False)
    (gap,) = gaps(seen)
    assert (gap.data["kinds"], gap.data["trimmed"]) == (["queue.deleted"], True)
    assert [entry for _, entry, _ in seen.settled()][:2] == entries


@pytest.mark.parametrize("name", ["plain", "grüße", 'with "quotes"', "back\\slash", "tab\tand\nline"])
def test_a_name_as_monitor_writes_it(watch: Make, valkey: Valkey, name: str) -> None:
    seen, client = watch(queue=Queue(streams={"sms": name})), valkey.client()
    entry = client.xadd(name, {"message_id": "m1"})
    assert seen.settled() == [("queue.appended", entry, "api-1")]
    line = b'1.5 [0 x] "XLEN" "%s"' % escape(name)
    parsed = parse(line)
    assert parsed is not None
    assert parsed.command == [b"XLEN", name.encode()]
    assert first_word(line) == b"XLEN"


@pytest.mark.parametrize(
    ("address", "database"), [("[::1]:5000", 2), ("unix:/tmp/a b.sock", 0), ("lua", 0), ("10.0.0.1:1", 15)]
)
def test_every_kind_of_address(address: str, database: int) -> None:
    parsed = parse(b'1.5 [%d %s] "PING"' % (database, address.encode()))
    assert parsed is not None
    assert (parsed.database, parsed.address, parsed.command) == (database, address, [b"PING"])
