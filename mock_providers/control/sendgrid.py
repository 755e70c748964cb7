"""Making SendGrid's webhooks happen: events, an inbound mail."""

from __future__ import annotations

import asyncio
import re
from base64 import b64decode
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from mock_providers import redact, spoilt
from mock_providers.at_once import AtOnce
from mock_providers.checked import Checked, is_http_url
from mock_providers.control.accounts import find_account
from mock_providers.control.answers import answer, body_of, told
from mock_providers.control.twilio import signature_of
from mock_providers.errors import ControlError
from mock_providers.own_body import OwnBody
from mock_providers.sendgrid.events import Event, make_event
from mock_providers.sendgrid.inbound_parse import InboundFile, InboundMail, deliver_mail
from mock_providers.sendgrid.signature import SigningKey
from mock_providers.sendgrid.state.account import SendGridAccount
from mock_providers.sendgrid.state.event_webhooks import SWITCHES
from mock_providers.sendgrid.state.mail import Recipient
from mock_providers.sendgrid.state.parse_settings import setting_for
from mock_providers.sendgrid.state.settings import EVENTS
from mock_providers.sendgrid.state.suppressions import KINDS
from mock_providers.world import World

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_MIME = re.compile(r"[\w.+-]+/[\w.+-]+")


async def events(world: World, request: Request) -> Response:
    """Posts a batch of events; each is the generated one with the given fields on top.

    To one URL where it is given, otherwise to each webhook of the account what it asks for.
    """
    account = _account(world, request)
    body = await body_of(request)
    url = body.pop("url", None)
    signature = signature_of(
        Checked({"signature": body.pop("signature", "valid")}, where="events"), kinds=spoilt.SENDGRID
    )
    at_once, own = AtOnce.read(body.pop("at_once", None)), OwnBody.read(body.pop("as", None))
    wanted = body.get("events", [body])
    if not isinstance(wanted, list) or not wanted:
        raise ControlError("events must be a list of at least one event", hint='send {"events": [{"event": ...}]}')
    if not isinstance(url, str) and not account.event_webhooks:
        raise ControlError(
            "the account has no event_webhook_url", hint="give url, or PATCH the account's event_webhook_url"
        )
    batch = [event for item in wanted for event in _events(world, account, item)]
    posting = world.sendgrid_webhooks.post
    outcomes = await asyncio.gather(
        *(
            posting(account, part, url=to, signer=signer, signature=signature, at_once=at_once, own=own)
            for to, signer, part in _destinations(account, batch, url if isinstance(url, str) else None)
        )
    )
    shown = told(outcomes[0])
    return answer(shown if len(outcomes) == 1 else {**shown, "webhooks": [told(one) for one in outcomes]})


def _destinations(
    account: SendGridAccount, batch: list[Event], url: str | None
) -> list[tuple[str, SigningKey | None, list[Event]]]:
    """Where events go, who signs them, and which of them go there."""
    webhooks = account.event_webhooks
    if url is not None:
        known = webhooks.at(url) if is_http_url(url) else None
        return [(url, (known or webhooks.first).signer, batch)]
    found = []
    for webhook in webhooks:
        wanted = [event for event in batch if webhook.wants(event)]
        if wanted and webhook.url is not None:
            found.append((webhook.url, webhook.signer, wanted))
    if not found:
        kinds = ", ".join(sorted({str(event["event"]) for event in batch}))
        raise ControlError(
            f"no webhook of the account asks for {kinds}", hint="give url, or change the webhook's settings"
        )
    return found


async def inbound(world: World, request: Request) -> Response:
    """Delivers a mail to the stack as Inbound Parse does; answers when it has."""
    account = _account(world, request)
    given = Checked(await body_of(request), where="inbound")
    headers = given.any("headers") or {}
    if not isinstance(headers, dict) or not all(_is_header(name, value) for name, value in headers.items()):
        raise given.wrong("headers", "an object of header names with strings, or null", headers)
    mail = InboundMail(
        sender=given.text("from"),
        to=given.text("to"),
        subject=given.text("subject", ""),
        text=given.text("text", ""),
        html=given.text("html", ""),
        headers=headers,
        attachments=_files(given),
    )
    setting = setting_for(account.parse_settings, mail.to)
    raw = given.flag("raw", setting is not None and setting.send_raw)
    url = given.url("url") or (setting.url if setting is not None else account.settings.inbound_url)
    at_once, own = AtOnce.read(given.any("at_once")), OwnBody.read(given.any("as"))
    signature = signature_of(given, kinds=spoilt.SENDGRID) if own is not None else "valid"
    given.done()
    if url is None:
        raise ControlError(
            f"the account has no inbound_url, and no parse setting for the host of {mail.to[:100]}",
            hint="give url, or PATCH the account's inbound_url, or make a parse setting",
        )
    try:
        outcome, message_id = await deliver_mail(
            world.webhooks,
            account,
            mail,
            url=url,
            raw=raw,
            spam_check=setting is None or setting.spam_check,
            at_once=at_once,
            own=own,
            signature=signature,
        )
    except (ValueError, LookupError, TypeError) as error:
        raise ControlError(f"no mail can be made of that: {error}", hint="look at headers and addresses") from None
    return answer({**told(outcome), "message_id": message_id})


