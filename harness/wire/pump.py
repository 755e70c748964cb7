"""One connection through the wire: forwards bytes untouched, in both directions, and passes on who ends.

What is read of them on the side is for whoever speaks the server's language (`proxy.py` Redis', `database.py`
PostgreSQL's). Each side's end is passed on for itself: a client that has said all still gets its answers, and of a
client that is gone we still read what the server had done for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast

from harness.wire.direction import Direction
from harness.wire.link import Line, Link

Said = dict[str, Any]
Tell = Callable[[Said], None]


class Pump:
    """Both halves of one proxied connection of one process."""

    def __init__(
        self,
        *,
        process: str,
        number: int,
        tell: Tell,
        on_end: Callable[[Pump], None] = lambda _: None,
        link: Link | None = None,
    ) -> None:
        self.process = process
        self.number = number
        self.link = link or Link(process, "")
        self.to_server = Direction()
        self.to_client = Direction()
        self.to_server.source, self.to_client.source = self.to_client, self.to_server
        self.server_over = False
        self._client_ended = False
        self._tell = tell
        self._on_end = on_end

    @property
    def leaving(self) -> bool:
        """Whether the client has said its last word, and the server may still act on it."""
        return self._client_ended and not self.server_over

    # what is said

    def from_client(self, data: bytes) -> None:
        """Takes what the client said; who reads it on the side, or has gates, does that here."""
        self.to_server.send(data)

    def from_server(self, data: bytes) -> None:
        """Takes what the server said."""
        self.to_client.send(data)

    def connected(self, own: object) -> None:
        """The server took the connection, which comes to it from this address of ours."""

    def withheld_is_lost(self) -> None:
        """The client ended while a gate withheld what it had said: the server never hears of that."""

    def server_is_over(self) -> None:
        """The server says nothing more, and so does nothing more."""

    def tell_gate(self, what: str, number: int, **more: object) -> None:
        self._tell({"what": what, "gate": number, "process": self.process, "at": time.time(), **more})

    # who ends

    def client_ended(self) -> None:
        """The client says nothing more; whether it still listens can't be known."""
        if not self._client_ended:
            self._client_ended = True
            for number in sorted(self.to_server.held | self.to_client.held):
                self.tell_gate("left", number)
            if self.to_server.held:
                self.to_server.drop_withheld()
                self.withheld_is_lost()
            self.to_server.end()
            self._close_if_over()

    def client_gone(self) -> None:
        """Nobody listens any more; what the server still says is read all the same, until it hangs up."""
        self.to_client.abandon()
        self.client_ended()

    def tear(self, *, reset: bool) -> None:
        """Ends the client's side at once, by a reset or an end; the server hears that the client is gone."""
        self.to_client.tear(reset=reset)
        self.client_gone()

    def server_ended(self) -> None:
        """The server says nothing more, and so does nothing more."""
        if not self.server_over:
            self.server_over = True
            self.server_is_over()
            self.to_client.end()
            self._close_if_over()

    def server_gone(self) -> None:
        """Its connection is closed, or was refused: the process sees its own end once it has all that was said."""
        self.server_ended()
        self.to_server.abandon()
        self.to_client.close()

    def _close_if_over(self) -> None:
        if self._client_ended and self.server_over:
            self.to_server.close()
            self.to_client.close()
        self._on_end(self)


class Half(asyncio.Protocol):
    """What both halves do: they report when their side has no room."""

    def __init__(self, pump: Pump, direction: Direction) -> None:
        self._pump = pump
        self._direction = direction

    def _join(self, transport: asyncio.BaseTransport) -> None:
        way, full = cast(asyncio.Transport, transport), self._direction.full
        back = self._direction is self._pump.to_client
        line = Line(way, self._pump.link, pump=self._pump, full=lambda much: full(much, by="the line"), back=back)
        self._direction.connect(line)

    def pause_writing(self) -> None:
        self._direction.full(True)

    def resume_writing(self) -> None:
        self._direction.full(False)


class ClientSide(Half):
    """The half that faces the process."""

    def __init__(self, pump: Pump, upstream: Callable[[Pump], None]) -> None:
        super().__init__(pump, pump.to_client)
        self._upstream = upstream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._join(transport)
        if self._pump.link.arrived(self._pump):
            self._upstream(self._pump)
        else:
            self._pump.server_gone()  # it never hears of this one

    def data_received(self, data: bytes) -> None:
        # what is lost on the way is read by nobody either
        if self._pump.link.fine or not self._pump.link.swallows(self._pump, back=False):
            self._pump.from_client(data)

    def eof_received(self) -> bool:
        self._pump.client_ended()
        return True  # it may still listen

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - reason: asyncio's signature
        self._pump.link.ended(self._pump)
        self._pump.client_gone()


class ServerSide(Half):
    """The half that faces the server."""

    def __init__(self, pump: Pump) -> None:
        super().__init__(pump, pump.to_server)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._pump.connected(transport.get_extra_info("sockname"))
        self._join(transport)

    def data_received(self, data: bytes) -> None:
        self._pump.from_server(data)

    def eof_received(self) -> bool:
        self._pump.server_ended()
        return True  # it may still listen

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - reason: asyncio's signature
        self._pump.server_gone()
