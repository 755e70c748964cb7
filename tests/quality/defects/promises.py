"""Of what the API promises: its answers and keys."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
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


def conflict_known_by(*parts: str) -> Any:
    """What identifies a request for its key is less than all that it says."""

    def install() -> None:
        """What identifies a request for its key is less than all that it says."""
        from messaging_stack.store import messages

        messages.request_hash = lambda message: repr([getattr(message, part) for part in parts])

    return install


def key_forgotten() -> None:
    """A key is kept for as long as its message is under way."""
    from messaging_stack.worker.ledger import Recorder

    record = Recorder.record

    async def recorded(self: Any, outcome: Any, *, provider: str) -> bool:
        moved = await record(self, outcome, provider=provider)
        if outcome.status == "sent":
            await self._pool.execute("DELETE FROM idempotency_keys WHERE message_id = $1", outcome.message_id)
        return moved

    Recorder.record = recorded


def mail_recipient_unchecked() -> None:
    """Whatever is sent to is taken for an address; the provider will say so."""
    from messaging_stack.api import requests

    requests.email_address = lambda value: value


def no_json_breaks() -> None:
    """What is no JSON is an error that nobody has thought of."""
    from messaging_stack.api import messages as routes

    read_body = routes.read_body

    async def read(request: Any, **more: Any) -> bytes:
        import json

        body = await read_body(request, **more)
        json.loads(body)
        return body

    routes.read_body = read


def same_text_sent_once() -> None:
    """What somebody was sent already is taken for a mistake of who sends it, and nobody is told."""
    from messaging_stack.delivery import Deliverer
    from messaging_stack.store.transitions import Outcome

    deliver, known = Deliverer.deliver, {}

    async def once(self: Any, message: Any, **more: Any) -> Any:
        first = known.setdefault((message.recipient, message.body), message.id)
        if first != message.id:
            return Outcome(message_id=message.id, status="sent")
        return await deliver(self, message, **more)

    Deliverer.deliver = once


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
    Defect(
        name="conflict by recipient",
        caught_by=CHECK,
        because="the second is lost",
        install=conflict_known_by("recipient"),
    ),
    Defect(name="conflict by body", caught_by=CHECK, because="the second is lost", install=conflict_known_by("body")),
    Defect(
        name="key forgotten", caught_by="message-queued", because="2 messages were made with one", install=key_forgotten
    ),
    Defect(
        name="mail recipient unchecked",
        caught_by=CHECK,
        because="a recipient that is none was answered 201",
        install=mail_recipient_unchecked,
        channels=("email",),
    ),
    Defect(name="no JSON breaks", caught_by=CHECK, because="half of its JSON was answered 500", install=no_json_breaks),
    Defect(
        name="same text sent once",
        caught_by="worker-processed",
        because="messages of the same text were taken, and 1 sent",
        install=same_text_sent_once,
    ),
)
