"""Requests and answers of the control plane: JSON in, JSON out, errors with a hint."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from mock_providers import client_json
from mock_providers.errors import ConfigError, ControlError, JournalError
from mock_providers.webhooks import Outcome

Endpoint = Callable[[Request], Awaitable[Response]]

_LOG = logging.getLogger(__name__)

BODY_LIMIT = 32 * 1024 * 1024


class _Json(JSONResponse):
    """JSON in ASCII: a half of a character, which a client may have written as an escape, has no other form."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def answer(value: Any, status: int = 200) -> Response:
    return _Json(value, status)


def told(outcome: Outcome) -> dict[str, Any]:
    """What became of a webhook that was asked for; raises ControlError where it may not be sent."""
    if outcome.refused:
        raise ControlError(outcome.error or "not sent", hint=f"entry {outcome.callback} of the record has it")
    return outcome.to_json()


def refusal(message: str, *, hint: str = "", status: int = 422) -> Response:
    return _Json({"error": message, "hint": hint}, status)


async def bytes_of(request: Request) -> bytes:
    """The body a request carries, up to a limit."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > BODY_LIMIT:
            raise ControlError("the body is too large", hint=f"send at most {BODY_LIMIT} bytes", status=413)
        parts.append(part)
    return b"".join(parts)


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object a request carries; no body is an empty one."""
    raw = await bytes_of(request)
    if not raw.strip():
        return {}
    try:
        value = _whole(raw, client_json.read(raw))
    except ValueError:
        raise ControlError("the body is not JSON", hint="send a JSON object", status=400) from None
    if not isinstance(value, dict):
        raise ControlError("the body is not a JSON object", hint="send {...}", status=400)
    return value


def _whole(raw: bytes, value: Any) -> Any:
    """The value without halves of characters, which no form and no header can carry: each is a question mark."""
    if b"\\ud" not in raw.lower():
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def guarded(endpoint: Endpoint) -> Endpoint:
    """The endpoint with what it refuses turned into an answer."""

    async def run(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ControlError as error:
            return refusal(str(error), hint=error.hint, status=error.status)
        except ConfigError as error:
            return refusal(str(error), hint="see docs/mock-providers.md for the settings")
        except JournalError as error:
            return refusal(str(error), hint="GET /_mock/health says how the journal is", status=503)
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception:
            _LOG.exception("%s %s wasn't answered", request.method, request.url.path)
            return refusal("a mistake of the mock's", hint="its standard error says more; please report it", status=500)

    return run
