"""PostgreSQL's protocol as messages: their kinds and the beginning of what they hold, from bytes in whatever pieces.

Only framing: what the messages mean stands in `statements.py`. Of a long message no more than its beginning is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

KEPT: Final = 16 << 10
"""Bytes of a message that are kept."""
SHORTEST, LONGEST_START = 8, 10_000
"""Bytes of a client's first message, as PostgreSQL takes it."""
SSL, GSS, CANCEL = 80877103, 80877104, 80877102
MAJOR = 3
HANDSHAKE = 0x16
"""The first byte of TLS, which newer clients begin with at once."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: its letter ("" for a client's first), the beginning of its body, and its place in what was fed.

    `begin` is below 0 where it began in bytes that were fed before; `end` is the place behind it.
    """

    kind: bytes
    body: bytes
    begin: int
    end: int


class Frames:
    """One side of a connection; a client's begins with messages that have no letter."""

    def __init__(self, *, client: bool) -> None:
        self._starting = client
        self._head = bytearray()
        self._body = bytearray()
        self._left = -1  # bytes of the body that are still to come; -1: its head isn't whole
        self._begin = 0

    @property
    def between(self) -> bool:
        """Whether no message has begun that isn't over."""
        return not self._head

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Takes bytes; the messages that are complete with them. Raises ValueError where they are no such protocol."""
        at = 0
        size = len(data)
        while True:
            if self._left < 0:
                if not self._head:
                    self._begin = at
                wanted = self._wanted() - len(self._head)
                self._head += data[at : at + wanted]
                at = min(size, at + wanted)
                if len(self._head) < self._wanted():
                    break
                self._left = self._length()
            taken = min(self._left, size - at)
            room = KEPT - len(self._body)
            if room > 0:
                self._body += data[at : at + min(taken, room)]
            at += taken
            self._left -= taken
            if self._left:
                break
            yield self._done(at)
        self._begin -= size

    def _wanted(self) -> int:
        return 4 if self._starting else 5

    def _length(self) -> int:
        """Bytes of the body behind a head that is whole."""
        if self._starting:
            if self._head[0] == HANDSHAKE:
                raise ValueError("it is encrypted (TLS)")
            length = int.from_bytes(self._head, "big")
            if not SHORTEST <= length <= LONGEST_START:
                raise ValueError(f"no first message of PostgreSQL's protocol: {bytes(self._head)!r}")
            return length - 4
        length = int.from_bytes(self._head[1:], "big")
        if length < 4 or (not 65 <= (self._head[0] & ~32) <= 90 and self._head[0] not in b"123"):
            raise ValueError(f"no message of PostgreSQL's protocol: {bytes(self._head)!r}")
        return length - 4

    def _done(self, end: int) -> Frame:
        kind = b"" if self._starting else bytes(self._head[:1])
        frame = Frame(kind, bytes(self._body), self._begin, end)
        self._head.clear()
        self._body.clear()
        self._left = -1
        if self._starting:
            # a request for encryption or for a cancel isn't the message that begins the conversation
            self._starting = int.from_bytes(frame.body[:4], "big") >> 16 != MAJOR
        return frame


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def strings(body: bytes, count: int) -> tuple[list[bytes], int]:
    """The first strings of a body, and the place behind them; ValueError where it has fewer."""
    found, at = [], 0
    for _ in range(count):
        end = body.index(b"\0", at)
        found.append(body[at:end])
        at = end + 1
    return found, at
