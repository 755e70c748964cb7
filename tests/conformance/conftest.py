"""The official SDKs, pointed at a real server: nothing of theirs is replaced but the address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sdks import Received, Receiver, twilio_client
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
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(kept.reply)))
            self.end_headers()
            self.wfile.write(kept.reply)
            kept.received.put(Received({name.lower(): value for name, value in self.headers.items()}, body))

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        kept = Receiver(f"http://127.0.0.1:{running.server_address[1]}/hook?id=7")
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield kept
        running.shutdown()
        thread.join(10)
