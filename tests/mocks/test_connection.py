"""An answer leaves in one system call, with its headers, and nothing that was held back is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mock_providers.asgi import Answer
from mock_providers.connection import TRANSPORT, Connection, send_at_once

ANSWER = Answer(201, b"{}", [(b"content-type", b"application/json"), (b"x-home-region", b"us1")])
WHOLE = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\ncontent-type: application/json\r\nx-home-region: us1\r\n\r\n{}"


class Recorded(asyncio.Transport):
    """A transport that notes each write and the close."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.writes.append(b"closed")


def server(connection: Connection, *, breaks: bool = False) -> Any:
    """What uvicorn does with an answer: a write for the head, one for the body."""

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            lines = b"".join(b"%b: %b\r\n" % header for header in message["headers"])
            connection.write(b"HTTP/1.1 201 Created\r\n%b\r\n" % lines)
        else:
            connection.write(message["body"])
            if breaks:
                connection.close()
                raise ConnectionResetError

    return send


def test_an_answers_head_and_body_leave_as_one() -> None:
    transport = Recorded()
    connection = Connection(transport)
    asyncio.run(send_at_once({"extensions": {TRANSPORT: connection}}, server(connection), ANSWER))
    connection.write(b"later")
    assert transport.writes == [WHOLE, b"later"]


def test_what_was_held_leaves_before_the_close() -> None:
    transport = Recorded()
    connection = Connection(transport)
    with pytest.raises(ConnectionResetError):
        asyncio.run(send_at_once({"extensions": {TRANSPORT: connection}}, server(connection, breaks=True), ANSWER))
    assert transport.writes == [WHOLE, b"closed"]


def test_without_the_servers_connection_the_answer_is_sent_as_ever() -> None:
    transport = Recorded()
    asyncio.run(send_at_once({}, server(Connection(transport)), ANSWER))
    head, body = transport.writes
    assert sorted(head.split(b"\r\n")) == sorted(WHOLE[: -len(body)].split(b"\r\n"))
    assert body == ANSWER.body


def test_a_header_that_would_break_the_head_is_left_for_the_server_to_refuse() -> None:
    transport = Recorded()
    connection = Connection(transport)
    broken = Answer(200, b"{}", [(b"content-type", b"text/plain\r\nx-smuggled: 1")])
    given: list[Any] = []

    async def refusing(message: Any) -> None:
        given.append(message)
        raise RuntimeError("Invalid HTTP header value.")

    with pytest.raises(RuntimeError):
        asyncio.run(send_at_once({"extensions": {TRANSPORT: connection}}, refusing, broken))
    assert broken.headers[0] in given[0]["headers"]
    assert transport.writes == []
