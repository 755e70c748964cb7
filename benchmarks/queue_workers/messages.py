"""What is to be sent: the rows, our stream's entries, and the look at what came of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg
import httpx
import redis

from harness.loop import Loop

STREAM = "message_queue:sms"
MAKE = """
WITH talk AS (
    INSERT INTO conversations (channel, participants) VALUES ('sms', '{+15552340001,+15552340002}') RETURNING id
), made AS (SELECT gen_random_uuid() AS id FROM generate_series(1, $1))
INSERT INTO messages (id, conversation_id, provider, direction, status, message_type, body, from_address, to_address,
                      max_retries)
SELECT made.id, talk.id, 'twilio', 'outbound', 'pending', 'sms',
       'Your parcel is on its way, it will be with you tomorrow before noon. ' || made.id,
       '+15552340002', '+15552340001', 5
FROM made, talk RETURNING id::text
"""
TABLES = "messages, message_events, conversations, outbox, idempotency_keys, webhook_logs"

T = TypeVar("T")


class Messages:
    """The rows and entries of one run after another."""

    def __init__(self, loop: Loop, *, database: str, redis_url: str, provider: str) -> None:
        self._loop = loop
        self._connection: asyncpg.Connection = loop.run(asyncpg.connect(database), timeout=30)
        self._redis = redis.Redis.from_url(redis_url)
        self._provider = httpx.Client(base_url=provider, trust_env=False)

    def make(self, number: int) -> list[str]:
        """Forgets what was there, and makes so many messages that are pending; their ids."""
        self._redis.flushall()
        self._provider.delete("/calls").raise_for_status()

        async def rows(connection: asyncpg.Connection) -> list[str]:
            await connection.execute(f"TRUNCATE {TABLES}")
            found = await connection.fetch(MAKE, number)
            await connection.execute("VACUUM (ANALYZE) messages")  # or the first who reads them would pay for it
            await connection.execute("CHECKPOINT")
            return [row["id"] for row in found]

        return self._with(rows)

    def append(self, ids: list[str]) -> None:
        """Puts an entry for each on our stream, as the API does."""
        now = datetime.now(UTC).isoformat()
        with self._redis.pipeline(transaction=False) as pipe:
            for one in ids:
                data = json.dumps({"message_id": one, "retry_count": 0, "scheduled_at": now})
                pipe.xadd(STREAM, {"data": data})
            pipe.execute()

    def began(self, *, within: float) -> float | None:
        """When the first call came, in seconds of the epoch; None where none came."""
        try:
            answer = self._provider.get("/began", timeout=within).raise_for_status()
        except httpx.TimeoutException:
            return None
        return float(answer.json()["at"])

    def sent(self, number: int) -> bool:
        """Whether so many rows are sent; the database isn't asked while the provider has had fewer calls."""
        if self._provider.get("/called").raise_for_status().json() < number:
            return False

        async def count(connection: asyncpg.Connection) -> int:
            return int(await connection.fetchval("SELECT count(*) FROM messages WHERE status = 'sent'"))

        return self._with(count) >= number

    def last(self) -> float:
        """When the last row was written, in seconds of the epoch."""

        async def latest(connection: asyncpg.Connection) -> float:
            return float(await connection.fetchval("SELECT extract(epoch FROM max(sent_at)) FROM messages"))

        return self._with(latest)

    def wrong(self) -> list[str]:
        """What doesn't fit: a row that isn't sent, one without just one call, one with another call's id."""

        async def rows(connection: asyncpg.Connection) -> list[Any]:
            found: list[Any] = await connection.fetch("SELECT id::text, status, provider_message_id FROM messages")
            return found

        calls: dict[str, list[str]] = self._provider.get("/calls", timeout=30).raise_for_status().json()
        found: list[str] = []
        for name, status, sid in self._with(rows):
            mine = calls.pop(name, [])
            if status != "sent":
                found.append(f"message {name} is {status} and was called {len(mine)} times; expected sent, called once")
            elif mine != [sid]:
                found.append(f"message {name} was called {len(mine)} times ({mine}) and has {sid}; expected one call")
        found += [f"{len(sids)} calls for {name!r}, which is no message" for name, sids in calls.items()]
        return found

    def close(self) -> None:
        self._redis.close()
        self._provider.close()
        self._loop.run(self._connection.close(), timeout=10)

    def _with(self, work: Callable[[asyncpg.Connection], Coroutine[Any, Any, T]]) -> T:
        return self._loop.run(work(self._connection), timeout=60)
