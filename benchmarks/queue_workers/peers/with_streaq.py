"""streaQ; no result is kept."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from job import IN_HAND, REDIS, Work
from streaq import Worker


@asynccontextmanager
async def lifespan() -> AsyncGenerator[Work]:
    work = Work()
    await work.open()
    yield work


worker = Worker(
    redis_url=REDIS, concurrency=IN_HAND, lifespan=lifespan, anyio_backend="asyncio", anyio_kwargs={"use_uvloop": True}
)


@worker.task(name="send", ttl=0)
async def send(message_id: str) -> None:
    await worker.context.do(message_id)


async def enqueue(ids: list[str]) -> None:
    async with worker:
        for start in range(0, len(ids), IN_HAND):
            await worker.enqueue_many([send.enqueue(message_id) for message_id in ids[start : start + IN_HAND]])


if __name__ == "__main__":
    if sys.argv[1] == "work":
        worker.run_sync()  # as its command does, without its log
    else:
        asyncio.run(enqueue(Path(sys.argv[1]).read_text(encoding="utf-8").split()))
