"""A link: what lies between one process and one server, and what can be wrong with it.

Every connection that a process makes to that server goes through its link. As long as nothing is wrong with it, bytes
pass as they come. What is wrong is one of `WHAT`; all of it can be taken away again, and the connections on which bytes
were lost are reset then, as they are where a network comes back.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

WHAT: Final = ("cut", "reset", "half-open", "unheard", "delay", "slow")
RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER that makes closing a connection a reset."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What is wrong with a link, under a number.

    `cut`: its connections are closed, and new ones refused. `reset`: they are reset, new ones as soon as they are made.
    `half-open`: they stay, and what is said on them arrives nowhere. `unheard`: what the process says arrives, and no
    answer comes back. `delay`: all that is said comes `seconds` later,
    and up to `jitter` seconds more. `slow`: so many `bytes_per_s` pass each way.
    """

    number: int
    what: str
    seconds: float = 0.0
    jitter: float = 0.0
    bytes_per_s: float = 0.0


def trouble_of(request: Mapping[str, Any]) -> Trouble:
    """A trouble as the wire is asked for it; raises ValueError for one that it doesn't know."""
    if request["what"] not in WHAT:
        raise ValueError(f"{request['what']!r} is no trouble of a link; there are {', '.join(WHAT)}")
    times = {name: float(request.get(name) or 0.0) for name in ("seconds", "jitter", "bytes_per_s")}
    return Trouble(number=int(request["fault"]), what=str(request["what"]), **times)


class Way(Protocol):
    """Where bytes go to; an asyncio transport, or a line before one."""

    def write(self, data: bytes) -> None: ...
    def write_eof(self) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...
    def is_closing(self) -> bool: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def get_extra_info(self, name: str) -> Any: ...


class Connected(Protocol):
    """A connection over a link; `tear` resets the process's side of it, the server's hears that it is gone."""

    def tear(self, *, reset: bool) -> None: ...


