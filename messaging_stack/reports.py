"""Delivery reports: reading those of each provider, keeping them, and applying them to their messages."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from messaging_stack.errors import InvalidMessage
from messaging_stack.status import SENDGRID_REPORTS, TWILIO_REPORTS
from messaging_stack.store import transitions, webhooks
from messaging_stack.store.webhooks import Report
from messaging_stack.validation import cleaned

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import asyncpg

_DEEPEST = 50
_LONGEST_ID = 256  # they are indexed, and an index's entries are bounded


def from_twilio(params: Mapping[str, str]) -> Report | None:
    """A status callback's report, or None when this is none but an inbound message; raises InvalidMessage."""
    status = params.get("MessageStatus")
    if status is None or status == "received":
        return None
    sid = params.get("MessageSid") or params.get("SmsSid")
    if not sid:
        raise InvalidMessage("expected a MessageSid", location=("body", "MessageSid"))
    code = params.get("ErrorCode")
    return Report(
        provider="twilio",
        kind="status",
        provider_message_id=cleaned(sid)[:_LONGEST_ID],
        status=TWILIO_REPORTS.get(status),
        detail=cleaned(f"Twilio says {status}" + (f", code {code}" if code else "")),
        payload=storable(params),
    )


def from_sendgrid(content: Any) -> list[Report]:
    """The reports of a batch of events; raises InvalidMessage."""
    if not isinstance(content, list) or not all(isinstance(event, dict) for event in content):
        raise InvalidMessage("expected a JSON array of events")
    return [_from_event(event) for event in content]


def _from_event(event: dict[str, Any]) -> Report:
    name = event.get("event")
    if not isinstance(name, str):
        raise InvalidMessage("expected every event to have a text 'event'")
    full_id = event.get("sg_message_id")
    reason = event.get("reason")
    return Report(
        provider="sendgrid",
        kind=cleaned(name),
        provider_message_id=_first_part(full_id),
        status=SENDGRID_REPORTS.get(name),
        detail=cleaned(f"SendGrid says {name}" + (f": {reason}" if isinstance(reason, str) else "")),
        payload=storable(event),
    )


def _first_part(full_id: Any) -> str | None:
    """The X-Message-Id that an sg_message_id begins with."""
    return cleaned(full_id.partition(".")[0])[:_LONGEST_ID] or None if isinstance(full_id, str) else None


async def with_ids_filled_in(pool: asyncpg.Pool, reports: Sequence[Report]) -> list[Report]:
    """Asynchronous bounces name no message of SendGrid's; but our own id is in what we gave them to repeat."""
    return [report if report.provider_message_id else await _filled_in(pool, report) for report in reports]


async def _filled_in(pool: asyncpg.Pool, report: Report) -> Report:
    try:
        ours = UUID(str(report.payload.get("message_id")))
    except ValueError:
        return report
    query = "SELECT provider_message_id FROM messages WHERE id = $1 AND provider = 'sendgrid'"
    theirs = await pool.fetchval(query, ours)
    return replace(report, provider_message_id=theirs)


async def take(pool: asyncpg.Pool, reports: Sequence[Report]) -> list[Any]:
    """Keeps the reports, then applies those whose message is known; returns the messages that changed."""
    await webhooks.log_reports(pool, reports)
    moved: list[Any] = []
    for provider in sorted({report.provider for report in reports}):
        ids = [one.provider_message_id for one in reports if one.provider == provider and one.status]
        moved += await transitions.apply_reports(pool, provider, [found for found in ids if found])
    return moved


def storable(value: Any, *, depth: int = 0) -> Any:
    """JSON that PostgreSQL can hold, made of JSON that Python could read; raises InvalidMessage when it is too deep."""
    if depth > _DEEPEST:
        raise InvalidMessage(f"expected JSON of at most {_DEEPEST} levels")
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, dict):
        return {cleaned(str(name)): storable(inner, depth=depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [storable(inner, depth=depth + 1) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
