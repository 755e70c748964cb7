"""The worker's side of the consumer group: new entries, its own left over from before, those of dead workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from messaging_stack import queue
from messaging_stack.logs import get_logger
from messaging_stack.queue import GROUP, STREAMS, Entry, parse_entries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from redis.asyncio import Redis

log = get_logger()

_FIRST: Final = "0-0"


class Consumer:
    """Reads as `name`. `blocking` is a connection of its own, for reads that wait; `redis` is for all else."""

    def __init__(self, *, redis: Redis, blocking: Redis, name: str, block_ms: int, claim_idle_ms: int) -> None:
        self._redis = redis
        self._blocking = blocking
        self._name = name
        self._block_ms = block_ms
        self._claim_idle_ms = claim_idle_ms
        self._client_id: int | None = None
        self._cursors = dict.fromkeys(STREAMS, _FIRST)

    async def join(self) -> None:
        """Joins the group, making it where it doesn't exist (also after Redis lost it). Raises RedisError."""
        await queue.create_groups(self._redis)
        self._client_id = await self._blocking.client_id()
        log.info(f"Joined consumer group '{GROUP}'", group=GROUP, consumer=self._name, streams=list(STREAMS))

    async def left_over(self, *, count: int) -> AsyncIterator[list[Entry]]:
        """What was delivered under this name before, and never acknowledged: an earlier process of this name died."""
        after = dict.fromkeys(STREAMS, "0")
        while after:
            entries = await self._read(self._redis, after, count=count, block_ms=None)
            after = {}
            for entry in entries:
                after[entry.stream] = entry.id
            if entries:
                yield entries

    async def read(self, *, count: int) -> list[Entry]:
        """New entries, at most `count` of each stream; waits for some, and answers none when none came."""
        return await self._read(self._blocking, dict.fromkeys(STREAMS, ">"), count=count, block_ms=self._block_ms)

    async def interrupt(self) -> None:
        """Makes a `read` that waits answer at once. Nothing is lost, as it would be by closing the connection."""
        if self._client_id is not None:
            await self._redis.client_unblock(self._client_id)

    async def claim_stale(self, *, count: int) -> list[Entry]:
        """Takes over entries that idled so long that their worker must be dead."""
        claimed: list[Entry] = []
        for stream in STREAMS:
            cursor, entries, _ = await self._redis.xautoclaim(
                stream, GROUP, self._name, self._claim_idle_ms, self._cursors[stream], count=count
            )
            self._cursors[stream] = cursor.decode()
            claimed += parse_entries(stream, entries)
        return claimed

    async def keep(self, entries: Iterable[Entry]) -> None:
        """Shows that these are being worked on, so that idling long means dead, not slow."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for entry in entries:
                pipe.xclaim(entry.stream, GROUP, self._name, 0, [entry.id], justid=True)
            await pipe.execute()

    async def _read(self, redis: Redis, after: dict[str, str], *, count: int, block_ms: int | None) -> list[Entry]:
        streams: dict[Any, Any] = {**after}
        # with RESP2 the answer is [[stream, [(id, {field: value}), …]], …], or nothing
        answer: Any = await redis.xreadgroup(GROUP, self._name, streams, count=count, block=block_ms)
        return [entry for stream, raw in answer or [] for entry in parse_entries(stream.decode(), raw)]
