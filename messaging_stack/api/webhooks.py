"""What the providers tell us. Whoever can't prove to be the provider is refused with 403."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from messaging_stack import inbound, metrics, reports, signatures
from messaging_stack.api.requests import MAX_EVENTS_BYTES, MAX_MAIL_BYTES, read_body
from messaging_stack.api.services import Services, services
from messaging_stack.errors import BadSignature, InvalidMessage
from messaging_stack.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from messaging_stack.store.webhooks import Inbound, Report

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])
log = get_logger()


@router.post("/twilio")
async def twilio(request: Request) -> Response:
    """An inbound SMS or MMS, or a status callback; a form, or JSON signed the way Twilio signs JSON."""
    found = services(request)
    body = await read_body(request, limit=MAX_EVENTS_BYTES)
    if _media_type(request) == "application/json":
        _check_twilio(found, request, body=body, params=None)
        params = _text_values(_json(body))
    else:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        _check_twilio(found, request, body=body, params=pairs)
        params = dict(pairs)
    if (report := reports.from_twilio(params)) is not None:
        await _take_reports(found, [report])
    else:
        await _take_inbound(found, inbound.from_twilio(params))
    return Response("<Response/>", media_type="text/xml")


@router.post("/sendgrid")
async def sendgrid(request: Request) -> JSONResponse:
    """A batch of events (JSON, signed), or an inbound mail (multipart, as Inbound Parse posts it)."""
    found = services(request)
    if _media_type(request) == "multipart/form-data":
        _check_token(found, request)
        body = await read_body(request, limit=MAX_MAIL_BYTES)
        await _take_inbound(found, await inbound.from_inbound_parse(request.headers, body))
        return JSONResponse({"received": 1})
    body = await read_body(request, limit=MAX_EVENTS_BYTES)
    if found.settings.webhook_signatures == "required":
        signatures.check_sendgrid(
            key=found.sendgrid_key,
            timestamp=request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp"),
            body=body,
            signature=request.headers.get("X-Twilio-Email-Event-Webhook-Signature"),
        )
    content = _json(body)
    if isinstance(content, dict):  # an inbound mail in the plain form that some systems post
        await _take_inbound(found, inbound.from_plain_mail(_text_values(content)))
        return JSONResponse({"received": 1})
    events = reports.from_sendgrid(content)
    await _take_reports(found, await reports.with_ids_filled_in(found.pool, events))
    return JSONResponse({"received": len(events)})


def _check_twilio(found: Services, request: Request, *, body: bytes, params: Sequence[tuple[str, str]] | None) -> None:
    if found.settings.webhook_signatures == "off":
        return
    token = found.settings.twilio_auth_token.get_secret_value()
    signature = request.headers.get("X-Twilio-Signature")
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{found.settings.public_url}{request.url.path}{query}"
    if params is None:
        signatures.check_twilio_json(token=token, url=url, body=body, signature=signature)
    else:
        signatures.check_twilio_form(token=token, url=url, params=params, signature=signature)


def _check_token(found: Services, request: Request) -> None:
    """Inbound Parse signs nothing; a token in its URL is all that can be asked for."""
    expected = found.settings.inbound_parse_token
    seen = request.query_params.get("token", "")
    if expected and not hmac.compare_digest(expected.get_secret_value().encode(), seen.encode("utf-8", "replace")):
        raise BadSignature("inbound mail needs ?token= as in INBOUND_PARSE_TOKEN")


async def _take_reports(found: Services, taken: Sequence[Report]) -> None:
    for moved in await reports.take(found.pool, taken):
        log.info("Delivery report applied", message_id=str(moved["id"]), status=moved["status"])
    for report in taken:
        metrics.REPORTS.labels(report.provider).inc()


async def _take_inbound(found: Services, message: Inbound) -> None:
    stored = await inbound.take(found.pool, message)
    if stored is None:
        log.info("Inbound message was stored before", provider_message_id=message.provider_message_id)
        return
    metrics.INBOUND.labels(message.type).inc()
    log.info("Inbound message stored", message_id=str(stored), provider_message_id=message.provider_message_id)


def _media_type(request: Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidMessage("expected JSON") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _text_values(content: Any) -> dict[str, str]:
    if not isinstance(content, dict):
        raise InvalidMessage("expected a JSON object")
    return {name: str(value) for name, value in content.items() if isinstance(value, str | int)}
