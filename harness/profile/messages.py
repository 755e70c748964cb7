"""What messages the stack takes, and what it makes of their text on purpose."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.profile.base import Channel, Section


class Messages(Section):
    """What messages the stack takes, and what it makes of their text on purpose."""

    senders: dict[Channel, str] = {}
    """The sender that each channel's messages name; not said: any."""
    recipients: dict[Channel, Annotated[list[str], Field(min_length=1)]] = {}
    """Valid recipients, where the stack takes not just any; each message goes to the next of them."""
    longest: dict[Channel, Annotated[int, Field(ge=40)]] = {}
    """The longest body in characters; longer ones aren't sent. Not said: any length."""
    footer: dict[Channel, str] = {}
    """What the stack puts behind each body on purpose: `{ sms = " -- ACME" }`."""
    changes: list[Channel] = []
    """Channels in whose bodies the stack changes more on purpose (links, templates): only the message's token is
    looked for."""
