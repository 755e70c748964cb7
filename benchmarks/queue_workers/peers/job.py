"""The one job, as asyncio has it: read the message's row, call the provider, write the row. The peers share it."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any
from urllib.parse import urlencode

import aiohttp
import asyncpg
import uvloop

REDIS = os.environ["BENCH_REDIS"]
DATABASE = os.environ["BENCH_DATABASE"]
IN_HAND = int(os.environ["BENCH_IN_HAND"])
CONNECTIONS = int(os.environ["BENCH_CONNECTIONS"])
READ = "SELECT body, from_address, to_address FROM messages WHERE id = $1 AND status = 'pending'"
WRITE = """
UPDATE messages SET status = 'sent', provider_message_id = $2, sent_at = clock_timestamp(),
    updated_at = clock_timestamp() WHERE id = $1
"""

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # for every peer, also those that don't choose it themselves


class Work:
    """Connections of one process, and the job."""

    async def open(self) -> None:
        self._pool = await asyncpg.create_pool(
            DATABASE,
            min_size=CONNECTIONS,
            max_size=CONNECTIONS,
            reset=_nothing,  # nobody leaves anything on a connection, so none pays for cleaning it
        )
        self._session = open_session()

    async def do(self, message_id: str) -> None:
        """Sends one message."""
        row = await self._pool.fetchrow(READ, message_id)
        if row is None:
            raise LookupError(f"no message {message_id} is pending")
        sid = await call(self._session, row)
        await self._pool.execute(WRITE, message_id, sid)


async def call(session: aiohttp.ClientSession, row: Any) -> str:
    """Calls the provider for a row; its id of the message."""
    form = {
        "To": row["to_address"],
        "From": row["from_address"],
        "StatusCallback": os.environ["BENCH_CALLBACK"],
        "Body": row["body"],
    }
    async with session.post(os.environ["BENCH_PROVIDER"], data=urlencode(form).encode()) as answer:
        answer.raise_for_status()
        sid: str = json.loads(await answer.read())["sid"]
        return sid


def open_session() -> aiohttp.ClientSession:
    headers = {
        "Authorization": os.environ["BENCH_AUTHORIZATION"],
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    return aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0))


async def _nothing(_: Any) -> None:
    pass
