"""The harness's own client never sends on a connection that its server may be about to close."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import httpcore
import pytest
from httpcore import HTTP11Connection

from harness.history import History
from harness.profile import Profile
from harness.scenario.client import KEEP_IDLE_S, ApiClient

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

WAITED_S = 10


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


class KeptOpen(OneRequestAConnection):
    """Answers whatever comes on a connection, one after the other; what asks for /second, once it may."""

    def __init__(self) -> None:
        self.asked, self.may = threading.Event(), threading.Event()
        super().__init__()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while said := connection.recv(65536):
                if b"/second" in said:
                    self.asked.set()
                    self.may.wait(WAITED_S)
                connection.sendall(ANSWER)


@pytest.fixture
def kept_open() -> Iterator[KeptOpen]:
    server = KeptOpen()
    yield server
    server.close()


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


def test_no_thread_closes_a_connection_that_another_has_just_taken(
    kept_open: KeptOpen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool of httpcore that threads share does, where one has been idle for just as long as it may."""
    client = ApiClient(History(), url=kept_open.url, profile=Profile())
    taken, go_on, ahead = threading.Event(), threading.Event(), [0.0]
    monkeypatch.setattr("httpcore._sync.http11.time", SimpleNamespace(monotonic=lambda: time.monotonic() + ahead[0]))
    handle, close = HTTP11Connection.handle_request, HTTP11Connection.close

    def slowly(connection: HTTP11Connection, request: httpcore.Request) -> httpcore.Response:
        if request.url.target == b"/second":
            taken.set()
            assert go_on.wait(WAITED_S)
        return handle(connection, request)

    def late(connection: HTTP11Connection) -> None:
        go_on.set()
        kept_open.asked.wait(WAITED_S)
        close(connection)
        kept_open.may.set()

    monkeypatch.setattr(HTTP11Connection, "handle_request", slowly)
    with ThreadPoolExecutor(1) as other:
        assert other.submit(client.request, "GET", "/first", operation="first").result()["status"] == 200
        second = other.submit(client.request, "GET", "/second", operation="second")
        assert taken.wait(WAITED_S)
        ahead[0] = KEEP_IDLE_S + 0.1
        with monkeypatch.context() as patch:
            patch.setattr(HTTP11Connection, "close", late)
            assert client.request("GET", "/third", operation="third")["status"] == 200
        go_on.set()
        kept_open.may.set()
        assert second.result()["status"] == 200
    client.close()
