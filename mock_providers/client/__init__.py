"""Clients of a mock server, sync and async: accounts, waiting, faults, gates, webhooks."""

from mock_providers.client.asynchronous import AsyncMockProviders
from mock_providers.client.synchronous import MockProviders, SendGrid, Twilio

__all__ = ["AsyncMockProviders", "MockProviders", "SendGrid", "Twilio"]
