"""The little of HTTP that the vendor endpoints need, straight on ASGI: they are the hot path."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

Form = dict[str, str | list[str]]
"""A parsed form: a name given once is a string, a repeated one a list of strings in order."""

BODY_LIMIT = 31 * 1024 * 1024
FIELD_LIMIT = 2000


class Request:
    """A complete request: what arrived, undecoded where nobody may need it."""

    __slots__ = ("_named", "body", "call", "headers", "method", "path", "peer", "query", "too_large")

    def __init__(
        self,
        *,
        method: str,
        path: str,
        query: bytes,
        headers: list[tuple[bytes, bytes]],
        client: tuple[str, int] | None,
        body: bytes,
        too_large: bool = False,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.peer = f"{client[0]}:{client[1]}" if client else ""
        self.body = body
        self.too_large = too_large
        self._named: dict[bytes, bytes] | None = None
        self.call: object = None
        """What a vendor has understood of it already."""

    @classmethod
    def of(cls, scope: Scope, body: bytes, *, too_large: bool = False) -> Request:
        """The request that an ASGI server describes."""
        return cls(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"],
            headers=scope["headers"],
            client=scope.get("client"),
            body=body,
            too_large=too_large,
        )

    def header(self, name: bytes) -> bytes:
        """The first value of a header, or nothing; names are in lower case."""
        named = self._named
        if named is None:
            # once a request: a vendor's call is asked for four of them
            named = self._named = dict(reversed(self.headers))
        return named.get(name, b"")

    @property
    def kind(self) -> str:
        """The media type of the body; empty where none is named."""
        return media_type(self.header(b"content-type"))

    @property
    def target(self) -> str:
        """The path with its query, as the request line had it."""
        return f"{self.path}?{self.query.decode('latin-1')}" if self.query else self.path


def header_of(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """The first value of a header, or nothing; names are in lower case."""
    return next((value for key, value in headers if key == name), b"")


@lru_cache(maxsize=64)
def media_type(value: bytes) -> str:
    """The media type that a Content-Type names, without its parameters, in lower case."""
    return value.partition(b";")[0].strip().decode("latin-1").lower()


class Answer:
    """What goes back: `message` and `code` are for the journal (the provider's id, the vendor's error code)."""

    __slots__ = ("body", "code", "headers", "message", "status")

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        headers: list[tuple[bytes, bytes]] | None = None,
        *,
        message: str | None = None,
        code: int | str | None = None,
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers if headers is not None else []
        self.message = message
        self.code = code


async def read_request(scope: Scope, receive: Receive) -> Request | None:
    """The request once it is complete; None if the client went away before."""
    event = await receive()
    if event["type"] == "http.disconnect":
        return None
    body: bytes = event.get("body", b"")
    if not event.get("more_body"):
        return Request.of(scope, body)
    parts, size = [body], len(body)
    while event.get("more_body"):
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        part = event.get("body", b"")
        size += len(part)
        if size <= BODY_LIMIT:
            parts.append(part)
    return Request.of(scope, b"".join(parts), too_large=size > BODY_LIMIT)


async def send_answer(send: Send, answer: Answer) -> None:
    headers = answer.headers
    if answer.status != 204:
        headers = [*headers, (b"content-length", b"%d" % len(answer.body))]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def client_gone(receive: Receive) -> None:
    """Returns when the client has closed the connection (call it only after the request was read)."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_gone(receive: Receive, waited: Awaitable[Any], timeout: float | None = None) -> bool:
    """Waits for something, or for the client to go away; true if the client is still there."""
    gone = asyncio.ensure_future(client_gone(receive))
    wanted = asyncio.ensure_future(waited)
    try:
        await asyncio.wait({gone, wanted}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        return not gone.done()
    finally:
        gone.cancel()
        wanted.cancel()


def parse_form(body: bytes) -> Form:
    """A form-encoded body or query string; anything at all is read as some form, never refused."""
    form: Form = {}
    if not body:
        return form
    for pair in body.decode("utf-8", "replace").split("&", FIELD_LIMIT)[:FIELD_LIMIT]:
        name, _, value = pair.partition("=")
        if "+" in value:
            value = value.replace("+", " ")
        if "%" in value:
            value = _decode(value)
        if "+" in name or "%" in name:
            name = unquote(name.replace("+", " "))
        if name in form:
            seen = form[name]
            if isinstance(seen, list):
                seen.append(value)
            else:
                form[name] = [seen, value]
        elif name:
            form[name] = value
    return form


_ASCII = {f"{code:02{case}}": chr(code) for code in range(128) for case in "xX"}


def _decode(value: str) -> str:
    """`unquote`, several times as fast where every escape is ASCII, as in a phone number."""
    first, *rest = value.split("%")
    parts = [first]
    for part in rest:
        char = _ASCII.get(part[:2])
        if char is None:
            return unquote(value)
        parts.append(char + part[2:])
    return "".join(parts)


def field(form: Form, name: str) -> str:
    """The first value of a name, or an empty string."""
    value = form.get(name, "")
    return value if isinstance(value, str) else value[0]


def fields(form: Form, name: str) -> list[str]:
    """Every value of a name, in order."""
    value = form.get(name)
    if value is None:
        return []
    return [value] if isinstance(value, str) else value
