"""Twilio's REST API: understands a request, checks who sends it, and answers as the vendor does."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from random import getrandbits
from time import perf_counter

from mock_providers import redact
from mock_providers.asgi import Answer, Form, Request, field, parse_form
from mock_providers.call import Call
from mock_providers.faults import Fault
from mock_providers.faults.answers import altered
from mock_providers.twilio.callbacks import TwilioWebhooks
from mock_providers.twilio.errors import BY_STATUS, ERRORS, TwilioError, error_answer
from mock_providers.twilio.front_door import FrontDoor, account_in_path, credentials
from mock_providers.twilio.routes import accounts, content, lookup, media, messages, phone_numbers, services, verify
from mock_providers.twilio.routes.visit import Route, Visit
from mock_providers.twilio.state.account import TwilioAccount
from mock_providers.twilio.state.settings import TwilioSettings
from mock_providers.unsupported import Unsupported

PREFIX = "/2010-04-01/"
PREFIXES = (PREFIX, "/v1/", "/v2/")
"""What is Twilio's: the API, and what other hosts of the vendor's serve under a version."""

ROUTES = [
    *messages.ROUTES,
    *media.ROUTES,
    *phone_numbers.ROUTES,
    *accounts.ROUTES,
    *services.ROUTES,
    *content.ROUTES,
    *verify.ROUTES,
    *lookup.ROUTES,
]

_LACKING = [
    ("POST", re.compile(r"/2010-04-01/Accounts(?:/[^/.]+)?\.json")),
    ("", re.compile(r"/2010-04-01/Accounts/[^/.]+/IncomingPhoneNumbers/(?:Local|Mobile|TollFree)\.json")),
    ("", re.compile(r"/v1/Services/(?:PreregisteredUsa2p|Usecases)")),
]
"""Operations that are not here, on paths that are or look like those of single things; an empty method is any."""
_TESTABLE = frozenset(("messages.create", "accounts.fetch"))
"""What test credentials may do."""


class TwilioApi:
    """The vendor as the server sees it."""

    name = "twilio"

    def __init__(
        self,
        accounts: dict[str, TwilioAccount],
        webhooks: TwilioWebhooks,
        *,
        unsupported: Unsupported,
        welcome: Callable[[TwilioSettings], TwilioAccount | None] | None = None,
    ) -> None:
        """`welcome` makes an account of credentials that nobody has yet, unless there are too many; else no account."""
        self._door = FrontDoor(accounts, welcome=welcome)
        self._webhooks = webhooks
        self._unsupported = unsupported

    def receive(self, request: Request) -> Call:
        began = perf_counter()
        encoded = request.body if request.method == "POST" and _is_form(request) else request.query
        form = parse_form(encoded)
        route, args = _route(request.method, request.path)
        door, in_path = self._door, account_in_path(request.path)
        given = credentials(request.header(b"authorization"))
        account = door.account_of(given, in_path)
        if route == 20404:
            self._unsupported.count("twilio", request.method, request.path)

        def answer() -> Answer:
            try:
                found = door.admit(account, given, in_path)
                encoding = request.header(b"content-encoding")
                if encoding and encoding.lower() != b"identity":
                    return self.refusal(415, f"Content-Encoding {encoding[:40].decode('latin-1')} is not supported")
                if isinstance(route, int):
                    answered = _refused(route, request)
                elif found.settings.test and route.endpoint not in _TESTABLE:
                    answered = TwilioError(20008).answer()
                else:
                    answered = route.answer(Visit(found, args, form, request=request, webhooks=self._webhooks))
            except TwilioError as error:
                answered = error.answer()
            answered.headers = _headers(answered.headers, began)
            return answered

        return Call(
            provider="twilio",
            account=door.name(account, in_path),
            endpoint=_NAMES[route] if isinstance(route, int) else route.endpoint,
            answer=answer,
            to=[field(form, "To")] if "To" in form else None,
            sender=field(form, "From") or field(form, "MessagingServiceSid") or None,
            text=field(form, "Body") if "Body" in form else None,
            params=_recorded(form, encoded)
            if form or not request.body
            else {"": request.body[:4096].decode("utf-8", "replace")},
        )

    def failure(self, fault: Fault) -> Answer:
        status = fault.status or 500
        code = fault.code if isinstance(fault.code, int) else BY_STATUS.get(status, 20500)
        wording = ERRORS[code][1].format("") if code in ERRORS else "An error has occurred"
        answer = altered(error_answer(status, code, fault.message or wording), fault)
        answer.headers = _headers(answer.headers, perf_counter())
        return answer

    def refusal(self, status: int, words: str = "") -> Answer:
        # where the vendor has no code of its own for a status, its codes are the status behind 20
        code = BY_STATUS.get(status, 20500 if status >= 500 else 20000 + status)
        known = ERRORS[code][1].format("") if code in ERRORS else HTTPStatus(status).phrase
        answer = error_answer(status, code, words or known)
        answer.headers = _headers(answer.headers, perf_counter())
        return answer


_NAMES = {20404: "unknown", 20004: "method_not_allowed"}


def _refused(code: int, request: Request) -> Answer:
    if code != 20404:
        return TwilioError(code, request.path).answer()
    what = f"{request.method} {request.path}"[:200]
    words = f"The requested resource {request.path[:200]} was not found: {what} is not implemented by this mock"
    return TwilioError(code, message=words).answer()


@lru_cache(maxsize=1024)
def _route(method: str, path: str) -> tuple[Route | int, tuple[str, ...]]:
    """The route and the SIDs in the path, or the code of the error if there is none."""
    code = 20404
    if any(lacking in {method, ""} and pattern.fullmatch(path) for lacking, pattern in _LACKING):
        return code, ()
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match is not None:
            if route.method == method:
                groups = match.groups()
                return route, groups[1:] if path.startswith(PREFIX) else groups
            code = 20004
    return code, ()


_PLAIN = frozenset(("To", "From", "Body", "MessagingServiceSid", "StatusCallback", "MediaUrl", "PageSize", "Page"))
_MARKS = re.compile(rb"//|%2F|%2f|%3A|%3a|%3D|%3d|\{|=%22")
"""What is in every encoded form that has a URL, JSON, a header or a form in one of its fields."""


def _recorded(form: Form, encoded: bytes) -> Form:
    """The form as the journal keeps it: a secret has a name, a URL, or a text in a field that has names itself."""
    plain = form.keys() <= _PLAIN and _MARKS.search(encoded) is None
    return form if plain else redact.form(form)


def _is_form(request: Request) -> bool:
    return request.kind in {"", "application/x-www-form-urlencoded"}


def _headers(headers: list[tuple[bytes, bytes]], began: float) -> list[tuple[bytes, bytes]]:
    return [
        *headers,
        (b"twilio-concurrent-requests", b"1"),
        (b"twilio-request-id", b"RQ%032x" % getrandbits(128)),
        (b"twilio-request-duration", b"%.3f" % (perf_counter() - began)),
        (b"x-home-region", b"us1"),
        (b"x-api-domain", b"api.twilio.com"),
    ]
