"""What goes out to the stack's API, made of the profile: a send's path, headers and body, and what its answer says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from harness.profile import Send
from harness.profile.pointers import found, spelled
from harness.profile.templates import LEFT_OUT, as_fields, rendered


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One request: `content` is its body in bytes, written as its Content-Type says."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


def outgoing(
    send: Send, values: Mapping[str, Any], *, idempotency_key: str | None = None, body: Any = None
) -> Outgoing:
    """The request that sends a message; `values` are what the template's placeholders stand for.

    `body` is another one than the template's, for a send that is meant to be refused; bytes go out as they are.
    """
    values = {**values, "idempotency_key": idempotency_key}
    content = rendered(send.body, values) if body is None else body
    content = None if content is LEFT_OUT else content
    kind = "application/json" if send.format == "json" else "application/x-www-form-urlencoded"
    if isinstance(content, bytes):
        written = content
    elif send.format == "json":
        written = json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")
    else:
        written = urlencode(as_fields(content), doseq=True, errors="surrogatepass").encode()
    said = {name: rendered(value, values) for name, value in send.headers.items()}
    headers = {"Content-Type": kind, **{name: str(value) for name, value in said.items() if value is not LEFT_OUT}}
    if idempotency_key is not None and send.idempotency is not None:
        headers[send.idempotency] = idempotency_key
    return Outgoing(method=send.method, path=send.path, headers=headers, content=written)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the answer to a send says; `lacks` is where no id stood, for who has to tell it."""

    accepted: bool
    id: str | None = None
    status: str | None = None
    lacks: str = ""


def said(send: Send, *, code: int | None, text: str, headers: Mapping[str, str]) -> Said:
    """Reads the answer to a send: whether the stack took it, under which id, and with which status."""
    accepted = send.takes(code)
    name = found(send.id, text=text, headers=headers) if accepted else None
    status = found(send.status, text=text, headers=headers) if send.status else None
    return Said(accepted=accepted, id=name, status=status, lacks="" if name else spelled(send.id))
