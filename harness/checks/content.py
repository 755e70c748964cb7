"""Does a provider call carry what was sent: to whom, from whom, which text, which media?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

from harness.claims import remedy
from harness.history import Event, Flow
from harness.messages import Message
from harness.profile import Profile

FILLED = ("dynamic_template_data", "substitutions")
TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Wrong:
    """A call that doesn't carry what was sent; `perhaps` where the stack may mean it so."""

    reason: str
    call: Event
    perhaps: str = ""


def wrong_content(flow: Flow, message: Message, profile: Profile) -> Wrong | None:
    """The first call that doesn't carry what was sent, and how; None where all do.

    A profile that lists its channels says that they carry messages as they were sent. One that doesn't may be of a
    stack with a sender, a copy or a footer of its own, or that lacks the channel: `perhaps` is what would settle it.
    """
    found = (wrong_call(call, message, profile) for call in flow.calls)
    return next((wrong for wrong in found if wrong), None)


def wrong_call(call: Event, message: Message, profile: Profile) -> Wrong | None:
    """How one call differs from what was sent; None where it doesn't."""
    perhaps = "" if profile.claims.channels is not None else remedy(message.type)
    params: Any = call.data.get("params") or {}
    to = call.data.get("to")
    recipients = list(to) if isinstance(to, list | tuple) else [to]
    if set(recipients) != {message.to}:
        added = message.to in recipients
        return Wrong(f"the call went to {recipients}, expected {message.to}", call, perhaps if added else "")
    sender, given = profile.providers.senders.get(message.type), call.data.get("from")
    if given != (sender or message.sender):
        pooled = str(given).startswith("MG")  # a Messaging Service, which picks the number
        fix = f'[providers] senders = {{ {message.type} = "{given}" }}' if (perhaps or pooled) and not sender else ""
        return Wrong(f"the call came from {given}, expected {sender or message.sender}", call, fix)
    filled = filled_in(params)
    if filled is not None:
        if any(message.body in value for value in filled):
            return None
        fix = perhaps or "a template's own words are the provider's; what it is filled with should have the body"
        return Wrong(f"the call fills a template with {filled}, expected {message.body!r} among it", call, fix)
    shown, text = parts(call), body_sent(call)
    # a mail without a plain part has its text in the others, which are looked at next
    if text != message.body and not (shown and all(kind != "text/plain" for kind, _ in shown)):
        added = message.body in text
        return Wrong(f"the call carried {text!r}, expected {message.body!r}", call, perhaps if added else "")
    for kind, part in shown:
        if not carries(part, message.body, html="html" in kind):
            return Wrong(f"the call carried {part!r} as {kind}, expected {message.body!r}", call)
    media, expected = media_sent(call, params), list(message.attachments)
    if call.data.get("provider") == "sendgrid" and expected:
        return None  # a mail may carry what a link names, or the link
    if media != expected:
        added = all(one in media for one in expected)
        reason = f"the call carried media {media}, expected {expected}"
        return Wrong(reason, call, perhaps if added or not media else "")
    return None


def filled_in(params: Any) -> list[str] | None:
    """The values with which a call fills a template that the provider keeps; None where it names no template.

    Twilio: ContentSid with ContentVariables. SendGrid: template_id, with dynamic_template_data or substitutions.
    """
    if params.get("ContentSid"):
        given = params.get("ContentVariables") or "{}"
        try:
            return list(texts(json.loads(given[0] if isinstance(given, list) else given)))
        except (ValueError, RecursionError):
            return []
    if not params.get("template_id") or params.get("content"):
        return None
    blocks = [block for block in params.get("personalizations") or [] if isinstance(block, Mapping)]
    return [text for block in blocks for name in FILLED for text in texts(block.get(name))]


def texts(value: Any) -> Iterator[str]:
    """The texts in a JSON value, and its numbers as texts."""
    open_ones = [value]
    while open_ones:
        one = open_ones.pop()
        if isinstance(one, Mapping):
            open_ones += one.values()
        elif isinstance(one, list | tuple):
            open_ones += one
        elif one is not None:
            yield str(one)


def parts(call: Event) -> list[tuple[str, str]]:
    """The parts of a mail, each with its type; of a text there are none."""
    params: Any = call.data.get("params") or {}
    if call.data.get("provider") != "sendgrid":
        return []
    content = params.get("content") or []
    return [(str(c.get("type")), str(c.get("value"))) for c in content if isinstance(c, Mapping)]


def body_sent(call: Event) -> str:
    """The body as the provider got it: Twilio's Body, or SendGrid's first plain content."""
    if call.data.get("provider") == "sendgrid":
        return next((part for kind, part in parts(call) if kind == "text/plain"), "")
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
