"""Every change of a message's status. Each is one statement that changes the rows and writes their events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from messaging_stack.status import Status, may_move_sql, rank_sql

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

Row = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attempt to deliver came to.

    `retry_in_s` comes with the status `retry`; `exhausted` says that it failed for lack of further retries.
    """

    message_id: UUID
    status: Status
    provider_message_id: str | None = None
    error: str | None = None
    retry_in_s: float | None = None
    exhausted: bool = False


# Locking in the order of ids keeps two workers that hold overlapping batches from deadlocking.
_CLAIM = """
WITH due AS (
    SELECT m.id, m.status AS was, c.entry
    FROM unnest($1::uuid[], $2::text[]) AS c (id, entry) JOIN messages m ON m.id = c.id
    WHERE m.status = 'pending'
       OR (m.status = 'retry' AND m.retry_after <= now())
       OR (m.status = 'sending' AND m.claim = c.entry)
    ORDER BY m.id FOR UPDATE OF m
), moved AS (
    UPDATE messages m SET status = 'sending', claim = due.entry, updated_at = clock_timestamp()
    FROM due WHERE m.id = due.id
    RETURNING m.id, m.provider, m.message_type, m.body, m.attachments, m.from_address, m.to_address, m.metadata,
              m.retry_count, m.max_retries, due.was, due.entry
), event AS (
    INSERT INTO message_events (message_id, event_type, old_status, new_status)
    SELECT id, 'status', was, 'sending' FROM moved
)
SELECT * FROM moved
"""


async def claim(pool: asyncpg.Pool, entries: Sequence[tuple[UUID, str]]) -> list[Row]:
    """Moves the messages of these (message id, entry id) to `sending`, and returns those that were moved, to be sent.

    `sending` is committed before the call, and with it the entry that the call is made for. So of two entries for one
    message only one is acted on, while an entry that comes again, because its worker died, is: nobody can know whether
    that worker had called, and delivery is at least once.
    """
    rows: list[Row] = await pool.fetch(_CLAIM, [one[0] for one in entries], [one[1] for one in entries])
    return rows


async def look_up(pool: asyncpg.Pool, message_ids: Sequence[UUID]) -> dict[UUID, Row]:
    """What is known of messages that couldn't be claimed."""
    rows = await pool.fetch(
        "SELECT id, status, claim, provider, provider_message_id, retry_count, max_retries, error_message"
        " FROM messages WHERE id = ANY($1::uuid[])",
        message_ids,
    )
    return {row["id"]: row for row in rows}


_RECORD = f"""
WITH due AS (
    SELECT m.id, m.status AS was, o.*
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::float8[])
         AS o (message_id, becomes, provider_message_id, error, retry_in_s)
    JOIN messages m ON m.id = o.message_id
    WHERE {may_move_sql("m.status", "o.becomes")}
    ORDER BY m.id FOR UPDATE OF m
), moved AS (
    UPDATE messages m SET
        status = due.becomes,
        provider_message_id = coalesce(due.provider_message_id, m.provider_message_id),
        error_message = due.error,
        retry_count = m.retry_count + (due.becomes = 'retry')::integer,
        retry_after = now() + make_interval(secs => due.retry_in_s),
        sent_at = CASE due.becomes WHEN 'sent' THEN clock_timestamp() ELSE m.sent_at END,
        failed_at = CASE due.becomes WHEN 'failed' THEN clock_timestamp() ELSE m.failed_at END,
        updated_at = clock_timestamp()
    FROM due WHERE m.id = due.id
    RETURNING m.id, due.was, m.status, m.retry_after, due.error
), event AS (
    INSERT INTO message_events (message_id, event_type, old_status, new_status, detail)
    SELECT id, 'status', was, status, error FROM moved
), again AS (
    INSERT INTO outbox (message_id, available_at) SELECT id, retry_after FROM moved WHERE status = 'retry'
)
SELECT id FROM moved
"""  # noqa: S608  # reason: built from constants of this package


async def record(pool: asyncpg.Pool, outcomes: Sequence[Outcome]) -> set[UUID]:
    """Writes what the attempts came to; returns the messages whose status changed.

    A retry's next queueing is part of the same statement (an outbox row that is due later), so it survives any crash.
    """
    rows = await pool.fetch(
        _RECORD,
        [one.message_id for one in outcomes],
        [one.status for one in outcomes],
        [one.provider_message_id for one in outcomes],
        [one.error for one in outcomes],
        [one.retry_in_s for one in outcomes],
    )
    return {row["id"] for row in rows}


# Of several reports that wait for one message the one of the highest rank counts, and of those the first to come.
_APPLY_REPORTS = f"""
WITH waiting AS (
    SELECT l.id AS log_id, l.status AS becomes, l.detail, m.id
    FROM webhook_logs l JOIN messages m ON m.provider = l.provider AND m.provider_message_id = l.provider_message_id
    WHERE l.provider = $1 AND l.provider_message_id = ANY($2::text[]) AND l.status IS NOT NULL AND l.applied_at IS NULL
), best AS (
    SELECT DISTINCT ON (id) id, becomes, detail FROM waiting ORDER BY id, {rank_sql("becomes")} DESC, log_id
), due AS (
    SELECT m.id, m.status AS was, b.becomes, b.detail FROM best b JOIN messages m ON m.id = b.id
    WHERE {may_move_sql("m.status", "b.becomes")}
    ORDER BY m.id FOR UPDATE OF m
), moved AS (
    UPDATE messages m SET
        status = due.becomes,
        error_message = CASE due.becomes WHEN 'failed' THEN due.detail ELSE m.error_message END,
        delivered_at = CASE due.becomes WHEN 'delivered' THEN clock_timestamp() ELSE m.delivered_at END,
        failed_at = CASE due.becomes WHEN 'failed' THEN clock_timestamp() ELSE m.failed_at END,
        updated_at = clock_timestamp()
    FROM due WHERE m.id = due.id
    RETURNING m.id, due.was, m.status, due.detail
), event AS (
    INSERT INTO message_events (message_id, event_type, old_status, new_status, detail)
    SELECT id, 'report', was, status, detail FROM moved
), applied AS (
    UPDATE webhook_logs SET applied_at = clock_timestamp() WHERE id IN (SELECT log_id FROM waiting)
)
SELECT id, status FROM moved
"""  # noqa: S608  # reason: built from constants of this package


async def apply_reports(pool: asyncpg.Pool, provider: str, provider_message_ids: Sequence[str]) -> list[Row]:
    """Applies the delivery reports that wait for these messages; returns the rows that changed.

    Called by whoever stores a report, after storing it, and by whoever stores a provider's message id, after storing
    that. Each commits before it looks, so whichever comes second finds what the first one left: no order loses any.
    """
    rows: list[Row] = await pool.fetch(_APPLY_REPORTS, provider, provider_message_ids)
    return rows
