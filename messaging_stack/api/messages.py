"""Sending and reading messages."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import JSONResponse

from messaging_stack import metrics
from messaging_stack.api.requests import MAX_SEND_BYTES, SendRequest, idempotency_key, read_body
from messaging_stack.api.services import services
from messaging_stack.logs import get_logger
from messaging_stack.store import messages

router = APIRouter(prefix="/api/v1/messages", tags=["messages"])
log = get_logger()

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]

_SEND_BODY = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": SendRequest.model_json_schema()}}},
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "The same key with the same request gives the same message (200); with another one, 422.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }
    ],
}


@router.post("/send", status_code=201, openapi_extra=_SEND_BODY, response_class=JSONResponse)
async def send(request: Request) -> JSONResponse:
    """Accepts a message. 201 with the stored message; it is delivered in the background."""
    # The body is validated from its bytes: what is no JSON, or no UTF-8, is a 422 like any other mistake.
    message = SendRequest.model_validate_json(await read_body(request, limit=MAX_SEND_BYTES)).message()
    row, new = await services(request).dispatcher.dispatch(message, idempotency_key=idempotency_key(request))
    if not new:
        return JSONResponse(messages.as_json(row), 200, headers={"Idempotency-Replayed": "true"})
    metrics.ACCEPTED.labels(message.type).inc()
    log.info("Message accepted", message_id=str(message.id), type=message.type)
    return JSONResponse(messages.as_json(row), 201)


@router.get("", include_in_schema=False)
@router.get("/")
async def list_messages(request: Request, limit: Limit = 50, offset: Offset = 0) -> JSONResponse:
    """A page of messages, newest first."""
    rows, total = await messages.page(services(request).pool, limit=limit, offset=offset)
    page = {"messages": [messages.as_json(row) for row in rows], "total": total, "limit": limit, "offset": offset}
    return JSONResponse(page)


@router.get("/{message_id}")
async def get_message(request: Request, message_id: UUID) -> JSONResponse:
    """One message as it is now."""
    row = await messages.get(services(request).pool, message_id)
    if row is None:
        raise HTTPException(404, f"there is no message {message_id}")
    return JSONResponse(messages.as_json(row))
