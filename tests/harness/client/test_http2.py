"""An API that speaks HTTP/2 alone is asked in HTTP/2, where its profile says so."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.events
import pytest

from harness.errors import Inconclusive
from harness.history import History
from harness.profile import Api, Profile
from harness.scenario.client import ApiClient
from harness.scenario.messages import sms
from harness.tls import http1_too

ANSWER = json.dumps({"id": "m1", "status": "pending"}).encode()


class Http2Alone:
    """Answers every request of HTTP/2 with a message that waits, and hangs up on anything else."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        speaks = h2.connection.H2Connection(config=h2.config.H2Configuration(client_side=False))
        speaks.initiate_connection()
        with connection:
            connection.sendall(speaks.data_to_send())
            while data := connection.recv(65536):
                try:
                    events = speaks.receive_data(data)
                except h2.exceptions.ProtocolError:
                    return
                for event in events:
                    if isinstance(event, h2.events.StreamEnded):
                        headers = [(":status", "202"), ("content-type", "application/json")]
                        speaks.send_headers(event.stream_id, headers)
                        speaks.send_data(event.stream_id, ANSWER, end_stream=True)
                connection.sendall(speaks.data_to_send())

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def server() -> Iterator[Http2Alone]:
    server = Http2Alone()
    yield server
    server.close()


@pytest.mark.parametrize("http2", [True, False])
def test_a_send_in_http2(server: Http2Alone, http2: bool) -> None:
    history = History()
    client = ApiClient(history, url=server.url, profile=Profile(api=Api(http2=http2)))
    try:
        if http2:
            assert client.send(sms())["id"] == "m1"
        else:
            with pytest.raises(Inconclusive):
                client.send(sms())
    finally:
        client.close()


def test_over_tls_the_server_chooses() -> None:
    assert http1_too("https://x", http2=True)
    assert http1_too("http://x", http2=False)
    assert not http1_too("http://x", http2=True)
