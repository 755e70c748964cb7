"""Making Twilio's webhooks happen: a status, an inbound message."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from mock_providers import spoilt
from mock_providers.at_once import AtOnce
from mock_providers.checked import Checked
from mock_providers.control.accounts import find_account
from mock_providers.control.answers import answer, body_of, told
from mock_providers.errors import ControlError
from mock_providers.own_body import OwnBody
from mock_providers.spoilt import Signature
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.twilio.state.inbound_target import Target, inbound_target
from mock_providers.twilio.state.settings import STATUSES
from mock_providers.twilio.state.whatsapp import PREFIX
from mock_providers.twilio.whatsapp import inbound_params
from mock_providers.world import World


async def set_status(world: World, request: Request) -> Response:
    """Moves a message and sends its callback; answers when the receiver has."""
    account = twilio_account(world, request)
    message = account.message(request.path_params["sid"])
    if message is None:
        raise ControlError("there is no such message in this account", hint="GET /_mock/calls shows them", status=404)
    given = Checked(await body_of(request), where="status")
    status, told_as, told_of = given.text("status"), given.optional_text("told_as"), given.optional_text("told_of")
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
    if told_of is None:
        message.stop()
        message.move(status, now=account.now(), error_code=error_code)
    outcome = await world.twilio_webhooks.status(
        account,
        message,
        told_as or status,
        error_code=error_code,
        url=url,
        signature=signature,
        duplicate=duplicate,
        told_of=told_of,
        at_once=at_once,
        own=own,
    )
    if outcome is None:
        return answer({"callback": None, "status": None, "error": "the message has no StatusCallback"})
    return answer(told(outcome))


async def inbound(world: World, request: Request) -> Response:
    """Delivers an inbound message to the stack; answers when it has."""
    account = twilio_account(world, request)
    given = Checked(await body_of(request), where="inbound")
    sender, to = given.text("from"), given.text("to")
    reply = _chosen(given)
    body = given.text("body", reply.get("ButtonText") or reply.get("ListTitle") or "")
    media = _media(given)
    url = given.url("url")
    target = inbound_target(account, to) if url is None else Target(url)
    more, profile_name = _params(given), given.optional_text("profile_name")
    if sender.startswith(PREFIX):
        more = inbound_params(sender, media, profile_name=profile_name, reply=reply, given=more) | more
    elif reply or profile_name:
        raise given.wrong("from", "a whatsapp: address, where profile_name, button or list is given", sender)
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
        more=more,
        signature=signature,
        at_once=at_once,
        own=own,
    )
    return answer({"sid": sid, **told(outcome), "replies": [message.to_json() for message in sent]})


def signature_of(given: Checked, *, kinds: tuple[Signature, ...] = spoilt.TWILIO) -> Signature:
    wanted = given.text("signature", "valid")
    found = next((kind for kind in kinds if kind == wanted), None)
    if found is None:
        raise given.wrong("signature", f"one of {', '.join(kinds)}", wanted)
    return found


REPLIES = {
    "button": {"text": "ButtonText", "payload": "ButtonPayload"},
    "list": {"id": "ListId", "title": "ListTitle", "description": "ListDescription"},
}
"""What was chosen of a message's buttons or its list, and the vendor's names of it."""


def _chosen(given: Checked) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for what, names in REPLIES.items():
        value = given.any(what)
        if value is not None:
            one = Checked(value, where=f"{given.where}: {what}")
            texts = {param: one.optional_text(name) for name, param in names.items()}
            one.done()
            chosen |= {param: text for param, text in texts.items() if text is not None}
    return chosen


def _params(given: Checked) -> dict[str, str]:
    """Parameters of the vendor's, whatever their names; a number or a flag is sent as its text."""
    value = given.any("params", {})
    if not isinstance(value, dict) or not all(isinstance(one, str | int | float) for one in value.values()):
        raise given.wrong("params", "an object of the vendor's parameters", value)
    return {name: str(one).lower() if isinstance(one, bool) else str(one) for name, one in value.items()}


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
