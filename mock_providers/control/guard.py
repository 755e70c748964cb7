"""Who may drive the server: its own page and programs, no page of a stranger in somebody's browser.

A browser lets any page send requests to this machine. What it can't do is to change the `Host`, the `Origin` and the
`Sec-Fetch-*` headers, to send JSON elsewhere without asking first, or to know the token.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.requests import cookie_parser

from mock_providers.asgi import Receive, Scope, Send, field, header_of, media_type, parse_form
from mock_providers.control.answers import refusal
from mock_providers.hosts import is_loopback, plain, split_port

COOKIE = "mock_token"

OPEN = frozenset(("/health", "/_mock/health"))
"""What is asked by who has no token, a container engine say: whether the server is well, and nothing of its record."""
UNKNOWN = "mock_providers.unknown"
"""In the scope of a request that is let through without the token that there is."""
READS = frozenset(("GET", "HEAD", "OPTIONS"))
JSON_LINES = frozenset(("application/x-ndjson", "application/jsonl", "application/json-lines"))

_KEPT_APART = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
]
"""Headers by which a browser keeps what is answered here apart: other pages don't get it, and it runs nothing."""

Refusal = tuple[int, str, str]
"""Status, what is wrong, and what to do."""


class Guard:
    """Lets requests through to the control plane and the page.

    With a token: who carries it, as a bearer token or (the page in a browser) a cookie, by whatever name the server is
    reached. Without: who names this machine's loopback, or one of `hosts`. Then, of both: no page of another origin,
    and what may change something says that it is JSON.
    """

    def __init__(self, app: object, *, token: str | None, hosts: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._token = token.encode() if token else None
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wrong = self._stranger(scope) or self._foreign_page(scope) or _no_json(scope)
        if wrong is not None:
            status, words, hint = wrong
            await refusal(words, hint=hint, status=status)(scope, receive, _apart(send))
            return
        await self._app(scope, receive, _apart(send))  # type: ignore[operator]  # reason: any ASGI app

    def _stranger(self, scope: Scope) -> Refusal | None:
        if self._token is not None:
            if self._carried(scope, self._token):
                return None
            if scope["path"] in OPEN:
                scope[UNKNOWN] = True
                return None
            hint = (
                "send Authorization: Bearer <token>, or open the page once with ?token=<token>; "
                "the commands and fixtures take it from MOCK_PROVIDERS_TOKEN"
            )
            return 401, "the control plane needs its token", hint
        given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        host = split_port(given[0]) if len(given) == 1 else None
        if host is not None and self._is_own(host):
            return None
        saw = given[0][:100] if given else "none"
        hint = "use localhost or 127.0.0.1, or name the host: serve --allow-host NAME, or [server] hosts"
        return 403, f"the control plane isn't served to the host {saw!r}", hint

    def _foreign_page(self, scope: Scope) -> Refusal | None:
        site, origin = header_of(scope["headers"], b"sec-fetch-site"), header_of(scope["headers"], b"origin")
        foreign = site not in {b"", b"none", b"same-origin"} and not _is_visit(scope)
        if origin and not self._is_same(origin.decode("latin-1"), scope):
            foreign = True
        if not foreign:
            return None
        hint = "open the page of this server itself; programs leave Origin and Sec-Fetch-Site out"
        return 403, f"a page of another origin ({(origin or site).decode('latin-1')[:100]}) may not drive this", hint

    def _is_same(self, origin: str, scope: Scope) -> bool:
        try:
            parts = urlsplit(origin)
            host = parts.hostname
        except ValueError:
            return False
        if parts.scheme not in {"http", "https"} or not host:
            return False  # also `null`, which a sandboxed frame has
        given = header_of(scope["headers"], b"host").decode("latin-1")
        # a proxy may have put another host into the request, but not into its origin
        return parts.netloc.lower() == given.lower() or plain(host) in self._hosts

    def _is_own(self, host: str) -> bool:
        return is_loopback(host) or plain(host) in self._hosts

    @staticmethod
    def _carried(scope: Scope, token: bytes) -> bool:
        for name, value in scope["headers"]:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                return hmac.compare_digest(value[7:], token)
            if name == b"cookie":
                carried = cookie_parser(value.decode("latin-1")).get(COOKIE, "")
                if hmac.compare_digest(carried.encode("latin-1", "replace"), token):
                    return True
        given = field(parse_form(scope["query_string"]), "token")
        return scope["path"] == "/" and hmac.compare_digest(given.encode("utf-8", "replace"), token)


def _is_visit(scope: Scope) -> bool:
    """Whether somebody follows a link to here: nobody but the visitor sees what is answered."""
    mode = header_of(scope["headers"], b"sec-fetch-mode"), header_of(scope["headers"], b"sec-fetch-dest")
    return scope["method"] in READS and mode == (b"navigate", b"document")


def _no_json(scope: Scope) -> Refusal | None:
    """Refuses what a form of another page could send as well; a browser asks before it sends JSON elsewhere."""
    if scope["method"] in READS:
        return None
    kinds = [media_type(value) for name, value in scope["headers"] if name == b"content-type"]
    wanted = JSON_LINES | {"application/json"} if scope["path"] == "/_mock/replay" else {"application/json"}
    # without a body there is nothing to name, and no form or script sends DELETE or PATCH unasked
    if all(kind in wanted for kind in kinds) and (kinds or (scope["method"] != "POST" and not _has_body(scope))):
        return None
    saw = ", ".join(kinds)[:100] or "no Content-Type"
    lines = " (or application/x-ndjson)" if scope["path"] == "/_mock/replay" else ""
    return 415, f"expected JSON, saw {saw}", f"send Content-Type: application/json{lines}"


def _has_body(scope: Scope) -> bool:
    headers = scope["headers"]
    return header_of(headers, b"content-length") not in {b"", b"0"} or bool(header_of(headers, b"transfer-encoding"))


def _apart(send: Send) -> Send:
    async def sending(event: dict[str, object]) -> None:
        if event["type"] == "http.response.start":
            headers = list(event.get("headers", ()))  # type: ignore[call-overload]  # reason: an ASGI event's
            known = {name.lower() for name, _ in headers}
            event = {**event, "headers": headers + [pair for pair in _KEPT_APART if pair[0] not in known]}
        await send(event)

    return sending  # type: ignore[return-value]  # reason: a mapping, as ASGI has it
