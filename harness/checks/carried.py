"""What a provider's call carries: the parts of a mail, what fills in a template, a text's body, what hangs on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from email.utils import parseaddr
from html import escape, unescape
from typing import Any

from harness.history import Event

TAG = re.compile(r"<[^<>]*>")


def bare(address: str) -> str:
    """The address in `Name <address>`, or what is given where it is none."""
    return (parseaddr(address)[1] or address) if "@" in address else address


def parts(call: Event, to: str) -> list[tuple[str, str]]:
    """The parts of a mail as `to` gets them, each with its type; of a text there are none."""
    params: Any = call.data.get("params") or {}
    if call.data.get("provider") != "sendgrid":
        return []
    tags = {**mapping(params.get("substitutions")), **mapping(block_of(params, to).get("substitutions"))}
    content = params.get("content") or []
    written = [(str(c.get("type")), str(c.get("value"))) for c in content if isinstance(c, Mapping)]
    return [(kind, _substituted(value, tags)) for kind, value in written]


def filled_in(call: Event, to: str) -> list[tuple[str, str]]:
    """What a call gives to its template for `to`, each text with the name of what holds it.

    The provider writes such a message: what its recipient reads is nowhere in the call, what it is made of is. Twilio
    has ContentSid and ContentVariables, SendGrid template_id and dynamic_template_data or substitutions.
    """
    params: Any = call.data.get("params") or {}
    if call.data.get("provider") == "twilio":
        name = "ContentVariables"
        try:
            return [(name, text) for text in texts_in(json.loads(params.get(name) or "{}"))]
        except (ValueError, TypeError, RecursionError):
            return []
    block = block_of(params, to)
    return [(name, text) for name in ("dynamic_template_data", "substitutions") for text in texts_in(block.get(name))]


def block_of(params: Any, to: str) -> Mapping[str, Any]:
    """The personalization of a mail that goes to `to`."""
    blocks = [block for block in params.get("personalizations") or [] if isinstance(block, Mapping)]
    for block in blocks:
        people = [person for kind in ("to", "cc", "bcc") for person in block.get(kind) or []]
        if any(isinstance(person, Mapping) and person.get("email") == to for person in people):
            return block
    return {}


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _substituted(text: str, tags: Mapping[str, Any]) -> str:
    for tag, value in tags.items():
        text = text.replace(tag, str(value))
    return text


def texts_in(value: Any) -> Iterator[str]:
    """The texts in a JSON value."""
    open_ones = [value]
    while open_ones:
        one = open_ones.pop()
        if isinstance(one, Mapping):
            open_ones += one.values()
        elif isinstance(one, list | tuple):
            open_ones += one
        elif isinstance(one, str):
            yield one


def body_sent(call: Event, to: str) -> str | None:
    """The body as the provider got it: Twilio's Body, or a mail's first plain part; None of a mail in HTML alone."""
    if call.data.get("provider") == "sendgrid":
        found = parts(call, to)
        plain = next((part for kind, part in found if kind == "text/plain"), None)
        return plain if plain is not None or found else ""
    body = (call.data.get("params") or {}).get("Body")
    return str(body[0] if isinstance(body, list) and body else body or "")


def media_sent(call: Event, params: Any) -> list[str]:
    """What hangs on a message: Twilio's media, or the names of a mail's attachments."""
    if call.data.get("provider") == "sendgrid":
        attached = params.get("attachments") or []
        return [str(one.get("filename")) if isinstance(one, Mapping) else str(one) for one in attached]
    media = params.get("MediaUrl") or []
    return [media] if isinstance(media, str) else list(media)


def carries(part: str, body: str, *, html: bool) -> bool:
    """Whether a part of a mail holds the body: a plain one as it is, one of HTML escaped or in markup."""
    if not html:
        return body in part
    written = [part, unescape(TAG.sub(" ", part))]
    return any(squeezed(form) in squeezed(text) for form in (body, escape(body)) for text in written)


def squeezed(text: str) -> str:
    """A text without its white space, which markup may set otherwise."""
    return "".join(text.split())
