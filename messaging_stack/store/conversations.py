"""Conversations: one per channel and pair of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    import asyncpg

Row = Any

# Takes channel and participants as $1 and $2. Concurrent first messages of a pair make one conversation.
UPSERT = """
    INSERT INTO conversations (channel, participants) VALUES ($1, $2)
    ON CONFLICT (channel, participants) DO UPDATE SET updated_at = now()
    RETURNING id
"""


def channel_of(message_type: str) -> str:
    """SMS and MMS between two numbers are one conversation."""
    return "email" if message_type == "email" else "sms"


def pair(first: str, second: str) -> list[str]:
    """Both addresses in an order that doesn't depend on who wrote to whom; mail addresses without their case."""
    return sorted((first.lower(), second.lower()))


async def get(pool: asyncpg.Pool, conversation_id: UUID) -> Row | None:
    """The conversation's row, or None."""
    return await pool.fetchrow("SELECT * FROM conversations WHERE id = $1", conversation_id)


async def page(pool: asyncpg.Pool, *, limit: int, offset: int) -> tuple[list[Row], int]:
    """A page of conversations, the latest active first, and how many there are in all."""
    rows = await pool.fetch(
        "SELECT * FROM conversations ORDER BY updated_at DESC, id LIMIT $1 OFFSET $2", limit, offset
    )
    return rows, await pool.fetchval("SELECT count(*) FROM conversations")


def as_json(row: Row) -> dict[str, Any]:
    """The conversation as the API shows it."""
    return {
        "id": str(row["id"]),
        "channel": row["channel"],
        "participants": row["participants"],
        "created_at": row["created_at"].isoformat(),
        "updated_at": row["updated_at"].isoformat(),
    }