class Line:
    """One way of a connection over a link: hands bytes on as they come, later, or not at all."""

    def __init__(self, way: Way, link: Link, *, pump: Connected, full: Callable[[bool], None], back: bool) -> None:
        self._way = way
        self._back = back
        self._link = link
        self._pump = pump
        self._full = full
        self._later: deque[tuple[float, bytes | Callable[[], None]]] = deque()
        self._size = 0
        self._free = 0.0
        self._timer: asyncio.TimerHandle | None = None
        link.lines.add(self)

    def write(self, data: bytes) -> None:
        if self._link.fine and not self._later:
            self._way.write(data)
        elif not self._link.swallows(self._pump, back=self._back):
            self._put(data, self._link.due(self, len(data)))

    def write_eof(self) -> None:
        self._then(self._way.write_eof)

    def close(self) -> None:
        self._then(self._way.close)

    def abort(self) -> None:
        self.forget()
        self._way.abort()

    def is_closing(self) -> bool:
        return self._way.is_closing()

    def pause_reading(self) -> None:
        self._way.pause_reading()

    def resume_reading(self) -> None:
        self._way.resume_reading()

    def get_extra_info(self, name: str) -> Any:
        return self._way.get_extra_info(name)

    # what comes later

    def paced(self, size: int, bytes_per_s: float, now: float) -> float:
        """When the last of so many bytes is through, at that rate."""
        self._free = max(now, self._free) + size / bytes_per_s
        return self._free

    def _then(self, what: Callable[[], None]) -> None:
        """Ends are passed on behind all that was said."""
        if self._later:
            self._put(what, self._later[-1][0])
        else:
            what()

    def _put(self, what: bytes | Callable[[], None], due: float) -> None:
        last = self._later[-1][0] if self._later else 0.0
        self._later.append((max(due, last), what))
        if isinstance(what, bytes):
            self._size += len(what)
            self._full(self._size > MOST_ON_THE_WAY)
        self._wait()

    def _wait(self) -> None:
        if self._timer is None and self._later:
            self._timer = asyncio.get_running_loop().call_at(self._later[0][0], self._arrive)

    def _arrive(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._later and (self._later[0][0] <= now or self._link.fine):
            _, what = self._later.popleft()
            if isinstance(what, bytes):
                self._size -= len(what)
                if not self._way.is_closing():
                    self._way.write(what)
            else:
                what()
        self._full(self._size > MOST_ON_THE_WAY)
        self._wait()

    def hurry(self) -> None:
        """All that is under way arrives now, where nothing is wrong with the link any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._arrive()

    def forget(self) -> None:
        """Nobody waits for what is under way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._later.clear()
        self._size = 0
        self._link.lines.discard(self)


MOST_ON_THE_WAY = 4 << 20
"""Bytes that are on their way over a line before the side that sends them is no longer read."""


class Link:
    """All connections of one process to one server; `part` is what that server is (`redis`, `postgres`)."""

    def __init__(self, process: str, part: str) -> None:
        self.process = process
        self.part = part
        self.fine = True
        """Whether nothing is wrong with it."""
        self.lines: set[Line] = set()
        self.door: Door | None = None
        self._open: set[Connected] = set()
        self._torn: set[Connected] = set()
        self._deaf: set[Connected] = set()
        self._troubles: dict[int, Trouble] = {}
        self._hits: dict[int, int] = {}
        # which message a delay meets is chance all the same
        self._chance = random.Random(f"{process} {part}")  # noqa: S311 - reason: spreads delays, guards nothing

    def joins(self, process: str, part: str) -> bool:
        """Whether it lies between a process of some kinds (or one by its name) and a part."""
        return part == self.part and not {self.process, self.process.rpartition("-")[0]}.isdisjoint(process.split())

    # what is wrong

    async def disturb(self, trouble: Trouble) -> None:
        self._troubles[trouble.number] = trouble
        self._hits[trouble.number] = 0
        self.fine = False
        if trouble.what == "cut" and self.door is not None:
            self.door.shut()
        if trouble.what in ("cut", "reset"):
            for pump in list(self._open):
                self._hits[trouble.number] += 1
                self._tear(pump, reset=trouble.what == "reset")

    async def heal(self, number: int) -> int:
        """Takes a trouble away; how often it was met: connections that it ended, or pieces that it touched."""
        if self._troubles.pop(number, None) is None:
            return 0
        self.fine = not self._troubles
        if self._one("half-open", "unheard") is None:
            for pump in [*self._torn, *self._deaf]:
                self._tear(pump, reset=True)
            self._torn.clear()
            self._deaf.clear()
        for line in list(self.lines):
            line.hurry()
        if self.door is not None and self._one("cut") is None:
            await self.door.open()
        return self._hits.pop(number)

    def _one(self, *whats: str) -> Trouble | None:
        return next((trouble for trouble in self._troubles.values() if trouble.what in whats), None)

    def _hit(self, trouble: Trouble) -> None:
        self._hits[trouble.number] += 1

    # connections

    def arrived(self, pump: Connected) -> bool:
        """Whether a connection that the process makes comes about."""
        trouble = None if self.fine else self._one("cut", "reset")
        if trouble is not None:
            self._hit(trouble)
            pump.tear(reset=trouble.what == "reset")
            return False
        self._open.add(pump)
        return True

    def ended(self, pump: Connected) -> None:
        self._open.discard(pump)
        self._torn.discard(pump)
        self._deaf.discard(pump)

    def swallows(self, pump: Connected, *, back: bool) -> bool:
        """Whether what is said on a connection, or comes back on it, arrives nowhere; also what follows a loss."""
        lost = self._deaf if back else self._torn
        trouble = None if self.fine else self._one("half-open", *(["unheard"] if back else []))
        if trouble is None:
            return pump in lost
        self._hit(trouble)
        lost.add(pump)
        return True

    def _tear(self, pump: Connected, *, reset: bool) -> None:
        self._open.discard(pump)
        pump.tear(reset=reset)

    def due(self, line: Line, size: int) -> float:
        """When so many bytes arrive that are sent now."""
        due = now = asyncio.get_running_loop().time()
        for trouble in self._troubles.values():
            if trouble.what == "slow":
                due = max(due, line.paced(size, trouble.bytes_per_s, now))
            elif trouble.what == "delay":
                due += trouble.seconds + self._chance.random() * trouble.jitter
            else:
                continue
            self._hit(trouble)
        return due


class Door:
    """Where a process connects to; shut, it refuses connections, and keeps its address all the same."""

    def __init__(self, host: str, port: int, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._protocol = protocol
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise OSError(f"port {port}: {str(error.strerror).lower()}") from error
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        if self._server is None:
            # the bound socket is kept: what is shut and opened again is its copy
            self._server = await asyncio.get_running_loop().create_server(self._protocol, sock=self._socket.dup())

    def shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
            self._socket.shutdown(socket.SHUT_RDWR)  # Linux: it listens no more, and stays bound


def make_reset(way: Way) -> None:
    """Whoever is at the other end gets a reset when this way is closed."""
    sock = way.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
