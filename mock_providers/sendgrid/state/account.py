"""A SendGrid account: its mails and its signing key."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from collections import deque
from functools import cache
from random import Random
from uuid import NAMESPACE_URL, UUID, uuid5

from mock_providers.accounts import Account
from mock_providers.sendgrid.signature import SigningKey
from mock_providers.sendgrid.state.api_keys import ApiKeys, MadeKeys
from mock_providers.sendgrid.state.due import Due
from mock_providers.sendgrid.state.event_webhooks import SWITCHES, EventWebhook, EventWebhooks
from mock_providers.sendgrid.state.mail import Mail
from mock_providers.sendgrid.state.parse_settings import ParseSetting
from mock_providers.sendgrid.state.senders import Senders
from mock_providers.sendgrid.state.settings import SendGridSettings
from mock_providers.sendgrid.state.stats import Stats
from mock_providers.sendgrid.state.suppressions import Suppressions
from mock_providers.sendgrid.state.template import Template

KEPT_MAILS = 250_000
"""Mails an account keeps for its activity feed; the oldest are dropped, so that memory stays flat."""


class SendGridAccount(Account):
    """Everything one API key owns."""

    provider = "sendgrid"

    def __init__(self, settings: SendGridSettings, *, made_keys: MadeKeys | None = None) -> None:
        """`made_keys` is the server's list of keys that were made over the API; without it the account has its own."""
        super().__init__(settings.name, seed=settings.seed, clock_offset_s=settings.clock_offset_s)
        self.settings = settings
        self._signing_key: SigningKey | None = None
        self.api_keys = ApiKeys(made_keys if made_keys is not None else {}, parent=settings.api_key, token=self.token)
        self.reset()

    def change(self, settings: SendGridSettings) -> None:
        if settings.private_key_pem != self.settings.private_key_pem:
            self._signing_key = None
        self.settings = settings
        self.clock_offset_s = settings.clock_offset_s
        self.event_webhooks.first.url = settings.event_webhook_url

    def reset(self) -> None:
        self.mails: dict[str, Mail] = {}
        self._in_order: deque[str] = deque()
        self.suppressions = Suppressions()
        self.due = Due()
        self.templates: dict[str, Template] = {}
        self.batches: set[str] = set()
        self.stopped: dict[str, str] = {}
        self.api_keys.clear()
        self.senders = Senders()
        self.parse_settings: dict[str, ParseSetting] = {}
        self.stats = Stats()
        self.event_webhooks = EventWebhooks(self._first_webhook())
        self._minute = (0, 0)

    def _first_webhook(self) -> EventWebhook:
        """The webhook of the settings: it asks for everything, and signs."""
        return EventWebhook(
            str(uuid5(NAMESPACE_URL, f"sendgrid:{self.name}")),
            url=self.settings.event_webhook_url,
            key=lambda: self.signing_key,
            now=None,
            on=SWITCHES,
            signed=True,
        )

    def add_webhook(self, *, url: str) -> EventWebhook:
        """A new Event Webhook with a key of its own, which signs once it is told to."""
        webhook = EventWebhook(str(UUID(int=self.rng.getrandbits(128))), url=url, key=cache(SigningKey), now=self.now())
        self.event_webhooks.add(webhook)
        return webhook

    def may_send_from(self, address: str) -> bool:
        """Whether mail may come from an address.

        Its domain or it is verified, or the settings name none and no sender with it waits for its verification.
        """
        allowed = self.settings.verified_senders
        if not allowed and not self.senders:
            return True
        if address in allowed or address.rpartition("@")[2] in allowed:
            return True
        sender = self.senders.of(address)
        return sender.verified if sender is not None else not allowed

    def used_this_minute(self) -> int:
        """Counts a call against the rate limit."""
        minute, count = self._minute
        now = int(time.time()) // 60
        self._minute = (now, count + 1 if now == minute else 1)
        return self._minute[1]

    @property
    def signing_key(self) -> SigningKey:
        """The webhook's key pair; made when it is first needed, since that takes a while."""
        if self._signing_key is None:
            self._signing_key = SigningKey(self.settings.private_key_pem)
        return self._signing_key

    def add(self, mail: Mail) -> None:
        self.mails[mail.message_id] = mail
        self.stats.requested(mail.created, len(mail.recipients), mail.categories)
        self._in_order.append(mail.message_id)
        if len(self._in_order) > KEPT_MAILS:
            del self.mails[self._in_order.popleft()]

    def token(self, size: int = 16, *, rng: Random | None = None) -> str:
        """A new id in SendGrid's form: URL-safe base64 (22 characters of 16 bytes) without padding."""
        bits = (rng or self.rng).getrandbits(size * 8)
        return urlsafe_b64encode(bits.to_bytes(size, "big")).rstrip(b"=").decode()
