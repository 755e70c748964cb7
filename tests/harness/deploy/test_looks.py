"""Whether somebody has come to the queue: of a group by its consumers, of others by who waits at Redis."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import redis.asyncio
from harness_support import Valkey, awaits

from harness.deploy.looks import nobody_there
from harness.profile import Queue

GROUP = Queue(streams={"sms": "jobs"}, group="senders")
LIST = Queue(kind="list", keys={"sms": "jobs"})


def look(valkey: Valkey, queue: Queue, *, since: float = 60) -> str | None:
    async def ask() -> str | None:
        async with redis.asyncio.Redis.from_url(valkey.url) as client:
            return await nobody_there(client, queue, since=since)

    return asyncio.run(ask())


def test_a_group_has_a_consumer_once_one_has_read(valkey: Valkey) -> None:
    nobody = "the group senders has no consumer that is at work ([processes] ready = { consumer = true })"
    client: Any = valkey.client()
    assert look(valkey, GROUP) == nobody
    client.xgroup_create("jobs", "senders", mkstream=True)
    assert look(valkey, GROUP) == nobody
    client.xadd("jobs", {"a": 1})
    client.xreadgroup("senders", "one", {"jobs": ">"})
    assert look(valkey, GROUP) is None
    assert look(valkey, GROUP, since=-1) == nobody  # who was there before doesn't count


def test_at_a_list_somebody_waits(valkey: Valkey) -> None:
    assert look(valkey, LIST) == "no client of Redis waits for entries ([processes] ready = { consumer = true })"
    client: Any = valkey.client()
    waiting = threading.Thread(target=client.blpop, args=["jobs"])
    waiting.start()
    awaits(lambda: look(valkey, LIST) is None)
    valkey.client().rpush("jobs", "x")
    waiting.join()
