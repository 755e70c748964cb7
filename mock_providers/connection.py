"""Doing to a connection what networks and crashing peers do."""

from __future__ import annotations

import socket
import struct
from typing import Any

from mock_providers.asgi import Answer, Receive, Scope, Send, client_gone, unless_gone
from mock_providers.clock import elapse

TRANSPORT = "mock_providers.transport"
"""The ASGI extension under which the server hands us the connection."""

UNDERSTOOD = "mock_providers.request"
"""The ASGI extension that has a request which was understood on the short way, and then had to take the long one."""

PIECES = 10
"""How many pieces a slow body comes in."""

_NO_LINGER = struct.pack("ii", 1, 0)


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
