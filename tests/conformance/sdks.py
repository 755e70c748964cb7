"""The official SDKs, pointed at a server of ours, and a receiver of webhooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from queue import Queue

from twilio.rest import Client

from mock_providers.client import Twilio


def twilio_client(account: Twilio, *, user: str | None = None, token: str | None = None) -> Client:
    client = Client(user or account.account_sid, token or account.auth_token, account.account_sid)
    client.api.base_url = account.url
    client.messaging.base_url = account.url
    client.verify.base_url = client.lookups.base_url = client.content.base_url = account.url
    return client


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A real HTTP server that keeps what it gets."""

    url: str
    received: Queue[Received] = field(default_factory=Queue)
    reply: bytes = b""

    def next(self) -> Received:
        return self.received.get(timeout=10)
