"""A real server in its own process, an account of its own for every test, and a real receiver of webhooks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from tenants import (
    Received,
    Receiver,
    SendGridTenant,
    ServerProcess,
    TwilioTenant,
    make_sendgrid,
    make_twilio,
    start_server,
)

from mock_providers.client.protocol import tls


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    running = start_server(journal=tmp_path_factory.mktemp("mocks") / "journal.jsonl")
    yield running
    assert running.stop() == 0


@pytest.fixture
def http(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, verify=tls(server.url)) as client:
        yield client


@pytest.fixture
def twilio(http: httpx.Client) -> TwilioTenant:
    return make_twilio(http)


@pytest.fixture
def sendgrid(http: httpx.Client) -> SendGridTenant:
    return make_sendgrid(http)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status = kept.statuses.pop(0) if kept.statuses else 200
            self.send_response(status)
            self.send_header("Content-Type", kept.reply_type)
            self.send_header("Content-Length", str(len(kept.reply)))
            self.end_headers()
            self.wfile.write(kept.reply)
            kept.received.put(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body, self.command))

        def log_message(self, *_: Any) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    kept = Receiver(f"http://127.0.0.1:{running.server_address[1]}")
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield kept
    running.shutdown()
    running.server_close()
    thread.join(10)
