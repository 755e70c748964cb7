"""The application: its routes, and what each error is answered with."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from messaging_stack import database
from messaging_stack.api import conversations, messages, operations, webhooks
from messaging_stack.errors import BadSignature, BodyTooLarge, IdempotencyConflict, InvalidMessage
from messaging_stack.logs import get_logger

if TYPE_CHECKING:
    from messaging_stack.api.services import Services

log = get_logger()


def create_app(services: Services) -> FastAPI:
    """The API over services that are open."""
    app = FastAPI(
        title="Messaging stack",
        description="Accepts messages and delivers them in the background.",
        version="1",
        redirect_slashes=False,
    )
    app.state.services = services
    for part in (messages, conversations, webhooks, operations):
        app.include_router(part.router)
    for error, handler in _HANDLERS.items():
        app.add_exception_handler(error, handler)
    return app


def _invalid(_: Request, error: Exception) -> JSONResponse:
    """422, without repeating the input: it may be secret, or no valid JSON."""
    if not isinstance(error, (RequestValidationError, ValidationError)):
        raise error
    location = () if isinstance(error, RequestValidationError) else ("body",)
    detail = [
        {"loc": [*location, *map(_encodable, found["loc"])], "msg": _encodable(found["msg"]), "type": found["type"]}
        for found in error.errors()
    ]
    return JSONResponse({"detail": detail}, HTTPStatus.UNPROCESSABLE_ENTITY)


def _encodable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _invalid_message(_: Request, error: Exception) -> JSONResponse:
    location = list(error.location) if isinstance(error, InvalidMessage) else ["header", "Idempotency-Key"]
    detail = [{"loc": location, "msg": str(error), "type": "value_error"}]
    return JSONResponse({"detail": detail}, HTTPStatus.UNPROCESSABLE_ENTITY)


def _too_large(_: Request, error: Exception) -> JSONResponse:
    # The rest of the body isn't read; closing keeps it from being taken for the next request.
    headers = {"Connection": "close"}
    return JSONResponse({"detail": str(error)}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers=headers)


def _forbidden(request: Request, error: Exception) -> JSONResponse:
    log.warning("Webhook refused", path=request.url.path, error=str(error))
    return JSONResponse({"detail": str(error)}, HTTPStatus.FORBIDDEN)


def _unavailable(request: Request, error: Exception) -> JSONResponse:
    log.error("The database can't be reached", path=request.url.path, error=repr(error))
    detail = {"detail": "the database can't be reached right now; try again"}
    return JSONResponse(detail, HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})


_HANDLERS: dict[type[Exception], Any] = {
    RequestValidationError: _invalid,
    ValidationError: _invalid,
    InvalidMessage: _invalid_message,
    IdempotencyConflict: _invalid_message,
    BodyTooLarge: _too_large,
    BadSignature: _forbidden,
    **dict.fromkeys(database.CONNECTION_ERRORS, _unavailable),
}
