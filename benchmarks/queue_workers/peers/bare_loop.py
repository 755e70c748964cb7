"""The least that does the job: no claims, no retries, no events, and nothing that is left over is ever taken up."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
from job import DATABASE, REDIS, call, open_session
from redis.asyncio import Redis

STREAM, GROUP = "message_queue:sms", "workers"
AT_ONCE = 100
READ = "SELECT id, body, from_address, to_address FROM messages WHERE id = ANY($1::uuid[]) AND status = 'pending'"
WRITE = """
UPDATE messages m SET status = 'sent', provider_message_id = o.sid, sent_at = clock_timestamp(),
    updated_at = clock_timestamp() FROM unnest($1::uuid[], $2::text[]) AS o (id, sid) WHERE m.id = o.id
"""


async def main() -> None:
    redis = Redis.from_url(REDIS, protocol=2)
    database = await asyncpg.connect(DATABASE)
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    async with open_session() as session:
        while True:
            answer: Any = await redis.xreadgroup(GROUP, "bare", {STREAM: ">"}, count=AT_ONCE, block=1000)
            for _, entries in answer:
                ids = [json.loads(fields[b"data"])["message_id"] for _, fields in entries]
                rows = await database.fetch(READ, ids)
                sids = await asyncio.gather(*(call(session, row) for row in rows))
                await database.execute(WRITE, [row["id"] for row in rows], sids)
                names = [name for name, _ in entries]
                async with redis.pipeline(transaction=False) as pipe:
                    pipe.xack(STREAM, GROUP, *names)
                    pipe.xdel(STREAM, *names)
                    await pipe.execute()


if __name__ == "__main__":
    asyncio.run(main())
