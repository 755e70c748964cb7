"""Of what the API shows: looks, lists and conversations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.quality.defects.defect import Defect


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


def delivered_at_left_out() -> None:
    """The time at which a message was delivered is never shown."""
    from messaging_stack.store import messages

    as_json = messages.as_json
    messages.as_json = lambda row: {**as_json(row), "delivered_at": None}


def conversation_of_one() -> None:
    """A conversation lists what we said, and not what was replied."""
    from messaging_stack.store import messages

    page = messages.page

    async def ours(pool: Any, *, limit: int, offset: int, conversation_id: Any = None) -> Any:
        rows, total = await page(pool, limit=limit, offset=offset, conversation_id=conversation_id)
        return (rows if conversation_id is None else [r for r in rows if r["direction"] == "outbound"]), total

    messages.page = ours


def odd_id_breaks() -> None:
    """An id that is none reaches the database, which can't read it."""
    from fastapi.exceptions import RequestValidationError

    from messaging_stack.api import app

    invalid = app._HANDLERS[RequestValidationError]

    def broken(request: Any, error: Any) -> Any:
        answer = invalid(request, error)
        answer.status_code = 500 if request.path_params.get("message_id") else answer.status_code
        return answer

    app._HANDLERS[RequestValidationError] = broken


def shown_once_it_is_sent() -> None:
    """A look is answered from a table that is filled when a message has been worked on."""
    from messaging_stack.api import messages as routes

    get = routes.messages.get

    async def late(pool: Any, message_id: Any) -> Any:
        row = await get(pool, message_id)
        return None if row is None or row["status"] in ("pending", "sending") else row

    routes.messages.get = late


CHECK = "api-promises"
DEFECTS = (
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
    Defect(
        name="delivered at left out",
        caught_by=CHECK,
        because="no time at which the message was delivered",
        install=delivered_at_left_out,
    ),
    Defect(
        name="conversation of one",
        caught_by=CHECK,
        because="of the conversation aren't listed",
        install=conversation_of_one,
    ),
    Defect(name="odd id breaks", caught_by=CHECK, because="that isn't there was answered 500", install=odd_id_breaks),
    Defect(name="shown once it is sent", caught_by=CHECK, because="it was shown later", install=shown_once_it_is_sent),
)
