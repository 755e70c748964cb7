"""Bytes on their way to one side of a connection: in order, held by gates, and never more of them than fit."""

from __future__ import annotations

from harness.wire.gates import Closable
from harness.wire.link import Way, make_reset

MOST_WAITING = 4 << 20
"""Bytes that wait for a gate or a connection before the side that sends them is no longer read."""


class Direction:
    """What goes to one side; its `source` is the side from which it comes, which isn't read while this one is full."""

    def __init__(self) -> None:
        self.source: Direction | None = None
        self._transport: Way | None = None
        self._waiting: list[bytes] = []
        self._size = 0
        self._held_by: set[int] = set()
        self._abandoned = False
        self._ends = self._ended = self._closes = False
        self._full: set[str] = set()
        self._paused = False

    def connect(self, transport: Way) -> None:
        self._transport = transport
        self._flush()

    def send(self, data: bytes) -> None:
        if self._abandoned:
            return
        if self._transport is None or self._held_by:
            self._waiting.append(data)
            self._size += len(data)
            self._mind_the_source()
        else:
            self._transport.write(data)

    # its end

    def end(self) -> None:
        """Passes on that the other side says nothing more, behind all that it has said."""
        self._ends = True
        self._flush()

    def close(self) -> None:
        """Closes this side, behind all that is to be sent to it."""
        self._closes = True
        self._flush()

    def tear(self, *, reset: bool) -> None:
        """Ends this side at once, whatever is on its way to it; by a reset, where that is wanted."""
        if self._transport is not None:
            if reset:
                make_reset(self._transport)
            self._transport.abort()

    def abandon(self) -> None:
        """Nobody takes what goes this way any more: what waits is lost, and what comes is thrown away."""
        self._abandoned = True
        self._full.clear()
        self._forget()
        self._mind_the_source()

    def drop_withheld(self) -> None:
        """Forgets what a gate withholds, as it is lost when a process dies before it spoke."""
        self._held_by.clear()
        self._forget()

    def _forget(self) -> None:
        self._waiting.clear()
        self._size = 0

    # gates

    def hold(self, gate: Closable) -> None:
        if gate.number not in self._held_by:
            self._held_by.add(gate.number)
            gate.release.append(lambda: self._let_go(gate.number))

    @property
    def held(self) -> frozenset[int]:
        """The numbers of the gates that withhold something here."""
        return frozenset(self._held_by)

    def _let_go(self, number: int) -> None:
        self._held_by.discard(number)
        self._flush()

    def _flush(self) -> None:
        transport = self._transport
        if transport is None or (self._held_by and not self._abandoned):
            return
        if self._waiting and not transport.is_closing():
            transport.write(b"".join(self._waiting))
        self._forget()
        if self._ends and not self._ended and not transport.is_closing():
            self._ended = True
            transport.write_eof()
        if self._closes and not transport.is_closing():
            transport.close()
        self._mind_the_source()

    # backpressure

    def full(self, full: bool, *, by: str = "the transport") -> None:
        """The transport, or the line before it, has as much as it takes, or has room again."""
        if full == (by in self._full):
            return
        (self._full.add if full else self._full.discard)(by)
        self._mind_the_source()

    def _mind_the_source(self) -> None:
        """Stops or goes on reading the other side; a side that has ended is never read again."""
        source = self.source._transport if self.source is not None else None
        pause = bool(self._full) or self._size > MOST_WAITING
        if source is None or source.is_closing() or self._ends or pause == self._paused:
            return
        self._paused = pause
        if pause:
            source.pause_reading()
        else:
            source.resume_reading()
