"""Does a provider call carry what was sent: to whom, from whom, which text, which media?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape
from typing import Any

from harness.claims import remedy
from harness.history import Event, Flow
from harness.messages import Message
from harness.profile import Profile

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
    sender = profile.providers.senders.get(message.type)
    if call.data.get("from") != (sender or message.sender):
        fix = f"[providers] senders = {{ {message.type} = … }}" if perhaps and not sender else ""
        return Wrong(f"the call came from {call.data.get('from')}, expected {sender or message.sender}", call, fix)
    text = body_sent(call)
    if text != message.body:
        added = message.body in text
        return Wrong(f"the call carried {text!r}, expected {message.body!r}", call, perhaps if added else "")
    for kind, part in parts(call):
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
