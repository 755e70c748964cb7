"""What waits on a queue, as a load run samples it: of a stream, of a list, and where Redis doesn't say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness_support import Valkey

from harness.deploy.ports import Ports
from harness.history import History
from harness.load.backlog import UNKNOWN, Backlog
from harness.probes.counters import Counters
from harness.probes.standing import Standing
from harness.profile import Queue

STREAM = Queue(streams={"sms": "work"}, group="workers")
LIST = Queue(kind="list", keys={"sms": "jobs", "email": "jobs"}, taken="busy")


@contextmanager
def backlog(queue: Queue, url: str) -> Iterator[Backlog]:
    history = History()
    counters = (Counters if queue.base == "stream" else Standing)(history, queue, url=url)
    it = Backlog(history, queue, counters=counters, url=url)
    try:
        yield it
    finally:
        it.close()
        counters.close()


def numbers(sample: dict[str, Any]) -> tuple[Any, ...]:
    return sample["length"], sample["lag"], sample["pending"]


def test_of_a_stream_it_is_what_the_group_has_not_finished(valkey: Valkey) -> None:
    client = valkey.client()
    with backlog(STREAM, valkey.url) as it:
        assert it.look() == {"length": 0, "lag": 0, "pending": 0, "oldest_s": 0.0}
        client.xgroup_create("work", "workers", id="0", mkstream=True)
        for _ in range(3):
            client.xadd("work", {"data": "{}"})
        client.xreadgroup("workers", "one", {"work": ">"}, count=1)
        sample = it.look()
    assert numbers(sample) == (3, 2, 1)
    assert sample["oldest_s"] > 0


def test_of_a_list_it_is_what_stands_there_and_what_is_in_hand(valkey: Valkey) -> None:
    client = valkey.client()
    client.rpush("jobs", "a", "b", "c")
    client.lmove("jobs", "busy", "LEFT", "RIGHT")
    with backlog(LIST, valkey.url) as it:
        sample = it.look()
    assert numbers(sample) == (2, 2, 1), "two channels on one list are counted once"
    assert sample["oldest_s"] is None, "an element has no time of its own"


def test_what_redis_does_not_tell_is_unknown_and_no_nought(valkey: Valkey) -> None:
    client = valkey.client()
    client.xgroup_create("work", "workers", id="0", mkstream=True)
    client.acl_setuser("poor", enabled=True, passwords=["+pw"], keys=["*"], commands=["+xlen"])
    try:
        with backlog(STREAM, valkey.url.replace("//", "//poor:pw@")) as it:
            assert it.look() == {"length": 0, "lag": None, "pending": None, "oldest_s": None}
    finally:
        client.acl_deluser("poor")
    client.flushall()
    client.rpush("work", "no stream")
    with backlog(STREAM, valkey.url) as it:
        assert it.look() == UNKNOWN


def test_a_redis_that_is_gone_leaves_the_backlog_unknown(ports: Ports) -> None:
    with backlog(STREAM, f"redis://127.0.0.1:{ports.free()}/0") as it:
        assert it.look() == UNKNOWN
