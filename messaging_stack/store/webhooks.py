"""What providers tell us: inbound messages, stored once, and delivery reports, kept until they can be applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from messaging_stack.status import Status
from messaging_stack.store.conversations import UPSERT, channel_of, pair
from messaging_stack.store.messages import provider_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    import asyncpg


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A message that came in; `provider_message_id` makes a repeated delivery recognisable."""

    provider_message_id: str
    type: str
    sender: str
    recipient: str
    body: str
    attachments: list[str] = field(default_factory=list)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A provider's word on a message; `status` None when it changes nothing, but is worth keeping."""

    provider: str
    kind: str
    provider_message_id: str | None
    status: Status | None
    detail: str | None
    payload: Mapping[str, Any]


_STORE_INBOUND = f"""
WITH conversation AS ({UPSERT}), message AS (
    INSERT INTO messages (conversation_id, provider, provider_message_id, direction, status, message_type, body,
                          attachments, from_address, to_address, metadata)
    SELECT id, $3, $4, 'inbound', 'received', $5, $6, $7, $8, $9, $10 FROM conversation
    ON CONFLICT (provider, provider_message_id) DO NOTHING
    RETURNING id, status
), event AS (
    INSERT INTO message_events (message_id, event_type, new_status) SELECT id, 'received', status FROM message
)
SELECT id FROM message
"""  # noqa: S608  # reason: built from constants of this package


async def store_inbound(pool: asyncpg.Pool, message: Inbound) -> UUID | None:
    """Stores the message with its conversation; returns its id, or None when it is stored already."""
    stored: UUID | None = await pool.fetchval(
        _STORE_INBOUND,
        channel_of(message.type),
        pair(message.sender, message.recipient),
        provider_of(message.type),
        message.provider_message_id,
        message.type,
        message.body,
        message.attachments,
        message.sender,
        message.recipient,
        message.metadata,
    )
    return stored


async def log_reports(pool: asyncpg.Pool, reports: Sequence[Report]) -> None:
    """Keeps the reports, in order; those with a status wait to be applied."""
    await pool.executemany(
        "INSERT INTO webhook_logs (provider, kind, provider_message_id, status, detail, payload)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [(one.provider, one.kind, one.provider_message_id, one.status, one.detail, one.payload) for one in reports],
    )
