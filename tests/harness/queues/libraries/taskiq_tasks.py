"""A task for taskiq, over a list or a stream; run as a script, it sends it for each word of its command line."""

from __future__ import annotations

import asyncio
import os
import sys

from first_time import work
from taskiq import SimpleRetryMiddleware
from taskiq_redis import ListQueueBroker, RedisStreamBroker

kind = RedisStreamBroker if os.environ.get("BROKER") == "stream" else ListQueueBroker
broker = kind(url=os.environ["REDIS_URL"]).with_middlewares(SimpleRetryMiddleware(default_retry_count=2))


@broker.task(retry_on_error=True)
async def deliver(job: str) -> None:
    work(job)


async def send() -> None:
    await broker.startup()
    for word in sys.argv[1:]:
        await deliver.kiq(word)
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(send())
