"""Of what the API promises: its answers, lists and keys."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.quality.defects.defect import Defect


def answered_before_it_is_stored() -> None:
    """The answer is given at once, and the work of storing and queueing left to a task of the process."""
    from messaging_stack.api.dispatch import QueueDispatcher

    dispatch = QueueDispatcher.dispatch
    tasks: set[Any] = set()

    async def at_once(self: Any, message: Any, *, idempotency_key: str | None) -> Any:
        if idempotency_key is not None:
            return await dispatch(self, message, idempotency_key=idempotency_key)
        task = asyncio.ensure_future(dispatch(self, message, idempotency_key=None))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        return as_if_stored(message), True

    QueueDispatcher.dispatch = at_once


def as_if_stored(message: Any) -> dict[str, Any]:
    """The row that a message will have."""
    now = datetime.now(UTC)
    return {
        "id": message.id,
        "conversation_id": message.id,
        "provider": message.provider,
        "metadata": {},
        "provider_message_id": None,
        "direction": "outbound",
        "status": "pending",
        "message_type": message.type,
        "from_address": message.sender,
        "to_address": message.recipient,
        "body": message.body,
        "attachments": message.attachments,
        "retry_count": 0,
        "error_message": None,
        "sent_at": None,
        "delivered_at": None,
        "failed_at": None,
        "created_at": now,
        "updated_at": now,
    }


def conflict_replayed() -> None:
    """A key that comes again is answered with the first message, whatever the second one says."""
    from messaging_stack.store import messages

    messages.request_hash = lambda message: "the same"


def conflict_stored() -> None:
    """A key counts for one body alone, so that with another it makes another message."""
    from messaging_stack.api.dispatch import QueueDispatcher
    from messaging_stack.errors import IdempotencyConflict

    dispatch = QueueDispatcher.dispatch

    async def without(self: Any, message: Any, *, idempotency_key: str | None) -> Any:
        try:
            return await dispatch(self, message, idempotency_key=idempotency_key)
        except IdempotencyConflict:
            return await dispatch(self, message, idempotency_key=None)

    QueueDispatcher.dispatch = without


def key_looked_up_first() -> None:
    """A key is looked up, and then stored: between the two another send with it has room."""
    from messaging_stack.store import messages

    insert = messages.insert

    async def looked_up(pool: Any, message: Any, *, idempotency_key: str | None = None, **more: Any) -> Any:
        if idempotency_key is None:
            return await insert(pool, message, **more)
        known = await pool.fetchval("SELECT message_id FROM idempotency_keys WHERE key = $1", idempotency_key)
        if known is not None:
            return await messages._stored_under(pool, idempotency_key, more["request_hash"]), False
        row, new = await insert(pool, message, **{**more, "request_hash": None})
        await pool.execute(
            "INSERT INTO idempotency_keys (key, request_hash, message_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            idempotency_key,
            more["request_hash"],
            row["id"],
        )
        return row, new

    messages.insert = looked_up


def key_in_use_breaks() -> None:
    """A key that is in use is an error that nobody has thought of."""
    from messaging_stack.store import messages

    async def stored(pool: Any, key: str, request_hash: str | None) -> Any:
        raise RuntimeError(f"duplicate key {key}")

    messages._stored_under = stored


def refused_as_success() -> None:
    """What is wrong with a send is told in an answer that says 200."""
    from pydantic import ValidationError

    from messaging_stack.api import app

    refuse = app._HANDLERS[ValidationError]

    def told(request: Any, error: Exception) -> Any:
        answer = refuse(request, error)
        answer.status_code = 200
        return answer

    app._HANDLERS[ValidationError] = told


def refused_as_broken() -> None:
    """What is wrong with a send is taken for a fault of the API's own."""
    from pydantic import ValidationError

    from messaging_stack.api import app

    refuse = app._HANDLERS[ValidationError]

    def told(request: Any, error: Exception) -> Any:
        answer = refuse(request, error)
        answer.status_code = 500
        return answer

    app._HANDLERS[ValidationError] = told


def recipient_unchecked() -> None:
    """Whatever is sent to is taken for a number; the provider will say so."""
    from messaging_stack.api import requests

    requests.phone_number = lambda value: value


def emoji_alone_refused() -> None:
    """A body without a letter is taken for an empty one."""
    from messaging_stack.api.requests import SendRequest
    from messaging_stack.errors import InvalidMessage

    message = SendRequest.message

    def checked(self: Any) -> Any:
        if not self.attachments and not re.search(r"\w", self.body):
            raise InvalidMessage("expected a body", location=("body", "body"))
        return message(self)

    SendRequest.message = checked


def false_is_empty() -> None:
    """A body that reads as nothing in another language is taken for none."""
    from messaging_stack.api.requests import SendRequest
    from messaging_stack.errors import InvalidMessage

    message = SendRequest.message

    def checked(self: Any) -> Any:
        if not self.attachments and self.body in ("0", "null", "false"):
            raise InvalidMessage("expected a body", location=("body", "body"))
        return message(self)

    SendRequest.message = checked


