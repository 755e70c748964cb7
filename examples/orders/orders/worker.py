"""The worker: takes ids off the stream, calls Twilio, writes what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from typing import Any

import asyncpg
import httpx
import redis.asyncio as redis
from redis.exceptions import ResponseError

from orders.schema import GROUP, STREAM

ATTEMPTS = 5


async def work() -> None:
    """Delivers until SIGTERM; finishes what it has."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    queue = redis.from_url(os.environ["REDIS_URL"])
    with contextlib.suppress(ResponseError):  # the group is there already
        await queue.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    account = os.environ["TWILIO_ACCOUNT_SID"]
    twilio = httpx.AsyncClient(
        base_url=f"{os.environ['TWILIO_BASE_URL']}/2010-04-01/Accounts/{account}",
        auth=(account, os.environ["TWILIO_AUTH_TOKEN"]),
    )
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1) as database, twilio:
        begin = "0"  # first what this consumer was given before it was ended
        while not stopping.is_set():
            found: Any = await queue.xreadgroup(GROUP, os.environ["WORKER_NAME"], {STREAM: begin}, count=10, block=200)
            entries = found[0][1] if found else []
            if not entries:
                begin = ">"
            for entry, fields in entries:
                await deliver(json.loads(fields[b"data"])["message_id"], database, twilio)
                await queue.xack(STREAM, GROUP, entry)
                await queue.xdel(STREAM, entry)
    await queue.aclose()


async def deliver(message: str, database: Any, twilio: httpx.AsyncClient) -> None:
    """Calls Twilio until it takes the message or refuses it for good, and writes the end down."""
    row = await database.fetchrow("SELECT * FROM outgoing_messages WHERE id::text = $1 AND state = 'new'", message)
    if row is None:
        return  # an entry that came again
    form = {"From": row["sender"], "To": row["recipient"], "Body": row["content"]}
    state, sid = "failed", None
    for attempt in range(ATTEMPTS):
        answer = await twilio.post("/Messages.json", data=form)
        if answer.is_success:
            state, sid = "accepted", answer.json()["sid"]
            break
        if answer.status_code < 500 and answer.status_code != 429:
            break
        await asyncio.sleep(float(answer.headers.get("Retry-After", 0.1 * 2**attempt)))  # reason: that is a retry
    await database.execute(
        "UPDATE outgoing_messages SET state = $2, twilio_sid = $3 WHERE id = $1", row["id"], state, sid
    )
