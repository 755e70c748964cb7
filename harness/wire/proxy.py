"""One connection through the wire: forwards bytes untouched, reads them on the side, stops at closed gates.

Whatever can't be read is passed on all the same. Each side's end is passed on for itself: a client that has said all
still gets its answers, and of a client that is gone we still read what Redis had done for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import cast

from harness.wire.commands import Said
from harness.wire.direction import Direction
from harness.wire.gates import Gates
from harness.wire.reach import Watched
from harness.wire.tracker import Tracker

Tell = Callable[[Said], None]


class Connection:
    """Both halves of one proxied connection of one process."""

    def __init__(
        self,
        *,
        process: str,
        number: int,
        gates: Gates,
        watched: Watched,
        tell: Tell,
        on_end: Callable[[Connection], None] = lambda _: None,
    ) -> None:
        self.process = process
        self.number = number
        self.tracker = Tracker(watched)
        self._watched = watched
        self.to_redis = Direction()
        self.to_client = Direction()
        self.to_redis.source, self.to_client.source = self.to_client, self.to_redis
        self.redis_over = False
        self._client_ended = False
        self._gates = gates
        self._tell = tell
        self._on_end = on_end
        self._complained = False
        self._passed_on = 0  # how many replies were waited for before a gate withheld a command

    @property
    def leaving(self) -> bool:
        """Whether the client has said its last word, and Redis may still act on it."""
        return self._client_ended and not self.redis_over

    def connected(self, own: object) -> None:
        """Redis took the connection; where somebody watches what scripts do, he has to know whose they are."""
        if self._watched.scripts and isinstance(own, tuple):
            host, port, *_ = own
            address = f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
            self._tell({"what": "connected", "process": self.process, "address": address, "at": time.time()})

    # what is said

    def from_client(self, data: bytes) -> None:
        now = time.time()
        if not self._gates:
            self.to_redis.send(data)
            self.tracker.sent(data, now)
        else:
            if not self.to_redis.held:
                self._passed_on = self.tracker.expected
            for command in self.tracker.sent(data, now):
                gate = self._gates.at_command(self.process, command)
                if gate is not None:
                    (self.to_redis if gate.side == "command" else self.to_client).hold(gate)
                    gate.reached += 1
                    self._tell_gate("gate", gate.number)
            self.to_redis.send(data)
        self._report(self.tracker.told())

    def from_redis(self, data: bytes) -> None:
        now = time.time()
        if not self._gates:
            self.to_client.send(data)
            self._report(self.tracker.received(data, now))
        else:
            for said in self._report(self.tracker.received(data, now)):
                gate = self._gates.at_delivery(self.process, said)
                if gate is not None:
                    self.to_client.hold(gate)
                    gate.reached += 1
                    self._tell_gate("gate", gate.number)
            self.to_client.send(data)

    def _report(self, said: Iterable[Said]) -> list[Said]:
        found = [{**one, "process": self.process, "connection": self.number} for one in said]
        for one in found:
            self._tell(one)
        if self.tracker.missed and not self._complained:
            self._complained = True
            self._tell({"what": "lost", "process": self.process, "reason": self.tracker.missed, "at": time.time()})
        return found

    def _tell_gate(self, what: str, number: int) -> None:
        self._tell({"what": what, "gate": number, "process": self.process, "at": time.time()})

    # who ends

    def client_ended(self) -> None:
        """The client says nothing more; whether it still listens can't be known."""
        if not self._client_ended:
            self._client_ended = True
            for number in sorted(self.to_redis.held | self.to_client.held):
                self._tell_gate("left", number)
            if self.to_redis.held:
                self.to_redis.drop_withheld()
                self.tracker.forget(self._passed_on)
            self.to_redis.end()
            self._close_if_over()

    def client_gone(self) -> None:
        """Nobody listens any more; what Redis still says is read all the same, until it hangs up."""
        self.to_client.abandon()
        self.client_ended()

    def redis_ended(self) -> None:
        """Redis says nothing more, and so does nothing more."""
        if not self.redis_over:
            self.redis_over = True
            self._report(self.tracker.ended())
            self.to_client.end()
            self._close_if_over()

    def redis_gone(self) -> None:
        """Its connection is closed, or was refused: the process sees its own end once it has all that was said."""
        self.redis_ended()
        self.to_redis.abandon()
        self.to_client.close()

    def _close_if_over(self) -> None:
        if self._client_ended and self.redis_over:
            self.to_redis.close()
            self.to_client.close()
        self._on_end(self)


class Half(asyncio.Protocol):
    """What both halves do: they report when their side has no room."""

    def __init__(self, connection: Connection, direction: Direction) -> None:
        self._connection = connection
        self._direction = direction

    def pause_writing(self) -> None:
        self._direction.full(True)

    def resume_writing(self) -> None:
        self._direction.full(False)


class ClientSide(Half):
    """The half that faces the process."""

    def __init__(self, connection: Connection, upstream: Callable[[Connection], None]) -> None:
        super().__init__(connection, connection.to_client)
        self._upstream = upstream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._direction.connect(cast(asyncio.Transport, transport))
        self._upstream(self._connection)

    def data_received(self, data: bytes) -> None:
        self._connection.from_client(data)

    def eof_received(self) -> bool:
        self._connection.client_ended()
        return True  # it may still listen

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - reason: asyncio's signature
        self._connection.client_gone()


class RedisSide(Half):
    """The half that faces Redis."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, connection.to_redis)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection.connected(transport.get_extra_info("sockname"))
        self._direction.connect(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self._connection.from_redis(data)

    def eof_received(self) -> bool:
        self._connection.redis_ended()
        return True  # it may still listen

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - reason: asyncio's signature
        self._connection.redis_gone()
