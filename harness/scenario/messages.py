"""What a scenario sends: one message of each type, with a recipient and a token that no other send has."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.probes.probe import new_token
from harness.profile.base import Channel

SENDER_NUMBER = "+12025550123"
SENDER_ADDRESS = "service@example.com"

_serial = itertools.count(random.SystemRandom().randrange(10_000_000))
AREAS = (206, 212, 303, 312, 404, 415, 503, 602, 617, 702, 713, 808)


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message to send; `token` stands in its body and ties it to the provider's call."""

    type: Channel
    sender: str
    to: str
    body: str
    token: str
    attachments: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def payload(self) -> dict[str, Any]:
        """The request body, in the contract's names."""
        payload: dict[str, Any] = {"from": self.sender, "to": self.to, "type": self.type, "body": self.body}
        if self.attachments:
            payload["attachments"] = list(self.attachments)
        if self.metadata:
            payload["metadata"] = dict(self.metadata)
        return payload


def new_number() -> str:
    """A valid North American number that this process hasn't used yet."""
    serial = next(_serial)
    area = AREAS[serial % len(AREAS)]
    rest = serial // len(AREAS) % 7_000_000
    return f"+1{area}{200 + rest // 10_000 % 700}{rest % 10_000:04d}"


def new_address() -> str:
    return f"user{next(_serial)}@example.com"


def sms(body: str = "hello", *, to: str | None = None, sender: str = SENDER_NUMBER, **more: Any) -> Message:
    """A text message; its body gets the token at its end."""
    return _message("sms", body, to=to or new_number(), sender=sender, **more)


def mms(
    body: str = "look",
    *,
    to: str | None = None,
    sender: str = SENDER_NUMBER,
    attachments: Sequence[str] = ("https://example.com/picture.png",),
    **more: Any,
) -> Message:
    """A picture message; `attachments` are http(s) URLs."""
    return _message("mms", body, to=to or new_number(), sender=sender, attachments=tuple(attachments), **more)


def email(body: str = "hello", *, to: str | None = None, sender: str = SENDER_ADDRESS, **more: Any) -> Message:
    """A mail."""
    return _message("email", body, to=to or new_address(), sender=sender, **more)


def message(channel: Channel, body: str = "hello", **more: Any) -> Message:
    """A message of the given type."""
    return {"sms": sms, "mms": mms, "email": email}[channel](body, **more)


def _message(channel: Channel, body: str, **more: Any) -> Message:
    token = new_token()
    return Message(type=channel, body=f"{body} {token}".strip(), token=token, **more)
