"""The queue of an attached stack that is no stream, seen by MONITOR on a real Valkey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness_support import Valkey, arrives, awaits
from queue_events import reasons, told

from harness.errors import DeployError
from harness.history import History
from harness.loop import Loop
from harness.probes.places_probe import PlacesProbe
from harness.profile import Queue

Attached = Callable[..., PlacesProbe]
JOBS = {"kind": "list", "keys": {"sms": "jobs"}}
ONCE_MARKED = "what a pop gave away is seen only once it stands where [queue] taken says"


@pytest.fixture
def attached(valkey: Valkey, loop: Loop) -> Iterator[Attached]:
    probes: list[PlacesProbe] = []

    def attach(url: str | None = None, monitor: bool = True, **table: Any) -> PlacesProbe:
        names: Callable[[int], str | None] = lambda _: "worker-1"  # noqa: E731 - reason: every process is the worker here
        queue = Queue.model_validate(table)
        probe = PlacesProbe(History(), queue, url=url or valkey.url, name_of_pid=names, monitor=monitor)
        probes.append(probe)
        loop.run(probe.start())
        return probe

    yield attach
    for probe in probes:
        loop.run(probe.stop())


def seen(probe: PlacesProbe, loop: Loop) -> list[tuple[str, str, str | None]]:
    loop.run(probe.settle())
    return told(probe._history)


def test_pushes_marks_and_removals_are_seen_with_who_did_it(attached: Attached, valkey: Valkey, loop: Loop) -> None:
    probe = attached(**JOBS, taken="working")
    client = valkey.client()
    client.lpush("jobs", "m1")
    client.rpop("jobs")
    with client.pipeline(transaction=True) as pipeline:
        pipeline.hset("working", "m1", "since")
        pipeline.execute()
    client.hdel("working", "m1")
    assert seen(probe, loop) == [("appended", "m1", "m1"), ("claimed", "m1", "m1"), ("acked", "m1", None)]
    assert reasons(probe._history) == [ONCE_MARKED]
    assert {event.data["process"] for event in probe._history.events("queue.appended", "queue.acked")} == {"worker-1"}
    kinds = probe._history.events("probe.started")[0].data["kinds"]
    assert set(kinds) == {"queue.appended", "queue.claimed", "queue.acked", "queue.deleted"}


def test_scripts_are_seen(attached: Attached, valkey: Valkey, loop: Loop) -> None:
    probe = attached(**JOBS, taken="working")
    client = valkey.client()
    client.eval("redis.call('lpush', 'jobs', 'm1'); redis.call('rpop', 'jobs'); redis.call('sadd', 'working', 'm1')", 0)
    client.eval("redis.call('srem', 'working', 'm1'); redis.call('lpush', 'jobs', 'm1')", 0)
    assert [kind for kind, *_ in seen(probe, loop)] == ["appended", "claimed", "appended"]


def test_a_pop_shows_no_element(attached: Attached, valkey: Valkey, loop: Loop) -> None:
    probe = attached(**JOBS)
    client = valkey.client()
    client.lpush("jobs", "m1")
    client.rpop("jobs")
    assert seen(probe, loop) == [("appended", "m1", "m1")]
    first, second = reasons(probe._history)
    assert first == "what a worker was given can't be seen"
    assert second == "which entry a pop of jobs gave away can't be seen"


def test_a_move_into_the_place_of_what_is_taken_shows_none_either_and_its_removal_is_seen(
    attached: Attached, valkey: Valkey, loop: Loop
) -> None:
    probe = attached(**JOBS, taken="working")
    client = valkey.client()
    client.lpush("jobs", "m1", "m2")
    client.rpoplpush("jobs", "working")
    client.lrem("working", 1, "m1")
    client.lrem("working", 1, "m2")  # it doesn't stand there: nothing is removed
    assert seen(probe, loop)[2:] == [("acked", "m1", None)]
    assert reasons(probe._history) == [ONCE_MARKED, "which entry a pop of jobs gave away can't be seen"]


@pytest.mark.parametrize("may", ["+@all", "-client|list"])
def test_what_is_given_to_one_who_waited_before_anybody_looked_is_finished_by_its_removal(
    attached: Attached, valkey: Valkey, loop: Loop, may: str
) -> None:
    client, worker = valkey.client(), valkey.client().connection_pool.make_connection()
    client.execute_command("ACL", "SETUSER", "looks", "on", ">secret", "~*", "+@all", may)
    worker.connect()
    worker.send_command("BLMOVE", "jobs", "working", "RIGHT", "LEFT", 0)
    awaits(lambda: client.info("clients")["blocked_clients"] == 1)
    probe = attached(valkey.url.replace("redis://", "redis://looks:secret@"), **JOBS, taken="working")
    client.lpush("jobs", "m1")
    assert worker.read_response() == "m1"
    client.lrem("working", 1, "m1")
    worker.disconnect()
    assert seen(probe, loop) == [("appended", "m1", "m1"), ("acked", "m1", None)]


@pytest.mark.parametrize(("monitor", "word"), [(False, 'observe = "monitor"'), (True, "+monitor")])
def test_without_monitor_nothing_of_it_is_seen(
    attached: Attached, valkey: Valkey, loop: Loop, monitor: bool, word: str
) -> None:
    valkey.client().execute_command("ACL", "SETUSER", "deaf", "on", ">secret", "~*", "+@all", "-monitor")
    probe = attached(valkey.url.replace("redis://", "redis://deaf:secret@"), monitor, **JOBS)
    valkey.client().lpush("jobs", "m1")
    assert seen(probe, loop) == []
    (gap,) = probe._history.events("probe.gap")
    assert "a list can't be tailed" in gap.data["reason"]
    assert word in gap.data["remedy"]
    assert gap.data["lasting"] is True


def test_a_connection_that_is_lost_is_a_gap_and_begins_again(attached: Attached, valkey: Valkey, loop: Loop) -> None:
    probe = attached(**JOBS)
    valkey.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    arrives(probe._history, lambda event: event.data.get("reason") == "MONITOR was away until now")
    valkey.client().lpush("jobs", "m1")
    assert seen(probe, loop) == [("appended", "m1", "m1")]


def test_a_redis_that_is_not_there(attached: Attached) -> None:
    with pytest.raises(DeployError, match="mend \\[queue\\] url"):
        attached("redis://127.0.0.1:1/0", **JOBS)
