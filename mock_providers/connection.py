"""Doing to a connection what networks and crashing peers do."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from mock_providers.asgi import Answer, Receive, Scope, Send, client_gone, send_answer, unless_gone
from mock_providers.clock import elapse

TRANSPORT = "mock_providers.transport"
"""The ASGI extension under which the server hands us the connection."""

PIECES = 10
"""How many pieces a slow body comes in."""

_NO_LINGER = struct.pack("ii", 1, 0)


class Connection:
    """A transport that sends an answer as one, where the server would make a system call for its head and its body."""

    __slots__ = ("_held", "_lines", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] | None = None
        self._lines = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if self._held is None:
            self._transport.write(data)
        else:
            self._held.append(data)

    def close(self) -> None:
        self.release()
        self._transport.close()

    def hold(self, lines: bytes) -> None:
        """Keeps what is written back until the release; the lines then end the head, which is written first."""
        self._held, self._lines = [], lines

    def release(self) -> None:
        held, self._held = self._held, None
        if held:
            head, *body = held
            self._transport.write(b"".join((head[:-2], self._lines, b"\r\n", *body)))


async def send_at_once(scope: Scope, send: Send, answer: Answer) -> None:
    """Sends an answer in one piece, where the server handed us the connection.

    The vendor's headers go past the server, which would check each of them anew with every call.
    """
    connection: Connection | None = scope.get("extensions", {}).get(TRANSPORT)
    lines = b"".join([b"%b: %b\r\n" % header for header in answer.headers])
    if connection is None or not lines.count(b"\r") == lines.count(b"\n") == len(answer.headers):
        await send_answer(send, answer)
        return
    connection.hold(lines)
    try:
        await send_answer(send, answer, headers=[])
    finally:
        connection.release()


async def hang_up(scope: Scope, receive: Receive, *, reset: bool) -> None:
    """Closes the connection without an answer: with a TCP reset, as a crash does, or quietly."""
    transport: Any = scope.get("extensions", {}).get(TRANSPORT)
    if transport is None:
        # without a socket (in-process) the client sees the same error from the call itself
        raise ConnectionResetError("connection closed by a fault")
    if reset:
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
    await client_gone(receive)


async def send_badly(scope: Scope, receive: Receive, send: Send, answer: Answer, *, over_s: float) -> None:
    """Sends the body slowly, over so many seconds, or (0) only half of it before the connection closes."""
    length = (b"content-length", b"%d" % max(len(answer.body), 1))
    await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, length]})
    if not over_s:
        half = answer.body[: len(answer.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await hang_up(scope, receive, reset=False)
        return
    body = answer.body or b" "
    size = -(-len(body) // PIECES)
    for start in range(0, len(body), size):
        if not await unless_gone(receive, elapse(over_s / PIECES)):
            return
        await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
    await send({"type": "http.response.body", "body": b""})
