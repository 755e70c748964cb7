"""SendGrid's v3 API: understands a request, checks its key, and answers as the vendor does."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from mock_providers import client_json, redact
from mock_providers.asgi import Answer, Request, parse_form
from mock_providers.call import TOO_MANY_ACCOUNTS, Call
from mock_providers.faults import Fault
from mock_providers.faults.answers import altered
from mock_providers.packed import unpack
from mock_providers.sendgrid import templated
from mock_providers.sendgrid.errors import NO_JSON, WORDING, Problem, SendGridError, error_answer
from mock_providers.sendgrid.events import SendGridWebhooks
from mock_providers.sendgrid.routes import (
    activity,
    api_keys,
    batches,
    parse_settings,
    stats,
    suppressions,
    template_versions,
    templates,
    verified_senders,
    webhook_settings,
)
from mock_providers.sendgrid.routes.mail_send import recipients_of, send_mail, sender_of, text_of
from mock_providers.sendgrid.routes.visit import Route, Visit, shown
from mock_providers.sendgrid.rules import BAD_REQUEST, not_an_object
from mock_providers.sendgrid.state.account import SendGridAccount
from mock_providers.sendgrid.state.api_keys import MadeKeys
from mock_providers.sendgrid.state.scopes import FULL, granted
from mock_providers.sendgrid.state.settings import SendGridSettings, default_name
from mock_providers.unsupported import Unsupported

PREFIX = "/v3/"

PARAMS_LIMIT = 64 * 1024
"""Bytes of a body that go into the journal's entry itself; a longer one is kept beside it."""

ADVERTISED_LIMIT = 600
"""Calls a minute that the headers name where the account sets no limit."""


def _send(visit: Visit) -> Answer:
    if not isinstance(visit.payload, dict):
        raise SendGridError(400, not_an_object(visit.payload))
    if visit.account.due:
        visit.webhooks.catch_up(visit.account)
    mail = send_mail(visit.account, visit.payload)
    if mail is None:
        return Answer(200)
    if visit.payload.get("template_id"):
        templated.begin(visit.webhooks, visit.account, mail, visit.payload)
    else:
        visit.webhooks.begin(visit.account, mail)
    return Answer(202, b"", [(b"x-message-id", mail.message_id.encode())], message=mail.message_id)


def _scopes(visit: Visit) -> Answer:
    return shown({"scopes": list(visit.scopes) or FULL})


SEND = Route("mail.send", "POST", "/v3/mail/send", _send, scope="mail.send")

ROUTES = [
    SEND,
    Route("scopes.list", "GET", "/v3/scopes", _scopes, scope=""),
    *activity.ROUTES,
    *api_keys.ROUTES,
    *batches.ROUTES,
    *parse_settings.ROUTES,
    *stats.ROUTES,
    *suppressions.ROUTES,
    *templates.ROUTES,
    *template_versions.ROUTES,
    *verified_senders.ROUTES,
    *webhook_settings.ROUTES,
]


