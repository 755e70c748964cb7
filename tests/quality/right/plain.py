"""A right stack that shows little of itself: plain XREAD, providers inside of it, a limiter before its API.

`python -m tests.quality.right.plain migrate|api|worker`. Its worker remembers in memory how far it has read, and
neither acknowledges nor deletes. Replies come in with names of its own. PLAIN_LIMIT is how many requests a second its
API takes, and PLAIN_INLINE=yes makes it wrong: the API does the worker's work.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
import sys
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.quality.right.small import database, streams

STREAMS = ("message_queue:sms", "message_queue:mms", "message_queue:email")
TABLES = """
CREATE TABLE conversations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), participant_from text NOT NULL, participant_to text NOT NULL,
    UNIQUE (participant_from, participant_to)
);
CREATE TABLE messages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), conversation_id uuid NOT NULL REFERENCES conversations,
    direction text NOT NULL, status text NOT NULL, type text NOT NULL, body text, provider_message_id text UNIQUE,
    queued boolean NOT NULL DEFAULT false, made bigint GENERATED ALWAYS AS IDENTITY
)"""
CONVERSATION = """
INSERT INTO conversations (participant_from, participant_to) VALUES (least($1, $2), greatest($1, $2))
ON CONFLICT (participant_from, participant_to) DO UPDATE SET participant_from = excluded.participant_from
RETURNING id"""
STORE = """
INSERT INTO messages (conversation_id, direction, status, type, body, provider_message_id)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (provider_message_id) DO NOTHING RETURNING id"""
CLAIM = "UPDATE messages SET status = 'sent', provider_message_id = $2 WHERE id = $1 AND status = 'pending'"
OPEN = ("/health", "/ready", "/api/v1/webhooks")
"""What the limiter leaves alone."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Limiter:
    """So many requests in any second; whoever comes after that is told when to come again."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: deque[float] = deque()

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith(OPEN):
            return await handler(request)
        now = time.monotonic()
        while self._taken and self._taken[0] <= now - 1:
            self._taken.popleft()
        left = self._limit - len(self._taken)
        headers = {"X-RateLimit-Limit": str(self._limit), "X-RateLimit-Remaining": str(max(left - 1, 0))}
        if left <= 0:
            headers["Retry-After"] = str(math.ceil(self._taken[0] + 1 - now))
            return web.json_response({"detail": "rate limit exceeded"}, status=429, headers=headers)
        self._taken.append(now)
        answer = await handler(request)
        answer.headers.update(headers)
        return answer


class Api:
    """Stores a message, queues it, answers; stores what comes in."""

    async def open(self) -> None:
        self.pool, self.redis = await database(), streams()
        for row in await self.pool.fetch("SELECT id, type FROM messages WHERE NOT queued AND direction = 'outbound'"):
            await self.queue(row["id"], row["type"])  # an earlier API died before it had
        app = web.Application(middlewares=[Limiter(int(os.environ.get("PLAIN_LIMIT", "30"))).guard])
        app.add_routes(
            [
                web.post("/api/v1/messages/send", self.take),
                web.get("/api/v1/messages/{id}", self.show),
                web.post("/api/v1/webhooks/{kind}", self.receive),
                web.get("/api/v1/conversations", self.conversations),
                web.get("/api/v1/conversations/{id}/messages", self.messages),
                web.get("/ready", self.ready),
            ]
        )
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, os.environ["HOST"], int(os.environ["PORT"])).start()

    async def take(self, request: web.Request) -> web.Response:
        asked = await request.json()
        message = await self.store(asked["from"], asked["to"], "outbound", "pending", asked["type"], asked["body"])
        await self.queue(message, asked["type"])
        if os.environ.get("PLAIN_INLINE"):
            await self.pool.execute(CLAIM, message, made_id())
        return web.json_response({"id": str(message), "status": await self.status(message)}, status=201)

    async def queue(self, message: Any, kind: str) -> None:
        entry = {"message_id": str(message), "retry_count": 0}
        await self.redis.xadd(f"message_queue:{kind}", {"data": json.dumps(entry)})
        await self.pool.execute("UPDATE messages SET queued = true WHERE id = $1", message)

    async def store(
        self, sender: str, to: str, direction: str, status: str, kind: str, body: str, reference: str | None = None
    ) -> uuid.UUID | None:
        conversation = await self.pool.fetchval(CONVERSATION, sender, to)
        stored: uuid.UUID | None = await self.pool.fetchval(
            STORE, conversation, direction, status, kind, body, reference
        )
        return stored

    async def status(self, message: Any) -> str | None:
        found: str | None = await self.pool.fetchval("SELECT status FROM messages WHERE id = $1", message)
        return found

    async def show(self, request: web.Request) -> web.Response:
        status = await self.status(uuid.UUID(request.match_info["id"]))
        if status is None:
            return web.json_response({"detail": "no such message"}, status=404)
        return web.json_response({"id": request.match_info["id"], "status": status})

    async def receive(self, request: web.Request) -> web.Response:
        said = await request.json()
        kind = said.get("type", "email")
        reference = said["messaging_provider_id" if kind != "email" else "mail_provider_id"]
        await self.store(said["from"], said["to"], "inbound", "received", kind, said["body"], reference)
        return web.json_response({"status": "stored"})

    async def conversations(self, request: web.Request) -> web.Response:
        limit = int(request.query.get("limit", "20"))
        rows = await self.pool.fetch("SELECT * FROM conversations LIMIT $1", limit)
        shown = [{"id": str(row["id"]), "between": [row["participant_from"], row["participant_to"]]} for row in rows]
        return web.json_response(shown)

    async def messages(self, request: web.Request) -> web.Response:
        rows = await self.pool.fetch(
            "SELECT id, body FROM messages WHERE conversation_id = $1 ORDER BY made",
            uuid.UUID(request.match_info["id"]),
        )
        return web.json_response([{"id": str(row["id"]), "body": row["body"]} for row in rows])

    async def ready(self, request: web.Request) -> web.Response:
        return web.json_response({"ready": True})


def made_id() -> str:
    """What the provider inside says that its id of the message is."""
    return f"mock-{uuid.uuid4().hex}"


async def work(stop: asyncio.Event) -> None:
    """Reads on from where it was, which it keeps in memory; its providers are functions of its own."""
    pool, connection = await database(), streams()
    read: dict[Any, Any] = dict.fromkeys(STREAMS, "0")
    while not stop.is_set():
        answer = await connection.xread(read, count=16, block=200)
        for stream, entries in answer or []:
            for entry, fields in entries:
                read[stream] = entry
                await pool.execute(CLAIM, uuid.UUID(json.loads(fields["data"])["message_id"]), made_id())


async def main(role: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if role == "migrate":
        pool = await database()
        await pool.execute(TABLES)
        await pool.close()
    elif role == "api":
        await Api().open()
        await stop.wait()
    else:
        await work(stop)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
