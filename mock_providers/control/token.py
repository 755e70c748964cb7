"""The control plane's token: required wherever others than this machine could reach it."""

from __future__ import annotations

import hmac

from starlette.requests import cookie_parser

from mock_providers.asgi import Receive, Scope, Send, field, parse_form
from mock_providers.control.answers import refusal

COOKIE = "mock_token"


class Guard:
    """Lets requests through that carry the token, as a bearer token or (the page in a browser) a cookie."""

    def __init__(self, app: object, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in {"/health", "/_mock/health"} or self._carried(scope):
            await self._app(scope, receive, send)  # type: ignore[operator]  # reason: any ASGI app
            return
        hint = "send Authorization: Bearer <token>, or open the page once with ?token=<token>"
        await refusal("the control plane needs its token", hint=hint, status=401)(scope, receive, send)

    def _carried(self, scope: Scope) -> bool:
        for name, value in scope["headers"]:
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                return hmac.compare_digest(value[7:], self._token)
            if name == b"cookie":
                carried = cookie_parser(value.decode("latin-1")).get(COOKIE, "")
                if hmac.compare_digest(carried.encode("latin-1", "replace"), self._token):
                    return True
        given = field(parse_form(scope["query_string"]), "token")
        return scope["path"] == "/" and hmac.compare_digest(given.encode("utf-8", "replace"), self._token)
