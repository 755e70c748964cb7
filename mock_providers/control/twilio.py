"""Making Twilio's webhooks happen: a status, an inbound message."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from mock_providers.at_once import AtOnce
from mock_providers.checked import Checked
from mock_providers.control.accounts import find_account
from mock_providers.control.answers import answer, body_of
from mock_providers.errors import ControlError
from mock_providers.own_body import OwnBody
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.twilio.state.inbound_target import Target, inbound_target
from mock_providers.twilio.state.settings import STATUSES
from mock_providers.webhooks import Signature
from mock_providers.world import World

SIGNATURES = ("valid", "tampered", "missing")


async def set_status(world: World, request: Request) -> Response:
    """Moves a message and sends its callback; answers when the receiver has."""
    account = twilio_account(world, request)
    message = account.message(request.path_params["sid"])
    if message is None:
        raise ControlError("there is no such message in this account", hint="GET /_mock/calls shows them", status=404)
    given = Checked(await body_of(request), where="status")
    status = given.text("status")
    if status not in STATUSES:
        raise given.wrong("status", f"one of {', '.join(sorted(STATUSES))}", status)
    error_code = given.integer("error_code")
    url = given.url("url")
    duplicate = given.integer("duplicate", 1, least=1) or 1
    if duplicate > 100:
        raise given.wrong("duplicate", "at most 100", duplicate)
    signature = signature_of(given)
    at_once, own = AtOnce.read(given.any("at_once")), OwnBody.read(given.any("as"))
    given.done()
    message.stop()
    message.move(status, now=account.now(), error_code=error_code)
    outcome = await world.twilio_webhooks.status(
        account,
        message,
        status,
        error_code=error_code,
        url=url,
        signature=signature,
        duplicate=duplicate,
        at_once=at_once,
        own=own,
    )
    if outcome is None:
        return answer({"callback": None, "status": None, "error": "the message has no StatusCallback"})
    return answer(outcome.to_json())


async def inbound(world: World, request: Request) -> Response:
    """Delivers an inbound message to the stack; answers when it has."""
    account = twilio_account(world, request)
    given = Checked(await body_of(request), where="inbound")
    sender, to, body = given.text("from"), given.text("to"), given.text("body", "")
    media = _media(given)
    url = given.url("url")
    target = inbound_target(account, to) if url is None else Target(url)
    sid = given.optional_text("sid") or account.sid("MM" if media else "SM")
    signature = signature_of(given)
    at_once, own = AtOnce.read(given.any("at_once")), OwnBody.read(given.any("as"))
    given.done()
    if target is None:
        raise ControlError(
            "nothing is to be called for messages to this number",
            hint="give url, PATCH the account's inbound_url, or set the number's SmsUrl (in a Messaging Service: its "
            "InboundRequestUrl, unless UseInboundWebhookOnNumber)",
        )
    outcome, sent = await world.twilio_webhooks.inbound(
        account,
        sid=sid,
        sender=sender,
        to=to,
        body=body,
        media=media,
        target=target,
        signature=signature,
        at_once=at_once,
        own=own,
    )
    return answer({"sid": sid, **outcome.to_json(), "replies": [message.to_json() for message in sent]})


def signature_of(given: Checked) -> Signature:
    signature = given.text("signature", "valid")
    if signature not in SIGNATURES:
        raise given.wrong("signature", f"one of {', '.join(SIGNATURES)}", signature)
    return signature  # type: ignore[return-value]  # reason: it is one of them


def _media(given: Checked) -> list[dict[str, str]]:
    media: list[dict[str, str]] = []
    for item in given.any("media", []) or []:
        one = item if isinstance(item, dict) else {"url": item}
        url, kind = one.get("url"), one.get("content_type", "image/jpeg")
        if not isinstance(url, str) or not isinstance(kind, str):
            raise given.wrong("media", 'URLs, or {"url", "content_type"} objects', item)
        media.append({"url": url, "content_type": kind})
    return media


def twilio_account(world: World, request: Request) -> TwilioAccount:
    """The account that the path names; raises ControlError 404 if there is none."""
    account = find_account(world, "twilio", request.path_params["account"])
    assert isinstance(account, TwilioAccount)  # noqa: S101  # reason: narrows the type
    return account
