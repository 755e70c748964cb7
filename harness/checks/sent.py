"""A message as it was sent, what of it a stack was told, and how a call that doesn't carry it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from harness.history import Event
from harness.profile import Profile
from harness.profile.base import Channel
from harness.profile.templates import names_in


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
    @property
    def metadata(self) -> Mapping[str, Any]: ...
    @property
    def subject(self) -> str: ...
    @property
    def html(self) -> str | None: ...
    @property
    def reply_to(self) -> str | None: ...


@dataclass(frozen=True)
class Wrong:
    """A call that doesn't carry what was sent; `perhaps` where the stack may mean it so."""

    reason: str
    call: Event
    perhaps: str = ""


def told_of(message: Sent, profile: Profile) -> frozenset[str]:
    """What of a message the stack is told by a send; of the rest it can't be asked to pass it on."""
    send = profile.send.of(message.type)
    return names_in([send.body, send.headers])


def as_it_goes_out(message: Sent, profile: Profile) -> str:
    """The text that a provider is to get: with the stack's footer, or the token alone where the stack changes more."""
    if message.type in profile.messages.changes:
        return message.token
    return message.body + profile.messages.footer.get(message.type, "")
