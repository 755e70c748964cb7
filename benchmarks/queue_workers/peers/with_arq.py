"""arq: no result is kept, and the queue is looked at more often than each half second, as its settings allow."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from arq import create_pool, run_worker
from arq.connections import RedisSettings
from job import IN_HAND, REDIS, Work

work = Work()


async def opened(_: Any) -> None:
    await work.open()


async def send(_: Any, message_id: str) -> None:
    await work.do(message_id)


class WorkerSettings:
    functions = (send,)
    redis_settings = RedisSettings.from_dsn(REDIS)
    on_startup = opened
    max_jobs = IN_HAND
    keep_result = 0
    poll_delay = 0.01


async def enqueue(ids: list[str]) -> None:
    pool = await create_pool(RedisSettings.from_dsn(REDIS))
    for message_id in ids:
        await pool.enqueue_job("send", message_id)
    await pool.aclose()


if __name__ == "__main__":
    if sys.argv[1] == "work":
        asyncio.set_event_loop(asyncio.new_event_loop())
        run_worker(WorkerSettings)  # as its command does, without its log
    else:
        asyncio.run(enqueue(Path(sys.argv[1]).read_text(encoding="utf-8").split()))
