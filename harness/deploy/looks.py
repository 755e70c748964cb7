"""Looks at a part of a stack: whether it answers, listens, or has come to the queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import asyncpg
import httpx
import redis.asyncio

from harness.origin import at_home
from harness.profile import Queue
from harness.tls import tls


async def answered(url: str, *, headers: Mapping[str, str] | None = None, advice: str = "") -> str | None:
    """None where it answers 2xx, else what it did instead."""
    async with httpx.AsyncClient(
        headers=headers, follow_redirects=True, event_hooks=at_home(url), timeout=2, trust_env=False, verify=tls(url)
    ) as client:
        return await asked(client, url, advice=advice)


async def asked(client: httpx.AsyncClient, url: str, *, advice: str = "") -> str | None:
    """The same, by a client that is there already."""
    try:
        answer = await client.get(url)
    except httpx.HTTPError:
        return "it refused every connection"
    if answer.is_success:
        return None
    return f"GET {answer.url.path} answered {answer.status_code}: {answer.text[:200]}{advice}"


async def listened(host: str, port: int) -> str | None:
    """None where somebody accepts TCP there."""
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return f"nobody listens on port {port} ([processes] ready)"
    writer.close()
    return None


async def database_answers(url: str) -> str | None:
    """None where a PostgreSQL takes connections, else what it said instead."""
    try:
        connection = await asyncpg.connect(url, timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        return str(error) or type(error).__name__
    await connection.close()
    return None


async def redis_answers(url: str) -> str | None:
    """None where a Redis answers, else what it said instead."""
    async with redis.asyncio.Redis.from_url(url, socket_timeout=2) as client:
        try:
            await client.ping()
        except (redis.exceptions.RedisError, OSError) as error:
            return str(error)
    return None


async def nobody_there(client: redis.asyncio.Redis, queue: Queue, *, since: float) -> str | None:
    """What says that nobody takes entries who has done anything in the last seconds; None where somebody does."""
    if queue.base != "stream" or queue.group is None:
        waiting = [one for one in await client.client_list() if "b" in str(one.get("flags"))]
        if any(float(one["idle"]) <= since for one in waiting):
            return None
        return "no client of Redis waits for entries ([processes] ready = { consumer = true })"
    for stream in dict.fromkeys(queue.streams.values()):
        with contextlib.suppress(redis.exceptions.ResponseError):  # there is no such stream, or group, yet
            for consumer in await client.xinfo_consumers(stream, queue.group_on(stream) or queue.group):
                if float(consumer["idle"]) <= since * 1000:
                    return None
    return f"the group {queue.group} has no consumer that is at work ([processes] ready = {{ consumer = true }})"
