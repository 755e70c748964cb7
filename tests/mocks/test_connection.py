"""An answer leaves in one system call, and nothing that was held back is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mock_providers.asgi import Answer
from mock_providers.connection import TRANSPORT, Connection, send_at_once

ANSWER = Answer(201, b'{"sid": "SM1"}', [(b"content-type", b"application/json")])


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
            connection.write(b"head ")
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
    assert transport.writes == [b"head " + ANSWER.body, b"later"]


def test_what_was_held_leaves_before_the_close() -> None:
    transport = Recorded()
    connection = Connection(transport)
    with pytest.raises(ConnectionResetError):
        asyncio.run(send_at_once({"extensions": {TRANSPORT: connection}}, server(connection, breaks=True), ANSWER))
    assert transport.writes == [b"head " + ANSWER.body, b"closed"]


def test_without_the_servers_connection_the_answer_is_sent_as_ever() -> None:
    transport = Recorded()
    connection = Connection(transport)
    asyncio.run(send_at_once({}, server(connection), ANSWER))
    assert transport.writes == [b"head ", ANSWER.body]
