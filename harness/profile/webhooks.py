"""What the stack is told by its providers, and where: replies and delivery reports."""

from __future__ import annotations

from typing import Literal

from harness.profile.base import Absent, Channel, Section
from harness.profile.templates import HookBody


class Webhook(Section):
    """One channel's webhook."""

    path: str = ""
    """Where it goes; `""`: there is none, so it isn't asked."""
    reports: Absent = None
    """Where delivery reports go, if not to the same path."""
    signed: bool = True
    """Whether the stack checks the provider's signature."""
    body: HookBody | None = None
    """The body of a reply in the stack's own names, with placeholders; not said: the vendor's own."""
    format: Literal["json", "form"] = "json"
    """How a body of the stack's own is written."""


class Webhooks(Section):
    """Where the providers' webhooks go: `[webhooks.sms]` (Twilio's, for texts and pictures), `[webhooks.email]`."""

    sms: Webhook = Webhook(path="/api/v1/webhooks/twilio")
    """Twilio's: replies and status callbacks."""
    email: Webhook = Webhook(path="/api/v1/webhooks/sendgrid")
    """SendGrid's: Inbound Parse and the Event Webhook."""

    def of(self, channel: Channel) -> Webhook:
        return self.email if channel == "email" else self.sms
