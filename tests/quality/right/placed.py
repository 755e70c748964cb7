"""The small stack over queues that are no streams: `python -m tests.quality.right.placed migrate|api|worker`.

SMALL_PLACE says which: "moved" (a list; what is worked on stands on a list of its worker's), "popped" (a list, and
nothing more), "pointed" (a list of numbers; a hash has what each means), "sorted" (a sorted set, and a hash of what is
taken), "scripted" (a list and a set, by scripts alone), "heard" (a channel; its worker looks through the rows, too).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import BasicAuth, ClientSession

from tests.quality.right import small
from tests.quality.right.small import WORKING, database, key, setting, shown, streams

PLACE = setting("PLACE", "moved")
DEFECT = setting("DEFECT")
"""The mistakes of a wrong stack: "loses" every third entry that it takes, puts each on the queue "twice"."""
JOBS = "texts"
TAKE = """
local one = redis.call('RPOP', KEYS[1])
if one then redis.call('SADD', KEYS[2], one) end
return one
"""
SWEEP_S = 0.5
NEW = "SELECT no FROM outbound WHERE state = 'new'"


class Api(small.Api):
    """Puts a text's number where this stack's workers look for it."""

    async def append(self, no: Any) -> None:
        for _ in range(2 if DEFECT == "twice" else 1):
            await self.put(no, json.dumps({"no": shown(no)}))

    async def put(self, no: Any, job: str) -> None:
        match PLACE:
            case "moved" | "popped":
                await self.redis.lpush(JOBS, job)
            case "pointed":
                async with self.redis.pipeline(transaction=True) as pipe:
                    pipe.hset(f"text:{no}", mapping={"job": job, "since": time.time()})
                    pipe.lpush(JOBS, str(no))
                    await pipe.execute()
            case "sorted":
                await self.redis.zadd(JOBS, {job: time.time()})
            case "scripted":
                await self.redis.eval("redis.call('LPUSH', KEYS[1], ARGV[1])", 1, JOBS, job)
            case "heard":
                await self.redis.publish(JOBS, job)


class Worker(small.Worker):
    """Takes one after the other, and has eight in hand at once."""

    taken = 0

    async def open(self, stop: asyncio.Event) -> None:
        self.pool, self.redis = await database(), streams()
        self.name = small.os.environ["WORKER_NAME"]
        self.mine = f"working:{self.name}"
        account = small.os.environ["TWILIO_ACCOUNT_SID"]
        self.url = f"{small.os.environ['TWILIO_BASE_URL']}/2010-04-01/Accounts/{account}/Messages.json"
        async with ClientSession(auth=BasicAuth(account, small.os.environ["TWILIO_AUTH_TOKEN"])) as self.http:
            await self.put_back()
            room = asyncio.Semaphore(8)
            async with asyncio.TaskGroup() as tasks:
                async for job in self.jobs(stop):
                    await room.acquire()
                    tasks.create_task(self.carry(job, room))

    async def put_back(self) -> None:
        """What an earlier worker of this name had in hand goes back on the queue."""
        match PLACE:
            case "moved":
                while await self.redis.lmove(self.mine, JOBS, "LEFT", "RIGHT"):
                    pass
            case "sorted":
                for job in await self.redis.hkeys(self.mine):
                    async with self.redis.pipeline(transaction=True) as pipe:
                        pipe.hdel(self.mine, job)
                        pipe.zadd(JOBS, {job: 0})
                        await pipe.execute()
            case "scripted":
                for job in await self.redis.smembers(self.mine):
                    back = "redis.call('SREM', KEYS[2], ARGV[1]); redis.call('RPUSH', KEYS[1], ARGV[1])"
                    await self.redis.eval(back, 2, JOBS, self.mine, job)

    async def jobs(self, stop: asyncio.Event) -> AsyncIterator[str]:
        if PLACE == "heard":
            async with self.redis.pubsub() as channel:
                await channel.subscribe(JOBS)
                swept = 0.0
                while not stop.is_set():
                    heard = await channel.get_message(ignore_subscribe_messages=True, timeout=0.2)
                    if heard:
                        yield heard["data"]
                    if time.monotonic() - swept > SWEEP_S:
                        swept = time.monotonic()
                        for row in await self.pool.fetch(NEW):
                            yield json.dumps({"no": shown(row["no"])})
        while not stop.is_set():
            job = await self.take()
            self.taken += job is not None
            if job is not None and not (DEFECT == "loses" and self.taken % 3 == 0):
                yield job

    async def take(self) -> str | None:
        """The next job, and None where a moment brought none."""
        match PLACE:
            case "moved":
                job: str | None = await self.redis.blmove(JOBS, self.mine, 0.2, "RIGHT", "LEFT")
                return job
            case "popped" | "pointed":
                found = await self.redis.brpop([JOBS], timeout=0.2)
                return found[1] if found else None
            case "sorted":
                found = await self.redis.bzpopmin([JOBS], timeout=0.2)
                if found:
                    await self.redis.hset(self.mine, found[1], time.time())
                return found[1] if found else None
        taken: str | None = await self.redis.eval(TAKE, 2, JOBS, self.mine)
        if taken is None:
            await asyncio.sleep(0.02)  # reason: a script can't wait
        return taken

    async def carry(self, job: str, room: asyncio.Semaphore) -> None:
        try:
            said = await self.redis.hget(f"text:{job}", "job") if PLACE == "pointed" else job
            no = key(json.loads(said)["no"])
            # what is heard on a channel and found in its row are two; of all else a job is the same when it comes back
            entry = str(uuid.uuid4()) if PLACE == "heard" else job
            row = await self.pool.fetchrow(small.CLAIM, no, entry, WORKING)
            if row is not None:
                await self.carry_out(no, row["phone"], row["words"])
            await self.finished(job)
        finally:
            room.release()

    async def finished(self, job: str) -> None:
        match PLACE:
            case "moved":
                await self.redis.lrem(self.mine, 1, job)
            case "pointed":
                await self.redis.delete(f"text:{job}")
            case "sorted":
                await self.redis.hdel(self.mine, job)
            case "scripted":
                await self.redis.eval("redis.call('SREM', KEYS[1], ARGV[1])", 1, self.mine, job)


if __name__ == "__main__":
    small.Api, small.Worker = Api, Worker  # type: ignore[misc] - reason: the same stack with other parts
    asyncio.run(small.main(sys.argv[1]))
