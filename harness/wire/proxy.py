"""One connection through the wire: forwards bytes untouched, reads them on the side, stops at closed gates."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import cast

from harness.wire.commands import Said
from harness.wire.gates import Gate, Gates
from harness.wire.tracker import Tracker

Tell = Callable[[Said], None]


class Direction:
    """Bytes on their way to one side; buffered while a gate holds them, in order."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._waiting: list[bytes] = []
        self._held_by: set[int] = set()

    def send(self, data: bytes) -> None:
        if self.transport is None or self._held_by:
            self._waiting.append(data)
        else:
            self.transport.write(data)

    def connect(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._flush()

    def hold(self, gate: Gate) -> None:
        if gate.number not in self._held_by:
            self._held_by.add(gate.number)
            gate.release.append(lambda: self._let_go(gate.number))

    def _let_go(self, number: int) -> None:
        self._held_by.discard(number)
        self._flush()

    def _flush(self) -> None:
        if self.transport is not None and not self._held_by and self._waiting and not self.transport.is_closing():
            self.transport.write(b"".join(self._waiting))
            self._waiting.clear()

    def close(self) -> None:
        """Closes this side; what a gate still withholds is lost, as it is when a process dies before it spoke."""
        if self.transport is not None and not self.transport.is_closing():
            self._flush()
            self._waiting.clear()
            self.transport.close()


class Connection:
    """Both halves of one proxied connection of one process."""

    def __init__(self, *, process: str, number: int, gates: Gates, tell: Tell) -> None:
        self.process = process
        self.number = number
        self.tracker = Tracker()
        self.to_redis = Direction()
        self.to_client = Direction()
        self._gates = gates
        self._tell = tell
        self._complained = False

    def from_client(self, data: bytes) -> None:
        now = time.time()
        if not self._gates:
            self.to_redis.send(data)
            self.tracker.sent(data, now)
        else:
            for command in self.tracker.sent(data, now):
                gate = self._gates.at_command(self.process, command)
                if gate is not None:
                    (self.to_redis if gate.side == "command" else self.to_client).hold(gate)
                    self._reached(gate)
            self.to_redis.send(data)
        self._complain()

    def from_redis(self, data: bytes) -> None:
        now = time.time()
        if not self._gates:
            self.to_client.send(data)
            self._report(data, now)
        else:
            for said in self._report(data, now):
                gate = self._gates.at_delivery(self.process, said)
                if gate is not None:
                    self.to_client.hold(gate)
                    self._reached(gate)
            self.to_client.send(data)
        self._complain()

    def _report(self, data: bytes, now: float) -> list[Said]:
        found = list(self.tracker.received(data, now))
        for said in found:
            said["process"] = self.process
            said["connection"] = self.number
            self._tell(said)
        return found

    def _reached(self, gate: Gate) -> None:
        gate.reached += 1
        self._tell({"what": "gate", "gate": gate.number, "process": self.process, "at": time.time()})

    def _complain(self) -> None:
        if self.tracker.missed and not self._complained:
            self._complained = True
            self._tell({"what": "lost", "process": self.process, "reason": self.tracker.missed, "at": time.time()})

    def close(self) -> None:
        self.to_redis.close()
        self.to_client.close()


class ClientSide(asyncio.Protocol):
    """The half that faces the process."""

    def __init__(self, connection: Connection, upstream: Callable[[Connection], None]) -> None:
        self._connection = connection
        self._upstream = upstream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection.to_client.connect(cast(asyncio.Transport, transport))
        self._upstream(self._connection)

    def data_received(self, data: bytes) -> None:
        self._connection.from_client(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - reason: asyncio's signature
        self._connection.close()


class RedisSide(asyncio.Protocol):
    """The half that faces Redis."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection.to_redis.connect(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self._connection.from_redis(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - reason: asyncio's signature
        self._connection.close()
