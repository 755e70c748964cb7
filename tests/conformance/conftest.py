"""The official SDKs, pointed at a real server: nothing of theirs is replaced but the address."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock_once import once
from sdks import Receiver, receiving, twilio_client
from sendgrid import SendGridAPIClient
from twilio.rest import Client

from mock_providers.client import MockProviders, SendGrid, Twilio
from mock_providers.pytest_plugin import mock_server, sendgrid, twilio

__all__ = ["mock_server", "sendgrid", "twilio"]

NODE = Path(__file__).parent / "node"


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


@pytest.fixture(scope="session")
def node_modules() -> None:
    if shutil.which("npm") is None:
        pytest.skip("Node.js and npm are not installed; the Node SDKs can't be run")
    with once(NODE / "node_modules"):
        if not (NODE / "node_modules" / ".package-lock.json").exists():
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=NODE, check=True, timeout=300, capture_output=True)
