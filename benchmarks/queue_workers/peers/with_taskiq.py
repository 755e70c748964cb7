"""taskiq on its stream broker; its worker is `taskiq worker with_taskiq:broker`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from job import REDIS, Work
from taskiq import TaskiqEvents, TaskiqState
from taskiq_redis import RedisStreamBroker

broker = RedisStreamBroker(REDIS, consumer_id="0")  # what came before the worker counts, too
work = Work()


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def opened(_: TaskiqState) -> None:
    await work.open()


@broker.task(task_name="send")
async def send(message_id: str) -> None:
    await work.do(message_id)


async def enqueue(ids: list[str]) -> None:
    await broker.startup()
    for message_id in ids:
        await send.kiq(message_id)
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(enqueue(Path(sys.argv[1]).read_text(encoding="utf-8").split()))
