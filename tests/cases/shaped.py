"""A right stack that sends texts, in the shape that SHAPED_ settings give it: where its ids stand, what is quoted.

`python -m tests.cases.shaped migrate|api|worker`. Its paths are the contract's; each setting takes it a step away.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import uuid
from typing import Any

import asyncpg
from aiohttp import BasicAuth, ClientSession, web

from tests.quality.right.small import database, streams

STREAM, GROUP = "message_queue:sms", "workers"
NUMBERS = {"pending": 1, "sending": 2, "sent": 4, "failed": 8}


def setting(name: str, default: str = "") -> str:
    return os.environ.get(f"SHAPED_{name}", default)


TABLE, REFERENCE = setting("TABLE", "messages"), setting("REFERENCE", "provider_message_id")
NUMBERED = setting("ID") == "number"
STATUS = "smallint" if setting("STATES") == "numbers" else "text"
KEY = "bigint GENERATED ALWAYS AS IDENTITY" if NUMBERED else "uuid DEFAULT gen_random_uuid()"
SCHEMA = f"""
CREATE TABLE {TABLE} (
    id {KEY} PRIMARY KEY, status {STATUS} NOT NULL, direction text NOT NULL DEFAULT 'outbound', phone text NOT NULL,
    body text NOT NULL, {REFERENCE} text, queued boolean NOT NULL DEFAULT false
)"""


def stored(word: str) -> Any:
    """A status as the row has it."""
    return NUMBERS[word] if STATUS == "smallint" else word


def said(status: Any) -> str:
    """A row's status as the API says it."""
    return {number: word for word, number in NUMBERS.items()}.get(status, str(status))


def key(text: Any) -> Any:
    return int(text) if NUMBERED else uuid.UUID(str(text))


def shown(message: Any) -> Any:
    return message if NUMBERED else str(message)


class Api:
    """Stores a text, queues it, answers."""

    async def open(self) -> None:
        self.pool, self.redis = await database(), streams()
        for row in await self.pool.fetch(f"SELECT id FROM {TABLE} WHERE NOT queued"):
            await self.queue(row["id"])  # an earlier API died before it had
        app = web.Application(middlewares=[self.let_in])
        send = "/api/v1/messages/send"
        routes = [web.post(f"{send}/", self.take), web.get("/ready", self.ready)]
        routes += [web.post(send, self.elsewhere if setting("SLASH") else self.take)]
        routes += [web.get("/api/v1/messages/{id}", self.look)]
        app.add_routes(routes)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, os.environ["HOST"], int(os.environ["PORT"])).start()

    @web.middleware
    async def let_in(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path != "/ready" and setting("KEY") and request.headers.get("X-Api-Key") != setting("KEY"):
            return web.json_response({"error": "no key"}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def elsewhere(self, request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(f"{request.path}/")

    async def take(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if asked["type"] != "sms":
            return web.json_response({"error": "texts only"}, status=422)
        insert = f"INSERT INTO {TABLE} (status, phone, body) VALUES ($1, $2, $3) RETURNING id"
        message = await self.pool.fetchval(insert, stored("pending"), asked["to"], asked["body"])
        await self.queue(message)
        if setting("ANSWER") == "location":
            return web.json_response({}, status=202, headers={"Location": f"/api/v1/messages/{message}"})
        return self.told(message, stored("pending"), code=202)

    def told(self, message: Any, status: Any, *, code: int = 200) -> web.Response:
        words = {"id": shown(message), "status": said(status)}
        return web.json_response({"data": words} if setting("ANSWER") == "nested" else words, status=code)

    async def queue(self, message: Any) -> None:
        entry: dict[str, Any] = {"message_id": shown(message)}
        if setting("ENTRY") == "envelope":
            entry = {"headers": {"trace": "t"}, "data": entry}
        await self.redis.xadd(STREAM, {"data": json.dumps(entry)})
        await self.pool.execute(f"UPDATE {TABLE} SET queued = true WHERE id = $1", message)

    async def look(self, request: web.Request) -> web.Response:
        message = key(request.match_info["id"])
        status = await self.pool.fetchval(f"SELECT status FROM {TABLE} WHERE id = $1", message)
        return web.json_response({}, status=404) if status is None else self.told(message, status)

    async def ready(self, request: web.Request) -> web.Response:
        return web.json_response({})


async def work(stop: asyncio.Event) -> None:
    """Sends the texts of entries, what it had when it died first."""
    pool, redis, account = await database(), streams(), os.environ["TWILIO_ACCOUNT_SID"]
    name, after = os.environ["WORKER_NAME"], "0"
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True) if not await grouped(redis) else None
    auth = BasicAuth(account, os.environ["TWILIO_AUTH_TOKEN"])
    url = f"{os.environ['TWILIO_BASE_URL']}/2010-04-01/Accounts/{account}/Messages.json"
    async with ClientSession(auth=auth) as http:
        while not stop.is_set():
            block = None if after == "0" else 200
            for _, entries in await redis.xreadgroup(GROUP, name, {STREAM: after}, count=1, block=block) or []:
                after = after if entries else ">"
                for entry, fields in entries:
                    said = json.loads(fields["data"])
                    await carry_out(key(said.get("data", said)["message_id"]), pool, http, url)
                    async with redis.pipeline(transaction=True) as finish:
                        await finish.xack(STREAM, GROUP, entry).xdel(STREAM, entry).execute()


async def grouped(redis: Any) -> bool:
    return bool(await redis.exists(STREAM)) and bool(await redis.xinfo_groups(STREAM))


async def carry_out(message: Any, pool: asyncpg.Pool, http: ClientSession, url: str) -> None:
    change = f"UPDATE {TABLE} SET status = $2 WHERE id = $1 RETURNING phone, body"
    row = await pool.fetchrow(change, message, stored("sending"))
    form = {"To": row["phone"], "From": "+12025550123", "Body": row["body"]}
    async with http.post(url, data=form) as answer:
        told = await answer.json()
    sid, status = told.get("sid"), "sent" if answer.status < 300 else "failed"
    end = f"UPDATE {TABLE} SET status = $2, {REFERENCE} = $3 WHERE id = $1"
    await pool.execute(end, message, stored(status), sid)


async def main(role: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if role == "migrate":
        pool = await database()
        await pool.execute(SCHEMA)
        await pool.close()
    elif role == "api":
        await Api().open()
        await stop.wait()
    else:
        await work(stop)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
