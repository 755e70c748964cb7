"""Reading conversations."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse

from messaging_stack.api.messages import Limit, Offset
from messaging_stack.api.services import services
from messaging_stack.store import conversations, messages

router = APIRouter(prefix="/api/v1/conversations", tags=["conversations"])


@router.get("", include_in_schema=False)
@router.get("/")
async def list_conversations(request: Request, limit: Limit = 50, offset: Offset = 0) -> JSONResponse:
    """A page of conversations, the latest active first."""
    rows, total = await conversations.page(services(request).pool, limit=limit, offset=offset)
    found = [conversations.as_json(row) for row in rows]
    return JSONResponse({"conversations": found, "total": total, "limit": limit, "offset": offset})


@router.get("/{conversation_id}")
async def get_conversation(request: Request, conversation_id: UUID) -> JSONResponse:
    """One conversation."""
    return JSONResponse(await _found(request, conversation_id))


@router.get("/{conversation_id}/messages")
async def list_conversation_messages(
    request: Request, conversation_id: UUID, limit: Limit = 50, offset: Offset = 0
) -> JSONResponse:
    """A page of a conversation's messages, newest first."""
    await _found(request, conversation_id)
    rows, total = await messages.page(
        services(request).pool, limit=limit, offset=offset, conversation_id=conversation_id
    )
    page = {"messages": [messages.as_json(row) for row in rows], "total": total, "limit": limit, "offset": offset}
    return JSONResponse(page)


async def _found(request: Request, conversation_id: UUID) -> dict[str, object]:
    row = await conversations.get(services(request).pool, conversation_id)
    if row is None:
        raise HTTPException(404, f"there is no conversation {conversation_id}")
    return conversations.as_json(row)