class SendGridApi:
    """The vendor as the server sees it."""

    name = "sendgrid"

    def __init__(
        self,
        accounts: dict[str, SendGridAccount],
        webhooks: SendGridWebhooks,
        *,
        unsupported: Unsupported,
        made_keys: MadeKeys | None = None,
        welcome: Callable[[SendGridSettings], SendGridAccount | None] | None = None,
    ) -> None:
        """`accounts` by their own keys, `made_keys` are those made over the API.

        `welcome` makes an account of a key that nobody has yet, unless there are too many; else it is refused.
        """
        self._welcome = welcome
        self._made_keys = made_keys if made_keys is not None else {}
        self._by_key = accounts
        self._webhooks = webhooks
        self._unsupported = unsupported

    def receive(self, request: Request) -> Call:
        route, args = _route(request.method, request.path)
        if route == 404:
            self._unsupported.count("sendgrid", request.method, request.path)
        key = _key(request.header(b"authorization"))
        account, scopes = self._account_of(key)
        packed = unpack(request)
        payload, text = _json(request.body)

        def answer() -> Answer:
            if account is None:
                full = self._welcome is not None and _may_open(key)
                words = f"{TOO_MANY_ACCOUNTS.format(len(self._by_key))} [[sendgrid]]" if full else WORDING[401]
                given = error_answer(401, [Problem(words)])
                given.headers = [*given.headers, *_rate_limit(ADVERTISED_LIMIT, ADVERTISED_LIMIT - 1)]
                return given
            limit = account.settings.rate_limit
            used = account.used_this_minute()
            try:
                over = limit is not None and used > limit
                given = self._answer(account, scopes, route, args, request, payload, text, over=over, packed=packed)
            except SendGridError as error:
                given = error.answer()
            most = limit or ADVERTISED_LIMIT
            given.headers = [*given.headers, *_rate_limit(most, max(most - used, 0) if limit else most - 1)]
            return given

        short = len(request.body) <= PARAMS_LIMIT
        # the journal takes the body over as it came, unless it would break its lines
        raw = text if short and text is not None and "\n" not in text and "\r" not in text else None
        if not short or text is None:
            params = redact.text(request.body[:4096].decode("utf-8", "replace")) or None
        elif redact.may_have(text):
            params = redact.json_value(payload)
            raw = raw if params == payload else None
        else:
            params = payload
        return Call(
            provider="sendgrid",
            account=account.name if account is not None else None,
            endpoint=_NAMES[route] if isinstance(route, int) else route.endpoint,
            answer=answer,
            to=recipients_of(payload),
            sender=sender_of(payload),
            text=text_of(payload),
            params=params,
            raw_params=raw,
        )

    def _account_of(self, key: str) -> tuple[SendGridAccount | None, tuple[str, ...]]:
        """Whose key it is, and what it may do."""
        account = self._by_key.get(key)
        if account is not None:
            return account, account.settings.scopes
        if key in self._made_keys:
            made = self._made_keys[key]
            return (self._by_key[made.parent], made.scopes) if made is not None else (None, ())
        if self._welcome is not None and _may_open(key):
            return self._welcome(SendGridSettings(api_key=key, name=default_name(key))), ()
        return None, ()

    def failure(self, fault: Fault) -> Answer:
        status = fault.status or 500
        answer = error_answer(status, [Problem(fault.message or WORDING.get(status, "error"))])
        if fault.code is not None:
            answer.code = fault.code
        answer = altered(answer, fault)
        remaining = 0 if status == 429 else ADVERTISED_LIMIT - 1
        answer.headers = [*answer.headers, *_rate_limit(ADVERTISED_LIMIT, remaining)]
        return answer

    def refusal(self, status: int, words: str = "") -> Answer:
        answer = error_answer(status, [Problem(words or WORDING.get(status, HTTPStatus(status).phrase.lower()))])
        answer.headers = [*answer.headers, *_rate_limit(ADVERTISED_LIMIT, ADVERTISED_LIMIT - 1)]
        return answer

    def _answer(
        self,
        account: SendGridAccount,
        scopes: tuple[str, ...],
        route: Route | int,
        args: tuple[str, ...],
        request: Request,
        payload: Any,
        text: str | None,
        *,
        over: bool,
        packed: int | None,
    ) -> Answer:
        if over:
            return _wording(429)
        if isinstance(route, int):
            return _wording(route) if route != 404 else _unknown(request)
        if request.too_large:
            return _wording(413)
        if packed is not None:
            return _wording(packed)
        if account.settings.require_accept and not request.header(b"accept"):
            return _wording(406)
        if scopes and not granted(scopes, route.scope):
            return _wording(403)
        if route is SEND and request.kind != "application/json":
            return error_answer(415, [NO_JSON])
        if request.body and text is None:
            return _unreadable(request.body)
        query = parse_form(request.query)
        return route.answer(Visit(account, args, query=query, payload=payload, webhooks=self._webhooks, scopes=scopes))


_NAMES = {404: "unknown", 405: "method_not_allowed"}


@lru_cache(maxsize=1024)
def _route(method: str, path: str) -> tuple[Route | int, tuple[str, ...]]:
    """The route and the parts of its path, or the status if there is none."""
    status = 404
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match is not None:
            if route.method == method:
                return route, tuple(part for part in match.groups() if part is not None)
            status = 405
    return status, ()


def _unreadable(body: bytes) -> Answer:
    """The answer to a body that is no JSON, or no text at all."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return error_answer(415, [Problem("Invalid UTF8 in request")])
    return error_answer(400, [BAD_REQUEST])


def _unknown(request: Request) -> Answer:
    what = f"{request.method} {request.path}"[:200]
    return error_answer(404, [Problem(f"{WORDING[404]}: {what} is not implemented by this mock")])


def _wording(status: int) -> Answer:
    return error_answer(status, [Problem(WORDING[status])])


@lru_cache(maxsize=1024)
def _key(header: bytes) -> str:
    return header[7:].decode("latin-1").strip() if header[:7].lower() == b"bearer " else ""


def _may_open(key: str) -> bool:
    return key.startswith("SG.") and key.isascii()


def _json(body: bytes) -> tuple[Any, str | None]:
    """The decoded body and its text, or (None, None) if it isn't JSON."""
    if not body:
        return None, None
    try:
        text = body.decode()
        return client_json.read(text), text
    except ValueError:
        return None, None


def _rate_limit(limit: int, remaining: int) -> list[tuple[bytes, bytes]]:
    return _rate_limit_until(limit, remaining, int(time.time()) // 60 * 60 + 60)


@lru_cache(maxsize=256)
def _rate_limit_until(limit: int, remaining: int, reset: int) -> list[tuple[bytes, bytes]]:
    return [
        (b"x-ratelimit-limit", b"%d" % limit),
        (b"x-ratelimit-remaining", b"%d" % remaining),
        (b"x-ratelimit-reset", b"%d" % reset),
    ]
