"""Messages: storing a new one together with its conversation and its intent to queue, and reading them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from messaging_stack.errors import IdempotencyConflict
from messaging_stack.store.conversations import UPSERT, channel_of, pair

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = Any
"""An asyncpg.Record; the package ships no types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """An outbound message that was accepted, not yet stored. Addresses are normalised."""

    id: UUID
    type: str
    sender: str
    recipient: str
    body: str
    attachments: list[str]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def provider(self) -> str:
        return provider_of(self.type)


def provider_of(message_type: str) -> str:
    """Who carries messages of this type."""
    return "sendgrid" if message_type == "email" else "twilio"


# One statement, hence one transaction and one round trip: either all of it is stored, or nothing.
_INSERT = f"""
WITH conversation AS ({UPSERT}), message AS (
    INSERT INTO messages (id, conversation_id, provider, direction, status, message_type, body, attachments,
                          from_address, to_address, metadata, max_retries)
    SELECT $3, id, $4, 'outbound', 'pending', $5, $6, $7, $8, $9, $10, $11 FROM conversation
    RETURNING *
), event AS (
    INSERT INTO message_events (message_id, event_type, new_status) SELECT id, 'created', status FROM message
), intent AS (
    INSERT INTO outbox (message_id, owner) SELECT id, $13::integer FROM message WHERE $12::boolean
    RETURNING id
), key AS (
    INSERT INTO idempotency_keys (key, request_hash, message_id) SELECT $14::text, $15, id FROM message
    WHERE $14::text IS NOT NULL
)
SELECT message.*, (SELECT id FROM intent) AS intent FROM message
"""  # noqa: S608  # reason: built from constants of this package


async def insert(
    pool: asyncpg.Pool,
    message: NewMessage,
    *,
    max_retries: int,
    queue: bool,
    owner: int | None,
    idempotency_key: str | None = None,
    request_hash: str | None = None,
) -> tuple[Row, bool]:
    """Stores the message; returns its row and whether it is new.

    With `queue` the intent to put it on the stream is stored too, owned by the process that publishes it next
    (`owner`), or by none. With an idempotency key that was used before, returns what was stored then; raises
    IdempotencyConflict when that came of another request.
    """
    try:
        row = await pool.fetchrow(
            _INSERT,
            channel_of(message.type),
            pair(message.sender, message.recipient),
            message.id,
            message.provider,
            message.type,
            message.body,
            message.attachments,
            message.sender,
            message.recipient,
            message.metadata,
            max_retries,
            queue,
            owner,
            idempotency_key,
            request_hash,
        )
    except asyncpg.UniqueViolationError:
        if idempotency_key is None:
            raise
        return await _stored_under(pool, idempotency_key, request_hash), False
    return row, True


async def _stored_under(pool: asyncpg.Pool, key: str, request_hash: str | None) -> Row:
    row = await pool.fetchrow(
        "SELECT m.*, k.request_hash FROM idempotency_keys k JOIN messages m ON m.id = k.message_id WHERE k.key = $1",
        key,
    )
    if row["request_hash"] != request_hash:
        raise IdempotencyConflict(
            "this Idempotency-Key was used with another request; repeat that one unchanged, or take a new key"
        )
    return row


async def get(pool: asyncpg.Pool, message_id: UUID) -> Row | None:
    """The message's row, or None."""
    return await pool.fetchrow("SELECT * FROM messages WHERE id = $1", message_id)


async def page(
    pool: asyncpg.Pool, *, limit: int, offset: int, conversation_id: UUID | None = None
) -> tuple[list[Row], int]:
    """A page of messages, newest first, and how many there are in all."""
    where, arguments = ("WHERE conversation_id = $3", [conversation_id]) if conversation_id else ("", [])
    rows = await pool.fetch(
        f"SELECT * FROM messages {where} ORDER BY created_at DESC, id LIMIT $1 OFFSET $2",  # noqa: S608  # reason: constants
        limit,
        offset,
        *arguments,
    )
    total = await pool.fetchval(
        f"SELECT count(*) FROM messages {where.replace('$3', '$1')}",  # noqa: S608  # reason: constants
        *arguments,
    )
    return rows, total


def as_json(row: Row) -> dict[str, Any]:
    """The message as the API shows it."""
    return {
        "id": str(row["id"]),
        "conversation_id": str(row["conversation_id"]),
        "provider": row["provider"],
        "provider_message_id": row["provider_message_id"],
        "direction": row["direction"],
        "status": row["status"],
        "type": row["message_type"],
        "from": row["from_address"],
        "to": row["to_address"],
        "body": row["body"],
        "attachments": row["attachments"],
        "metadata": row["metadata"],
        "retry_count": row["retry_count"],
        "error_message": row["error_message"],
        "sent_at": _time(row["sent_at"]),
        "delivered_at": _time(row["delivered_at"]),
        "failed_at": _time(row["failed_at"]),
        "created_at": _time(row["created_at"]),
        "updated_at": _time(row["updated_at"]),
    }


def _time(value: Any) -> str | None:
    return None if value is None else value.isoformat()


def request_hash(message: NewMessage) -> str:
    """What identifies a request for its idempotency key: everything but the id made for it."""
    import hashlib

    what = [message.type, message.sender, message.recipient, message.body, message.attachments, message.metadata]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
