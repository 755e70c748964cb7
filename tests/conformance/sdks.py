"""The official SDKs, pointed at a server of ours, and a receiver of webhooks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

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


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver for as long as the block lasts."""

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
        try:
            yield kept
        finally:
            running.shutdown()
            thread.join(10)
