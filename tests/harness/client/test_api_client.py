"""The harness's own client never sends on a connection that its server may be about to close."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from harness.history import History
from harness.profile import Profile
from harness.scenario.client import KEEP_IDLE_S, ApiClient

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class OneRequestAConnection:
    """Answers the first request of each connection, keeps it open, and closes it without an answer at the next.

    That is what a request meets that arrives just as the server gives an idle connection up.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            if connection.recv(65536):
                connection.sendall(ANSWER)
                connection.recv(65536)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def server() -> Iterator[OneRequestAConnection]:
    server = OneRequestAConnection()
    yield server
    server.close()


def test_an_idle_connection_is_not_used_again(server: OneRequestAConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    client = ApiClient(History(), url=server.url, profile=Profile())
    assert client.request("GET", "/", operation="first")["status"] == 200
    # the connection has been idle for as long as one may be; time itself isn't waited for
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + KEEP_IDLE_S + 0.1)
    monkeypatch.setattr("httpcore._sync.http11.time", later)
    assert client.request("GET", "/", operation="second")["status"] == 200
    assert server.connections == 2
    client.close()
