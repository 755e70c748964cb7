"""SAQ; its worker is `saq with_saq.settings`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from job import IN_HAND, REDIS, Work
from redis.asyncio import Redis
from saq.queue.redis import RedisQueue

queue = RedisQueue(Redis.from_url(REDIS, max_connections=4 * IN_HAND))  # each place of a worker waits on one of its own
work = Work()


async def opened(_: Any) -> None:
    await work.open()


async def send(_: Any, *, message_id: str) -> None:
    await work.do(message_id)


settings = {"queue": queue, "functions": [send], "concurrency": IN_HAND, "startup": opened}


async def enqueue(ids: list[str]) -> None:
    await queue.connect()
    for message_id in ids:
        await queue.enqueue("send", message_id=message_id, ttl=-1)  # no result is kept: nobody asks for one
    await queue.disconnect()


if __name__ == "__main__":
    asyncio.run(enqueue(Path(sys.argv[1]).read_text(encoding="utf-8").split()))
