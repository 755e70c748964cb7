"""Puts messages on their streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from messaging_stack import database, queue
from messaging_stack.batching import Batcher
from messaging_stack.logs import get_logger
from messaging_stack.store import outbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg
    from redis.asyncio import Redis

    from messaging_stack.publishing.presence import Presence

log = get_logger()


class Publisher:
    """Publishes intents that this process owns, and forgets each once it is on its stream.

    `left` are those of its messages whose publication failed, or may have: the relay takes these up. What is being
    published right now is not among them, so a slow answer of Redis makes nobody append an entry twice.
    """

    def __init__(self, *, pool: asyncpg.Pool, redis: Redis, presence: Presence) -> None:
        self._pool = pool
        self._redis = redis
        self._presence = presence
        self.left: set[UUID] = set()
        self._forget = Batcher[tuple[int, list[int]], None](self._forget_batch)

    @property
    def owner(self) -> int | None:
        """Under which number this process owns intents; None while it can't own any."""
        return self._presence.owner

    async def append(self, intents: Sequence[outbox.Intent]) -> None:
        """Appends one entry per intent to the streams; a lone one is a lone XADD. Raises RedisError."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for intent in intents:
                data = queue.encode(
                    message_id=intent.message_id, retry_count=intent.retry_count, scheduled_at=intent.scheduled_at
                )
                pipe.xadd(queue.stream_of(intent.message_type), {"data": data})
            await pipe.execute()

    async def publish(self, intents: Sequence[outbox.Intent], *, owner: int) -> bool:
        """Appends and forgets the intents; False when that failed, and the outbox keeps them for the relay."""
        ids = [intent.message_id for intent in intents]
        try:
            await self.append(intents)
            await self._forget.submit((owner, [intent.id for intent in intents]))
        except (queue.RedisError, *database.CONNECTION_ERRORS) as error:
            log.warning("not queued yet; the outbox keeps it", messages=len(ids), error=repr(error))
            self.left.update(ids)
            return False
        except BaseException:  # we are cancelled: somebody else has to finish it
            self.left.update(ids)
            raise
        self.left.difference_update(ids)
        return True

    async def _forget_batch(self, batch: Sequence[tuple[int, list[int]]]) -> list[None]:
        by_owner: dict[int, list[int]] = {}
        for owner, intents in batch:
            by_owner.setdefault(owner, []).extend(intents)
        for owner, intents in by_owner.items():
            await outbox.done(self._pool, owner, intents)
        return [None] * len(batch)
