"""The Event Webhooks of an account: each gets the types of events that it asks for, signed with its own key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from mock_providers.sendgrid.signature import SigningKey

SWITCHES = (
    "processed", "delivered", "deferred", "dropped", "bounce", "open", "click", "spam_report", "unsubscribe",
    "group_unsubscribe", "group_resubscribe",
)  # fmt: skip
"""The types of events as a webhook's settings name them."""

MOST_WEBHOOKS = 5
"""Webhooks an account may have, as at the vendor."""


def switch_of(event: dict[str, Any]) -> str:
    """The setting that an event's type answers to."""
    return "spam_report" if event["event"] == "spamreport" else str(event["event"])


class EventWebhook:
    """One webhook: where it posts, what it asks for, and whether it signs.

    `created` and `updated` are Unix seconds, None for the webhook of the account's settings, which was always there.
    """

    __slots__ = ("created", "enabled", "id", "key", "name", "oauth", "on", "signed", "updated", "url")

    def __init__(
        self,
        identity: str,
        *,
        url: str | None,
        key: Callable[[], SigningKey],
        now: float | None,
        on: Iterable[str] = (),
        signed: bool = False,
    ) -> None:
        """`key` gives the key pair when it is first needed: making one takes a while."""
        self.id = identity
        self.url = url
        self.key = key
        self.created = self.updated = now
        self.on = set(on)
        self.signed = signed
        self.enabled = True
        self.name: str | None = None
        self.oauth: dict[str, str] = {}

    @property
    def signer(self) -> SigningKey | None:
        """What it signs with, if it does."""
        return self.key() if self.signed else None

    def wants(self, event: dict[str, Any]) -> bool:
        """Whether it asked for such an event; a type that has no switch comes to all."""
        switch = switch_of(event)
        return self.enabled and (switch in self.on or switch not in SWITCHES)


class EventWebhooks:
    """The webhooks of an account: the one of its settings, if these have a URL, then those made over the API."""

    def __init__(self, first: EventWebhook) -> None:
        self.first = first
        self._made: dict[str, EventWebhook] = {}

    def __bool__(self) -> bool:
        return self.first.url is not None or bool(self._made)

    def __iter__(self) -> Iterator[EventWebhook]:
        if self.first.url is not None:
            yield self.first
        yield from list(self._made.values())

    @property
    def oldest(self) -> EventWebhook:
        """What is meant where no id is given; of none, the one that the settings would have."""
        return next(iter(self), self.first)

    def get(self, identity: str) -> EventWebhook | None:
        return self.first if identity == self.first.id else self._made.get(identity)

    def at(self, url: str) -> EventWebhook | None:
        """The webhook that posts to a URL."""
        return next((one for one in self if one.url is not None and same_url(one.url, url)), None)

    def add(self, webhook: EventWebhook) -> None:
        self._made[webhook.id] = webhook

    def delete(self, webhook: EventWebhook) -> None:
        self._made.pop(webhook.id, None)


def same_url(one: str, other: str) -> bool:
    """Whether two URLs are one address: host and scheme in any case, an empty path like `/`."""
    return _plain(one) == _plain(other)


def _plain(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path or "/", parts.query, ""))
