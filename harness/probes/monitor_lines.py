"""MONITOR: its lines, from a connection of redis-py's own."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from harness.wire.commands import Command

LINE = re.compile(rb"^\+?(?P<at>\d+\.\d+) \[(?P<database>\d+) (?P<address>.*?)\] (?P<words>\".*)$", re.DOTALL)
WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}
ESCAPED = {value[0]: b"\\" + name for name, value in PLAIN.items()} | {ord("\\"): b"\\\\", ord('"'): b'\\"'}


class Line(NamedTuple):
    """One command that Redis ran: when by its clock, in which database, for whom ("lua": for a script)."""

    at: float
    database: int
    address: str
    command: Command


def parse(line: bytes) -> Line | None:
    """What a line of MONITOR says; None for a line that is none."""
    found = LINE.match(line.rstrip(b"\r\n"))
    if found is None:
        return None
    words = [ESCAPE.sub(unescape, word) for word in WORD.findall(found["words"])]
    return Line(float(found["at"]), int(found["database"]), found["address"].decode("utf-8", "replace"), words)


def unescape(match: re.Match[bytes]) -> bytes:
    code = match.group(1)
    return bytes([int(code[1:], 16)]) if len(code) == 3 else PLAIN.get(code, code)


def escape(word: str) -> bytes:
    """A word as MONITOR writes it."""
    return b"".join(
        ESCAPED.get(byte) or (bytes([byte]) if 32 <= byte < 127 else b"\\x%02x" % byte) for byte in word.encode()
    )


def first_word(line: bytes) -> bytes:
    """The command's name in a line, in capitals: cheap, so that what isn't wanted needs no parsing."""
    begin = line.find(b'] "') + 3
    return line[begin : line.find(b'"', begin)].upper()


class Lines:
    """The lines of MONITOR; the connection is made as redis-py makes its own, so any URL works that it takes."""

    def __init__(self, redis: Any) -> None:
        self._pool = redis.connection_pool
        self._connection: Any = None

    async def begin(self) -> None:
        """Begins to listen; raises what redis-py raises, NoPermissionError where MONITOR is refused."""
        await self.close()
        # of our own, not the pool's: no other command may ever go by it
        self._connection = self._pool.make_connection()
        await self._connection.connect()
        await self._connection.send_command("MONITOR")
        await self._connection.read_response()

    async def read(self) -> AsyncIterator[bytes]:
        """Each line as it comes, without end; raises redis-py's ConnectionError when the connection is lost."""
        while True:
            line = await self._connection.read_response(disable_decoding=True)
            if isinstance(line, bytes):
                yield line

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                await connection.disconnect(nowait=True)
