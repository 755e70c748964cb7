"""pytest fixtures: `mock_server` (one a session), `twilio` and `sendgrid` (accounts of a test's own)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    # pytest loads this file in every run, also in those that use none of it: nothing heavy is imported here
    from mock_providers.client import MockProviders, SendGrid, Twilio


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mock-providers")
    group.addoption(
        "--mock-providers-url",
        default=None,
        help="URL of a mock server that runs already; without it one is started for the session",
    )


@pytest.fixture(scope="session")
def mock_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockProviders]:
    """A mock server for the session, in a process of its own.

    MOCK_PROVIDERS_TOKEN is what that process takes from the environment, and what a server that runs already may want.
    """
    from mock_providers.client import MockProviders
    from mock_providers.process import server_process

    token = os.environ.get("MOCK_PROVIDERS_TOKEN")
    url = request.config.getoption("--mock-providers-url", default=None)
    if url is not None:
        with MockProviders(url, token=token) as server:
            yield server
        return
    journal = tmp_path_factory.mktemp("mock-providers") / "journal.jsonl"
    with server_process(journal=journal) as started, MockProviders(started, token=token) as server:
        yield server


@pytest.fixture
def twilio(mock_server: MockProviders) -> Twilio:
    """A Twilio account that no other test has; nothing moves its messages but the test."""
    return mock_server.twilio(lifecycle="manual")


@pytest.fixture
def sendgrid(mock_server: MockProviders) -> SendGrid:
    """A SendGrid account that no other test has; no event comes but the test's."""
    return mock_server.sendgrid(lifecycle="manual")
