"""The official SDKs, pointed at a real server: nothing of theirs is replaced but the address."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sdks import Receiver, receiving, twilio_client
from sendgrid import SendGridAPIClient
from twilio.rest import Client

from mock_providers.client import MockProviders, SendGrid, Twilio
from mock_providers.pytest_plugin import mock_server, sendgrid, twilio

__all__ = ["mock_server", "sendgrid", "twilio"]


@pytest.fixture
def client(twilio: Twilio) -> Client:
    return twilio_client(twilio)


@pytest.fixture
def mail_client(sendgrid: SendGrid) -> SendGridAPIClient:
    return SendGridAPIClient(sendgrid.api_key, host=sendgrid.url)


@pytest.fixture
def server(mock_server: MockProviders) -> MockProviders:
    return mock_server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as kept:
        yield kept