def anything_is_shown() -> None:
    """A look at a message that isn't there shows one that is pending."""
    from messaging_stack.api import messages as routes

    get = routes.messages.get

    async def found(pool: Any, message_id: Any) -> Any:
        row = await get(pool, message_id)
        if row is not None:
            return row
        newest = await pool.fetchrow("SELECT * FROM messages ORDER BY created_at DESC LIMIT 1")
        return {**dict(newest), "id": message_id, "status": "pending"}

    routes.messages.get = found


def shown_as_it_was() -> None:
    """A look is answered from what the API remembers of its own answer."""
    from messaging_stack.api import messages as routes

    get, as_json = routes.messages.get, routes.messages.as_json
    known: dict[Any, Any] = {}

    def remembered(row: Any) -> Any:
        known.setdefault(row["id"], row)
        return as_json(row)

    async def from_memory(pool: Any, message_id: Any) -> Any:
        return known.get(message_id) or await get(pool, message_id)

    routes.messages.as_json, routes.messages.get = remembered, from_memory


def shown_in_another_zone() -> None:
    """Times are shown as those of another zone, and called UTC."""
    from messaging_stack.store import messages

    iso = messages._time
    messages._time = lambda value: iso(value - timedelta(hours=7)) if value else None


def sent_at_left_out() -> None:
    """The time at which a message was sent is never shown."""
    from messaging_stack.store import messages

    as_json = messages.as_json
    messages.as_json = lambda row: {**as_json(row), "sent_at": None}


def sent_when_it_was_made() -> None:
    """A message that was delivered shows as its making's time that of its last change."""
    from messaging_stack.store import messages

    as_json = messages.as_json

    def shown(row: Any) -> Any:
        return {**as_json(row), "created_at": (row["updated_at"] + timedelta(seconds=30)).isoformat()}

    messages.as_json = shown


def pages_overlap() -> None:
    """A page begins one message too late, so that one between two pages is on none."""
    from messaging_stack.store import messages

    page = messages.page

    async def late(pool: Any, *, limit: int, offset: int, conversation_id: Any = None) -> Any:
        return await page(pool, limit=limit, offset=offset and offset + 1, conversation_id=conversation_id)

    messages.page = late


def pages_in_no_order() -> None:
    """The pages of a list come in whatever order the database has them."""
    from messaging_stack.store import messages

    page = messages.page

    async def unordered(pool: Any, *, limit: int, offset: int, conversation_id: Any = None) -> Any:
        if conversation_id is not None:
            return await page(pool, limit=limit, offset=offset, conversation_id=conversation_id)
        rows = await pool.fetch("SELECT * FROM messages ORDER BY random() LIMIT $1 OFFSET $2", limit, offset)
        return rows, await pool.fetchval("SELECT count(*) FROM messages")

    messages.page = unordered


def conversation_in_no_order() -> None:
    """The messages of a conversation are listed by their random ids."""
    from messaging_stack.store import messages

    page = messages.page

    async def by_id(pool: Any, *, limit: int, offset: int, conversation_id: Any = None) -> Any:
        rows, total = await page(pool, limit=limit, offset=offset, conversation_id=conversation_id)
        return (rows if conversation_id is None else sorted(rows, key=lambda row: row["id"].bytes[-4:])), total

    messages.page = by_id


CHECK = "api-promises"
DEFECTS = (
    Defect(
        name="answered before it is stored",
        caught_by=CHECK,
        because="answered before its row was committed",
        install=answered_before_it_is_stored,
    ),
    Defect(name="conflict replayed", caught_by=CHECK, because="the second is lost", install=conflict_replayed),
    Defect(name="conflict stored", caught_by=CHECK, because="with two bodies made two", install=conflict_stored),
    Defect(name="key looked up first", caught_by=CHECK, because="were made with one key", install=key_looked_up_first),
    Defect(name="key in use breaks", caught_by=CHECK, because="was answered 500", install=key_in_use_breaks),
    Defect(name="refused as success", caught_by=CHECK, because="as if it had been taken", install=refused_as_success),
    Defect(name="refused as broken", caught_by=CHECK, because="was answered 500", install=refused_as_broken),
    Defect(
        name="recipient unchecked",
        caught_by=CHECK,
        because="a recipient that is none was answered 201",
        install=recipient_unchecked,
    ),
    Defect(
        name="emoji alone refused",
        caught_by=CHECK,
        because="a body of emoji alone was refused",
        install=emoji_alone_refused,
    ),
    Defect(name="false is empty", caught_by=CHECK, because="a body of a zero was refused", install=false_is_empty),
    Defect(name="anything is shown", caught_by=CHECK, because="that nobody sent was shown", install=anything_is_shown),
    Defect(name="shown as it was", caught_by=CHECK, because="and its row says sent", install=shown_as_it_was),
    Defect(name="shown in another zone", caught_by=CHECK, because="it shows a time", install=shown_in_another_zone),
    Defect(
        name="sent at left out",
        caught_by=CHECK,
        because="no time at which the message was sent",
        install=sent_at_left_out,
    ),
    Defect(name="made when it was sent", caught_by=CHECK, because="it shows a time", install=sent_when_it_was_made),
    Defect(name="pages with a hole", caught_by=CHECK, because="are on no page", install=pages_overlap),
    Defect(name="pages in no order", caught_by=CHECK, because="at rest", install=pages_in_no_order),
    Defect(
        name="conversation in no order",
        caught_by=CHECK,
        because="neither in the order",
        install=conversation_in_no_order,
    ),
)