def _is_header(name: str, value: object) -> bool:
    return (value is None or isinstance(value, str)) and _HEADER.fullmatch(name) is not None


def _files(given: Checked) -> tuple[InboundFile, ...]:
    items = given.any("attachments") or []
    files = []
    try:
        for item in items:
            kind = item.get("type", "application/octet-stream")
            if not (isinstance(item["filename"], str) and isinstance(kind, str) and _MIME.fullmatch(kind)):
                raise given.wrong("attachments", "objects with filename, content and type", item)
            files.append(
                InboundFile(filename=item["filename"], content=b64decode(item["content"], validate=True), type=kind)
            )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise given.wrong("attachments", "objects with filename, content (base64) and type", items) from None
    return tuple(files)


def _events(world: World, account: SendGridAccount, wanted: Any) -> list[Event]:
    """The events of one wish: one per recipient of the message it names, or one of its own."""
    if not isinstance(wanted, dict) or wanted.get("event") not in EVENTS:
        raise ControlError("an event needs its type", hint=f'give "event": one of {", ".join(sorted(EVENTS))}')
    fields = dict(wanted)
    kind, told_as = fields.pop("event"), fields.pop("told_as", None)
    if told_as is not None and not isinstance(told_as, str):
        raise ControlError("told_as is the event's name as it is told", hint='give a string, such as "archived"')
    told = {"event": told_as} if told_as else {}
    message_id = fields.pop("message", None)
    if message_id is None:
        return [_noted(world, account, make_event(account, kind, mail=None, recipient=None) | fields, None) | told]
    mail = account.mails.get(message_id) if isinstance(message_id, str) else None
    if mail is None:
        raise ControlError(
            f"there is no mail {message_id!r} in this account", hint="message is an X-Message-Id", status=404
        )
    email = fields.get("email")
    recipients = [person for person in mail.recipients if email in {None, person.email}]
    if not recipients:
        raise ControlError(f"the mail has no recipient {email!r}", hint="leave email out for all of them")
    return [
        _noted(world, account, make_event(account, kind, mail=mail, recipient=person) | fields, person) | told
        for person in recipients
    ]


def _noted(world: World, account: SendGridAccount, event: Event, recipient: Recipient | None) -> Event:
    world.sendgrid_webhooks.note(account, event, recipient)
    return event


async def suppress(world: World, request: Request) -> Response:
    """Puts an address on one of the account's lists: what the vendor does by itself after a bounce."""
    account = _account(world, request)
    given = Checked(await body_of(request), where="suppression")
    kind, email = given.text("kind"), given.text("email")
    if kind not in KINDS:
        raise given.wrong("kind", f"one of {', '.join(KINDS)}", kind)
    reason, status = given.text("reason", ""), given.text("status", "")
    given.done()
    account.suppressions.add(kind, email, now=account.now(), reason=reason, status=status)
    return answer({"kind": kind, "email": email}, 201)


async def resources(world: World, request: Request) -> Response:
    """What the account has by its own calls: keys (without their secrets), senders, webhooks, parse settings."""
    account = _account(world, request)
    return answer(
        {
            "api_keys": [{**key.to_json(), "scopes": list(key.scopes)} for key in account.api_keys],
            "verified_senders": [{**one.to_json(), "token": one.token} for one in account.senders],
            "event_webhooks": [
                {
                    "id": one.id,
                    "url": redact.url(one.url or ""),
                    "enabled": one.enabled,
                    "events": [name for name in SWITCHES if name in one.on],
                    "public_key": one.key().public_key if one.signed else "",
                }
                for one in account.event_webhooks
            ],
            "parse_settings": [
                {**one.to_json(), "url": redact.url(one.url)} for one in account.parse_settings.values()
            ],
            "templates": [
                {name: one[name] for name in ("id", "name", "generation")} for one in account.templates.values()
            ],
        }
    )


async def verify_sender(world: World, request: Request) -> Response:
    """Does what the owner of an address does who follows the link in the vendor's mail."""
    account, wanted = _account(world, request), request.path_params["id"]
    sender = account.senders.get(int(wanted)) if wanted.isascii() and wanted.isdigit() and len(wanted) < 13 else None
    if sender is None:
        raise ControlError(
            f"there is no sender {wanted!r}", hint=f"GET /_mock/sendgrid/{account.name}/resources", status=404
        )
    sender.verified = True
    return answer({**sender.to_json(), "token": sender.token})


def _account(world: World, request: Request) -> SendGridAccount:
    account = find_account(world, "sendgrid", request.path_params["account"])
    assert isinstance(account, SendGridAccount)  # noqa: S101  # reason: narrows the type
    return account
