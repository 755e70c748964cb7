"""Where the generator sends, and how, in a form that each of its processes can be sent."""

from __future__ import annotations

from typing import Any

from harness.profile import Messages, Send, Webhook
from harness.profile.base import Channel, Section


class Entries(Section):
    """How QueueUser puts an entry on a stream."""

    redis: str
    """The URL."""
    streams: dict[str, str]
    field: str
    message_id: str


class Replies(Section):
    """How WebhookUser has a reply delivered: by the mocks' control plane."""

    mocks: str
    """The URL."""
    path: str
    headers: dict[str, str]
    to: str
    """To whom people write."""
    hook: Webhook
    """In whose names it is delivered, signed or not."""
    address: dict[str, Any]
    """How the mocks are told where it goes."""


class Target(Section):
    """A deployed stack, as the users of a load see it; it travels as JSON."""

    api: str
    """Where the API answers."""
    headers: dict[str, str]
    """Those of every request to it."""
    sends: dict[Channel, Send]
    """How a message of each channel is sent."""
    messages: Messages = Messages()
    entries: Entries | None = None
    replies: Replies | None = None
