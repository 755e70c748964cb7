"""What the mocks are asked to deliver to the stack, made of the profile: where, in whose names, signed or not."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from harness.profile import Webhook, Webhooks
from harness.profile.base import Channel
from harness.profile.templates import LEFT_OUT, as_fields, rendered

Wish = dict[str, Any]
HIDDEN = "[redacted]"
"""What the mocks show instead of a URL's user and password."""


def new_id(channel: Channel, *, pictures: bool = False) -> str:
    """A provider's id of a message that comes in, as the mocks would make it."""
    if channel == "email":
        return f"<{secrets.token_urlsafe(16)}@mail.example.com>"
    return ("MM" if pictures else "SM") + secrets.token_hex(16)


def reply_wish(hook: Webhook, *, channel: Channel, values: Mapping[str, Any]) -> Wish:
    """How a reply is delivered, where it isn't the vendor's way; `values` are what the template's names stand for."""
    # the form of SendGrid's Inbound Parse is never signed, so it knows no other way
    plain = channel == "email" and hook.body is None
    return {**own(hook, hook.body, channel, values), **({} if plain else signed(hook))}


def report_wish(hook: Webhook, *, channel: Channel, provider_id: str, status: str, error: int | None) -> Wish:
    """How a delivery report is delivered, where it isn't the vendor's way."""
    values = {"provider_id": provider_id, "status": hook.report_words.get(status, status), "error": error}
    return {**own(hook, hook.report_body, channel, values), **signed(hook)}


def own(hook: Webhook, body: Any, channel: Channel, values: Mapping[str, Any]) -> Wish:
    """The body in the stack's own names, if it has any."""
    if body is None:
        return {}
    filled = rendered(body, {"channel": channel, "now": datetime.now(UTC).isoformat(), **values})
    filled = None if filled is LEFT_OUT else filled
    return {"as": {"format": hook.format, "body": as_fields(filled) if hook.format == "form" else filled}}


def signed(hook: Webhook) -> Wish:
    return {} if hook.signed else {"signature": "missing"}


@dataclass(kw_only=True)
class Destinations:
    """Where the mocks deliver to: as their account is configured, or where the profile says otherwise.

    The mocks may reach the stack under another name than we do, so only the path is the profile's where they know one.
    `settings` asks for an account's settings; `said` are the channels whose path the profile's file says.
    """

    webhooks: Webhooks
    api: str | None
    settings: Callable[[str], Mapping[str, Any]]
    said: frozenset[str] = frozenset()
    _known: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def of_reply(self, channel: Channel, account: str) -> Wish:
        hook, configured = self.webhooks.of(channel), self._asked(account).get("inbound_url")
        wanted = hook.path if self._says(channel) or configured is None else None
        return self._to(configured, wanted)

    def of_report(self, channel: Channel, account: str) -> Wish:
        """Twilio is told in each call where to report, SendGrid once and for all."""
        hook, known = self.webhooks.of(channel), self._asked(account)
        if channel == "email":
            configured = known.get("event_webhook_url")
            fixed = self._says(channel) or configured is None
            return self._to(configured, hook.reports or (hook.path if fixed else None))
        wanted = hook.reports or (hook.path if hook.report_body is not None else None)
        return self._to(known.get("inbound_url"), wanted) if wanted else {}

    def _says(self, channel: Channel) -> bool:
        return ("email" if channel == "email" else "sms") in self.said

    def _asked(self, account: str) -> Mapping[str, Any]:
        if account not in self._known:
            self._known[account] = self.settings(account)
        return self._known[account]

    def _to(self, configured: str | None, path: str | None) -> Wish:
        """The address to name, where the account's own isn't the one."""
        if not path:
            return {}
        base = urlsplit(configured) if configured and HIDDEN not in configured.partition("?")[0] else None
        wanted = urlsplit(path)
        if base is None:
            return {"url": self.api.rstrip("/") + path} if self.api else {}
        if base.path == wanted.path and not wanted.query:
            return {}
        return {"url": urlunsplit((base.scheme, base.netloc, wanted.path, wanted.query, ""))}
