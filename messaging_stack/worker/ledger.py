"""Writing down what attempts came to, and acknowledging their entries: both in batches, both through any outage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import asyncpg

from messaging_stack import database, queue
from messaging_stack.batching import Batcher
from messaging_stack.logs import get_logger
from messaging_stack.store import outbox, transitions
from messaging_stack.waiting import until_it_works

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from messaging_stack.queue import Entry
    from messaging_stack.store.transitions import Outcome

log = get_logger()


class Recorder:
    """Writes outcomes to the database. Raises only when the database is away and the worker is stopping."""

    def __init__(self, *, pool: asyncpg.Pool, stop: asyncio.Event) -> None:
        self._pool = pool
        self._stop = stop
        self._outcomes = Batcher[tuple["Outcome", str], bool](self._flush)

    async def record(self, outcome: Outcome, *, provider: str) -> bool:
        """Writes it; False when the message had already come further, so that nothing changed."""
        return await self._outcomes.submit((outcome, provider))

    async def apply_reports(self, provider: str, provider_message_ids: Sequence[str]) -> None:
        """Applies delivery reports that came before the message's provider id was known."""
        await transitions.apply_reports(self._pool, provider, provider_message_ids)

    async def _flush(self, batch: Sequence[tuple[Outcome, str]]) -> list[bool]:
        return await until_it_works(
            lambda: self._write(batch), errors=database.CONNECTION_ERRORS, stop=self._stop, doing="recording outcomes"
        )

    async def _write(self, batch: Sequence[tuple[Outcome, str]]) -> list[bool]:
        moved = await self._record([outcome for outcome, _ in batch])
        learned: dict[str, list[str]] = {}
        for outcome, provider in batch:
            if outcome.provider_message_id is not None:
                learned.setdefault(provider, []).append(outcome.provider_message_id)
        for provider, ids in learned.items():
            await self.apply_reports(provider, ids)
        if any(outcome.status == "retry" for outcome, _ in batch):
            await self._pool.execute(f"NOTIFY {outbox.CHANNEL}")
        return [outcome.message_id in moved for outcome, _ in batch]

    async def _record(self, outcomes: Sequence[Outcome]) -> set[object]:
        try:
            return set(await transitions.record(self._pool, outcomes))
        except asyncpg.UniqueViolationError:
            if len(outcomes) > 1:  # one of them is the culprit: write each by itself
                return set().union(*[await self._record([one]) for one in outcomes])
            [only] = outcomes
            log.error(  # noqa: TRY400  # reason: the trace would say nothing more
                "the provider gave an id that another message has; recorded without it",
                message_id=str(only.message_id),
                provider_message_id=only.provider_message_id,
            )
            return set(await transitions.record(self._pool, [replace(only, provider_message_id=None)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Why an entry goes to the dead letters: a word for machines, a sentence for people."""

    reason: str
    error: str


class Acknowledger:
    """Acknowledges and deletes entries. Raises only when Redis is away and the worker is stopping."""

    def __init__(self, *, redis: Redis, stop: asyncio.Event) -> None:
        self._redis = redis
        self._stop = stop
        self._done = Batcher[tuple["Entry", DeadLetter | None], None](self._flush)

    async def acknowledge(self, entry: Entry, *, dead: DeadLetter | None = None) -> None:
        """The entry is dealt with; `dead` says that it was given up."""
        await self._done.submit((entry, dead))

    async def _flush(self, batch: Sequence[tuple[Entry, DeadLetter | None]]) -> list[None]:
        entries = [entry for entry, _ in batch]
        dead = [(entry, letter.reason, letter.error) for entry, letter in batch if letter]
        await until_it_works(
            lambda: queue.acknowledge(self._redis, entries, dead=dead),
            errors=(queue.RedisError, OSError, TimeoutError),
            stop=self._stop,
            doing="acknowledging",
        )
        return [None] * len(batch)
