"""A task for arq; run as a script, it enqueues it for each word of its command line."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any, ClassVar

from arq import create_pool
from arq.connections import RedisSettings
from arq.worker import Retry
from first_time import work

SETTINGS = RedisSettings.from_dsn(os.environ["REDIS_URL"])


async def deliver(_: dict[str, Any], job: str) -> None:
    try:
        work(job)
    except RuntimeError as error:
        raise Retry(defer=0.05) from error


class Worker:
    functions: ClassVar[list[Any]] = [deliver]
    redis_settings = SETTINGS
    poll_delay = 0.05


async def enqueue() -> None:
    pool = await create_pool(SETTINGS)
    for word in sys.argv[1:]:
        await pool.enqueue_job("deliver", word)
    await pool.aclose()


if __name__ == "__main__":
    asyncio.run(enqueue())
