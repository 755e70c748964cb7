"""Does a provider call carry what was sent: to whom, from whom, which text, which media?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape, unescape
from typing import Any, Protocol

from harness.checks.mixed_up import texts
from harness.history import Event, Flow, key
from harness.profile import Profile
from harness.profile.base import Channel
from harness.profile.claims import remedy
from harness.profile.templates import names_in

TAG = re.compile(r"<[^<>]*>")


class Sent(Protocol):
    """A message as it was sent."""

    @property
    def type(self) -> Channel: ...
    @property
    def sender(self) -> str: ...
    @property
    def to(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def token(self) -> str: ...
    @property
    def attachments(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Wrong:
    """A call that doesn't carry what was sent; `perhaps` where the stack may mean it so."""

    reason: str
    call: Event
    perhaps: str = ""


def wrong_content(flow: Flow, message: Sent, profile: Profile) -> Wrong | None:
    """The first call that doesn't carry what was sent, and how; None where all do.

    A profile that lists its channels says that they carry messages as they were sent. One that doesn't may be of a
    stack with a sender, a copy or a footer of its own, or that lacks the channel: `perhaps` is what would settle it.
    """
    others = {name for event in flow.requests for name in texts(event)} - {key("token", message.token)}
    # what carries the text of another message that was sent is that one's, whatever made one flow of both
    own = [call for call in flow.calls if not (texts(call) and texts(call) <= others)]
    found = (wrong_call(call, message, profile) for call in own)
    return next((wrong for wrong in found if wrong), None)


def wrong_call(call: Event, message: Sent, profile: Profile) -> Wrong | None:
    """How one call differs from what was sent; None where it doesn't."""
    perhaps = "" if profile.claims.channels is not None else remedy(message.type)
    params: Any = call.data.get("params") or {}
    to = call.data.get("to")
    recipients = list(to) if isinstance(to, list | tuple) else [to]
    told = told_of(message, profile)
    if "to" in told and set(recipients) != {message.to}:
        added = message.to in recipients
        return Wrong(f"the call went to {recipients}, expected {message.to}", call, perhaps if added else "")
    sender, given = profile.providers.senders.get(message.type), call.data.get("from")
    if (sender or "from" in told) and given != (sender or message.sender):
        pooled = str(given).startswith("MG")  # a Messaging Service, which picks the number
        fix = f'[providers] senders = {{ {message.type} = "{given}" }}' if (perhaps or pooled) and not sender else ""
        own = "" if sender or fix else " (a sender of the stack's own is named by [providers] senders)"
        return Wrong(f"the call came from {given}, expected {sender or message.sender}{own}", call, fix)
    body = as_it_goes_out(message, profile)
    template = params.get("ContentSid" if call.data.get("provider") == "twilio" else "template_id")
    if template:
        handed = [*parts(call, message.to), *filled_in(call, message.to)]
        if not any(carries(text, body, html=True) for _, text in handed):
            reason = f"the call fills in template {template}, and nothing that it gives it carries {body!r}"
            return Wrong(reason, call, perhaps)
    else:
        text, changed = body_sent(call, message.to), message.type in profile.messages.changes
        if text is not None and (body not in text if changed else text != body):
            added = body in text
            return Wrong(f"the call carried {text!r}, expected {body!r}", call, perhaps if added else "")
        for kind, part in parts(call, message.to):
            if not carries(part, body, html="html" in kind):
                return Wrong(f"the call carried {part!r} as {kind}, expected {body!r}", call)
    media, expected = media_sent(call, params), list(message.attachments)
    if call.data.get("provider") == "sendgrid" and expected:
        return None  # a mail may carry what a link names, or the link
    if media != expected and ("attachments" in told or not expected):
        added = all(one in media for one in expected)
        reason = f"the call carried media {media}, expected {expected}"
        return Wrong(reason, call, perhaps if added or not media else "")
    return None


def told_of(message: Sent, profile: Profile) -> frozenset[str]:
    """What of a message the stack is told by a send; of the rest it can't be asked to pass it on."""
    send = profile.send.of(message.type)
    return names_in([send.body, send.headers])


def as_it_goes_out(message: Sent, profile: Profile) -> str:
    """The text that a provider is to get: with the stack's footer, or the token alone where the stack changes more."""
    if message.type in profile.messages.changes:
        return message.token
    return message.body + profile.messages.footer.get(message.type, "")


def parts(call: Event, to: str) -> list[tuple[str, str]]:
    """The parts of a mail as `to` gets them, each with its type; of a text there are none."""
    params: Any = call.data.get("params") or {}
    if call.data.get("provider") != "sendgrid":
        return []
    tags = {**_mapping(params.get("substitutions")), **_mapping(_block(params, to).get("substitutions"))}
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
            return [(name, text) for text in _texts(json.loads(params.get(name) or "{}"))]
        except (ValueError, TypeError, RecursionError):
            return []
    block = _block(params, to)
    return [(name, text) for name in ("dynamic_template_data", "substitutions") for text in _texts(block.get(name))]


def _block(params: Any, to: str) -> Mapping[str, Any]:
    """The personalization of a mail that goes to `to`."""
    blocks = [block for block in params.get("personalizations") or [] if isinstance(block, Mapping)]
    for block in blocks:
        people = [person for kind in ("to", "cc", "bcc") for person in block.get(kind) or []]
        if any(isinstance(person, Mapping) and person.get("email") == to for person in people):
            return block
    return {}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _substituted(text: str, tags: Mapping[str, Any]) -> str:
    for tag, value in tags.items():
        text = text.replace(tag, str(value))
    return text


def _texts(value: Any) -> Iterator[str]:
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
