"""The mock Twilio and SendGrid that the stack calls."""

from __future__ import annotations

from typing import Literal

from harness.profile.base import Channel, Section


class Accounts(Section):
    """The stack's accounts on the mocks."""

    twilio: str | None = None
    """Attached only: the stack's account SID on that server."""
    sendgrid: str | None = None
    """Attached only: the `name` of the stack's SendGrid account there."""


class Providers(Section):
    """The mock Twilio and SendGrid that the stack calls."""

    observe: Literal["mock", "none"] = "mock"
    """`none`: the stack mocks its providers inside; checks that need a call are unknown."""
    url: str | None = None
    """Attached only: the `mock-providers` server that the stack calls."""
    accounts: Accounts = Accounts()
    """Attached only: the stack's accounts on that server: `{ twilio = "AC…", sendgrid = "app" }`."""
    token: str | None = None
    """Attached only: the token of that server's control plane, if it has one."""
    senders: dict[Channel, str] = {}
    """The stack's own sender by channel, where it doesn't take the message's: `{ sms = "+1…" }`, or a
    service's `MG…`."""
