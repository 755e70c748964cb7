"""What a scenario sends: one message of each type, with a recipient and a token that no other send has."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from harness.probes.probe import new_token
from harness.profile import Messages
from harness.profile.base import Channel

SENDER_NUMBER = "+12025550123"
SENDER_ADDRESS = "service@example.com"

_serial = itertools.count(random.SystemRandom().randrange(10_000_000))
AREAS = (206, 212, 303, 312, 404, 415, 503, 602, 617, 702, 713, 808)


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message to send; `token` stands in its body and ties it to the provider's call.

    `html`, `reply_to` and `metadata` are told to the stack where they are there and its profile's template names them.
    """

    type: Channel
    sender: str
    to: str
    body: str
    token: str
    attachments: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    subject: str = "A message"
    html: str | None = None
    reply_to: str | None = None

    def values(self) -> dict[str, Any]:
        """What the placeholders of a profile's templates stand for."""
        return {
            "from": self.sender,
            "to": self.to,
            "type": self.type,
            "channel": self.type,
            "body": self.body,
            "subject": self.subject,
            "html": self.html,
            "reply_to": self.reply_to,
            "attachments": list(self.attachments),
            "metadata": dict(self.metadata),
            "token": self.token,
            "now": datetime.now(UTC).isoformat(),
        }


class Taken:
    """What messages the stack takes that is up, so that a scenario's are such."""

    def __init__(self) -> None:
        self.now = Messages()
        self._given = itertools.count()

    def recipient(self, channel: Channel) -> str | None:
        """The next of the profile's recipients; None where any will do."""
        known = self.now.recipients.get(channel)
        return known[next(self._given) % len(known)] if known else None


_taken = Taken()


@contextlib.contextmanager
def such_as(messages: Messages) -> Iterator[None]:
    """Makes messages such as a profile's stack takes them, for as long as the block runs."""
    before, _taken.now = _taken.now, messages
    try:
        yield
    finally:
        _taken.now = before


def new_number() -> str:
    """A valid North American number that this process hasn't used yet."""
    serial = next(_serial)
    area = AREAS[serial % len(AREAS)]
    rest = serial // len(AREAS) % 7_000_000
    return f"+1{area}{200 + rest // 10_000 % 700}{rest % 10_000:04d}"


def new_address() -> str:
    return f"user{next(_serial)}@example.com"


def sms(body: str = "hello", *, to: str | None = None, sender: str | None = None, **more: Any) -> Message:
    """A text message; its body gets the token at its end.

    With `after` the token stands between `body` and that, and nothing is added, taken away or cut: so any text can be
    sent as it is, its edges too.
    """
    return _message("sms", body, to=to, sender=sender, **more)


def mms(
    body: str = "look",
    *,
    to: str | None = None,
    sender: str | None = None,
    attachments: Sequence[str] = ("https://example.com/picture.png",),
    **more: Any,
) -> Message:
    """A picture message; `attachments` are http(s) URLs."""
    return _message("mms", body, to=to, sender=sender, attachments=attachments, **more)


def email(body: str = "hello", *, to: str | None = None, sender: str | None = None, **more: Any) -> Message:
    """A mail."""
    return _message("email", body, to=to, sender=sender, **more)


def message(channel: Channel, body: str = "hello", **more: Any) -> Message:
    """A message of the given type."""
    return {"sms": sms, "mms": mms, "email": email}[channel](body, **more)


def sender_of(channel: Channel) -> str:
    """Who sends messages of a channel, as far as their stack says."""
    return _taken.now.senders.get(channel) or (SENDER_ADDRESS if channel == "email" else SENDER_NUMBER)


def once_more(sent: Message) -> Message:
    """The same message, with a token of its own."""
    token = new_token()
    return replace(sent, token=token, body=sent.body.replace(sent.token, token))


def longest_of(channel: Channel) -> int | None:
    """How many characters a body of a channel may have, as far as the stack says."""
    return _taken.now.longest.get(channel)


def _message(
    channel: Channel,
    body: str,
    *,
    to: str | None,
    sender: str | None,
    after: str | None = None,
    attachments: Sequence[str] = (),
    **more: Any,
) -> Message:
    token = new_token()
    to = to or _taken.recipient(channel) or (new_address() if channel == "email" else new_number())
    text = with_token(body, token, longest=longest_of(channel)) if after is None else f"{body}{token}{after}"
    sender = sender or sender_of(channel)
    return Message(type=channel, body=text, token=token, to=to, sender=sender, attachments=tuple(attachments), **more)


def with_token(body: str, token: str, *, longest: int | None) -> str:
    """A body and its token, no longer than the stack takes; what stands at the body's beginning is left there."""
    text = body if longest is None else body[: max(0, longest - len(token) - 1)]
    return f"{text} {token}" if text else token
