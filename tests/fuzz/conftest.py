"""A server under fire, watched: it must stay up, answer, and keep its memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx
import psutil
import pytest
from target import ANSWER_WITHIN_S, GROWTH, SECONDS, Target

from mock_providers.client import MockProviders
from mock_providers.process import server_process


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("fuzz")
    config = folder / "mocks.toml"
    config.write_text("[server]\nretain_bytes = 20_000_000\nsegment_bytes = 10_000_000\n")
    with (
        server_process("--config", str(config), journal=folder / "journal.jsonl") as url,
        MockProviders(url) as server,
    ):
        port = int(url.rpartition(":")[2])
        process = next(
            child
            for child in psutil.Process().children(recursive=True)
            if any(one.laddr.port == port for one in child.net_connections())
        )
        before = process.memory_info().rss
        target = Target(server, server.twilio(lifecycle="manual"), server.sendgrid(lifecycle="manual"), process)
        yield target
        assert server.request("GET", "/health")["status"] == "ok"
        assert process.memory_info().rss - before < GROWTH


@pytest.fixture
def share(request: pytest.FixtureRequest) -> Callable[[], bool]:
    """Whether this test's share of the time is left."""
    tests = sum(1 for item in request.session.items if "share" in getattr(item, "fixturenames", ()))
    until = time.monotonic() + SECONDS / max(tests, 1)
    return lambda: time.monotonic() < until


@pytest.fixture
def http(target: Target) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=target.server.url, timeout=ANSWER_WITHIN_S) as client:
        yield client
