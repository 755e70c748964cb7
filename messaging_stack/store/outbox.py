"""The outbox: intents to put a message on the stream, stored with the message, deleted once it is on the stream."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import asyncpg

CHANNEL: Final = "outbox"
LOCK_CLASS: Final = 7_302_612  # the first key of the advisory locks that show which owners live


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A message to be put on the stream of its type."""

    id: int
    message_id: UUID
    message_type: str
    retry_count: int
    scheduled_at: datetime


# A row is free when nobody owns it, when its owner is dead (its lock is gone), or when it is this process's own but
# was left (its XADD failed). "Mine and left", not "mine and not under way": what gets under way while this statement
# runs couldn't be excluded.
_TAKE = """
WITH due AS (
    SELECT id FROM outbox
    WHERE available_at <= now() - make_interval(secs => $2)
      AND (owner IS NULL OR (owner = $1 AND message_id = ANY($3::uuid[])) OR owner NOT IN (
          SELECT objid::bigint FROM pg_locks
          WHERE locktype = 'advisory' AND classid = $5 AND objsubid = 2
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())))
    ORDER BY available_at LIMIT $4 FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE outbox o SET owner = $1 FROM due WHERE o.id = due.id RETURNING o.id, o.message_id, o.available_at
)
SELECT taken.id AS intent, m.id, m.message_type, m.retry_count, taken.available_at
FROM taken JOIN messages m ON m.id = taken.message_id ORDER BY taken.available_at
"""


async def take(pool: asyncpg.Pool, *, owner: int, lag_s: float, left: Collection[UUID], limit: int) -> list[Intent]:
    """Makes this process the owner of intents that are due, and returns them."""
    rows = await pool.fetch(_TAKE, owner, lag_s, list(left), limit, LOCK_CLASS)
    return [
        Intent(
            id=row["intent"],
            message_id=row["id"],
            message_type=row["message_type"],
            retry_count=row["retry_count"],
            scheduled_at=row["available_at"],
        )
        for row in rows
    ]


async def seconds_to_next(pool: asyncpg.Pool, *, lag_s: float) -> float | None:
    """How long until the next unowned intent is due, or None when there is none."""
    seconds: float | None = await pool.fetchval(
        "SELECT extract(epoch FROM min(available_at) + make_interval(secs => $1) - now())::float8"
        " FROM outbox WHERE owner IS NULL",
        lag_s,
    )
    return seconds


async def done(pool: asyncpg.Pool, owner: int, intents: Sequence[int]) -> None:
    """Forgets intents of this owner: their messages are on the stream.

    Each by its own number: a message that was quick to fail may have its retry's intent here by now, which isn't done.
    """
    await pool.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[]) AND owner = $2", intents, owner)


async def depth(pool: asyncpg.Pool) -> int:
    """How many intents there are."""
    count: int = await pool.fetchval("SELECT count(*) FROM outbox")
    return count
