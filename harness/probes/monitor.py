"""The queue of an attached stack: MONITOR says who did what, an XREAD tail gives ids and fields.

What a delivery held can't be seen this way, so there are no `queue.claimed` events. Under heavy load MONITOR slows
Redis down: set [queue] observe = "tail" then. An entry that came and went between two reads of the tail is noticed by
Redis' own count of entries added, and recorded as a gap.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import psutil
import redis.asyncio
from redis.exceptions import RedisError, ResponseError

from harness.errors import DeployError
from harness.history import History
from harness.probes.probe import gap
from harness.probes.wire import Said, record
from harness.profile import Queue
from harness.wire.commands import Command, appended, name_of, text

NameOfPid = Callable[[int], str | None]

LINE = re.compile(rb"^\+?(?P<at>\d+\.\d+) \[\d+ (?P<address>[^\]]+)\] (?P<words>.*)$", re.DOTALL)
WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"')
ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}


def parse(line: bytes) -> tuple[float, str, Command] | None:
    """Time, client address and command of a MONITOR line; None for a line that is none."""
    found = LINE.match(line.rstrip(b"\r\n"))
    if found is None:
        return None
    words = [ESCAPE.sub(unescape, word) for word in WORD.findall(found["words"])]
    return float(found["at"]), found["address"].decode(), words


def unescape(match: re.Match[bytes]) -> bytes:
    code = match.group(1)
    return bytes([int(code[1:], 16)]) if len(code) == 3 else PLAIN.get(code, code)


class MonitorProbe:
    """Watches Redis itself where no wire stands in between; `monitor=False` leaves only the tail."""

    name = "queue"

    def __init__(
        self, history: History, profile: Queue, *, url: str, name_of_pid: NameOfPid, monitor: bool = True
    ) -> None:
        self._history = history
        self._queue = profile
        self._url = url
        self._wanted = monitor
        self._name_of_pid = name_of_pid
        self._streams = {*profile.streams.values(), *([profile.dead] if profile.dead else [])}
        self._redis: Any = redis.asyncio.Redis.from_url(url, socket_timeout=None)
        self._tasks: list[asyncio.Task[None]] = []
        self._writer: asyncio.StreamWriter | None = None
        self._monitoring = False
        self._unmatched: dict[str, deque[tuple[Command, str]]] = {}
        self._tailed: dict[str, deque[tuple[str, dict[str, str]]]] = {}
        self._known: dict[str, set[str]] = {}
        self._strange: dict[str, set[str]] = {}
        self._mark = 0
        self._marked: dict[str, asyncio.Event] = {}
        self._who: dict[str, str] = {}
        self._last: dict[str, str] = {}
        self._missing: dict[str, int] = {}
        self._moved = asyncio.Condition()

    async def start(self) -> None:
        """Begins to watch; raises DeployError when Redis can't be reached, notes a gap where MONITOR is refused."""
        try:
            await self._redis.ping()
            reader = await self._begin_monitor() if self._wanted else None
            for stream in self._streams:
                self._last[stream], added = await self._state(stream)
                self._missing[stream] = -added
        except (RedisError, OSError) as error:
            where = urlsplit(self._url).netloc.rpartition("@")[2]
            raise DeployError(f"Redis at {where} can't be reached: {error}; start it, or mend [queue] url") from error
        if reader is not None:
            self._tasks.append(asyncio.create_task(self._watch(reader)))
        elif not self._wanted:
            self._blind("MONITOR isn't used")
        gap(self._history, self.name, "what a worker was given can't be seen", kinds=["queue.claimed"], lasting=True)
        self._tasks.append(asyncio.create_task(self._tail()))

    def _blind(self, why: str) -> None:
        reason = f"{why}; who did what to the queue can't be seen"
        gap(self._history, self.name, reason, kinds=["queue.acked", "queue.deleted"], lasting=True)

    async def _state(self, stream: str) -> tuple[str, int]:
        """The last id that a stream has given, and how many entries were ever added to it."""
        try:
            info = await self._redis.xinfo_stream(stream)
        except ResponseError:  # it doesn't exist yet
            return "0-0", 0
        return text(info["last-generated-id"]), int(info["entries-added"])

    async def _begin_monitor(self) -> asyncio.StreamReader | None:
        """What MONITOR says; None where it is refused."""
        parts = urlsplit(self._url)
        if self._writer is not None:
            self._writer.close()
        reader, self._writer = await asyncio.open_connection(
            parts.hostname or "127.0.0.1", parts.port or 6379, limit=1 << 24
        )
        if parts.password:
            words = [b"AUTH", *([parts.username.encode()] if parts.username else []), parts.password.encode()]
            self._writer.write(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
            await reader.readline()
        self._writer.write(b"*1\r\n$7\r\nMONITOR\r\n")
        answer = await reader.readline()
        if not answer:
            raise ConnectionResetError("it hung up")
        if not answer.startswith(b"+OK"):
            self._blind(f"MONITOR is refused ({text(answer).strip()})")
            self._writer.close()
            self._writer = None
            return None
        self._monitoring = True
        return reader

    async def _watch(self, reader: asyncio.StreamReader | None) -> None:
        """Reads MONITOR, and begins again when its connection was lost; what happened meanwhile is a gap."""
        while reader is not None:
            with contextlib.suppress(ConnectionError):
                await self._read_monitor(reader)
            self._monitoring = False
            gap(self._history, self.name, "MONITOR's connection was lost")
            reader = await self._begin_again()
            gap(self._history, self.name, "MONITOR was away until now")

    async def _begin_again(self) -> asyncio.StreamReader | None:
        while True:
            try:
                return await self._begin_monitor()
            except OSError:
                await asyncio.sleep(0.2)  # reason: a dead server announces its return to nobody

    async def _read_monitor(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            parsed = parse(line)
            if parsed is None:
                continue
            at, address, command = parsed
            name = name_of(command)
            if name == b"ECHO" and len(command) > 1:
                event = self._marked.pop(text(command[1]), None)
                if event is not None:
                    event.set()
            elif name == b"XADD" and text(command[1]) in self._streams:
                stream = text(command[1])
                self._unmatched.setdefault(stream, deque()).append((command, self._name(address)))
                self._match(stream)
            elif name in (b"XACK", b"XDEL") and text(command[1]) in self._streams:
                self._confirmed(name, command, at=at, process=self._name(address))

    def _confirmed(self, name: bytes, command: Command, *, at: float, process: str) -> None:
        kind = "queue.acked" if name == b"XACK" else "queue.deleted"
        for entry in command[3:] if name == b"XACK" else command[2:]:
            said: Said = {"stream": text(command[1]), "id": text(entry), "process": process, "at": at}
            if said["id"] not in self._known.setdefault(said["stream"], set()):
                self._strange.setdefault(said["stream"], set()).add(said["id"])
            if name == b"XACK":
                said["group"] = text(command[2])
            record(self._history, self._queue, kind, said)

    def _name(self, address: str) -> str:
        """The stack's process behind a client's address; empty where it isn't known.

        Only a process that the profile names counts: any other may be a proxy that speaks for several.
        """
        if address not in self._who:
            pid = pid_at(address)
            self._who[address] = (self._name_of_pid(pid) if pid else None) or ""
        return self._who[address]

    async def _tail(self) -> None:
        """Reads every entry as it comes; a lost connection is a gap, since entries may have been deleted meanwhile."""
        while True:
            try:
                answer = await self._redis.xread(self._last, block=0)
            except RedisError as error:
                gap(self._history, self.name, f"the streams can't be read: {error}")
                await asyncio.sleep(0.2)  # reason: a dead server announces its return to nobody
                continue
            for stream, entries in answer.items() if isinstance(answer, dict) else answer:
                rows = entries[0] if isinstance(answer, dict) else entries
                for entry, fields in rows:
                    self._appended(text(stream), text(entry), {text(k): text(v) for k, v in fields.items()})
            async with self._moved:
                self._moved.notify_all()

    def _appended(self, stream: str, entry: str, fields: dict[str, str]) -> None:
        """Takes an entry from the tail; it is recorded once MONITOR has said who added it."""
        self._last[stream] = entry
        self._known.setdefault(stream, set()).add(entry)
        self._strange.setdefault(stream, set()).discard(entry)
        self._missing[stream] -= 1
        self._tailed.setdefault(stream, deque()).append((entry, fields))
        self._match(stream)

    def _match(self, stream: str, *, final: bool = False) -> None:
        """Joins the tail's entries with MONITOR's commands by their fields; `final` records the others as they are."""
        adds, tailed = self._unmatched.setdefault(stream, deque()), self._tailed.setdefault(stream, deque())
        for entry, fields in list(tailed):
            found = next((add for add in adds if appended(add[0])[1] == fields), None)
            if found is None and self._writer is not None and not final:
                continue
            said: Said = {"stream": stream, "id": entry, "fields": fields, "at": order(entry)[0] / 1000}
            if found is not None:
                said["process"] = found[1]
                adds.remove(found)
            tailed.remove((entry, fields))
            record(self._history, self._queue, "queue.appended", said)

    async def settle(self) -> None:
        """Sends a mark through Redis: when MONITOR shows it, all that came before has been seen; then reads on."""
        if self._monitoring:
            self._mark += 1
            name = f"messaging-harness-mark-{id(self)}-{self._mark}"
            self._marked[name] = seen = asyncio.Event()
            try:
                await self._redis.execute_command("ECHO", name)
                await asyncio.wait_for(seen.wait(), 5)
            except (RedisError, TimeoutError):
                gap(self._history, self.name, "MONITOR couldn't be read to its end")
        await self._catch_up()

    async def _catch_up(self) -> None:
        """Waits until the tail has read every stream to its end; entries that it can't have read are a gap."""
        for stream in self._streams:
            try:
                end, added = await self._state(stream)
            except RedisError:
                return  # the tail itself tells of the lost connection
            with contextlib.suppress(TimeoutError):
                async with self._moved:
                    await asyncio.wait_for(self._moved.wait_for(lambda: order(self._last[stream]) >= order(end)), 0.5)  # noqa: B023 - reason: awaited in the same turn
            self._pair(stream, added + self._missing[stream])
            slipped = added + self._missing[stream]
            if slipped > 0:
                self._missing[stream] -= slipped
                gap(self._history, self.name, f"{slipped} entries of {stream} came and went unseen", stream=stream)
            self._last[stream] = max(self._last[stream], end, key=order)
            self._match(stream, final=True)

    def _pair(self, stream: str, slipped: int) -> None:
        """Gives entries that the tail missed their ids, where there is only one way to.

        MONITOR shows each XADD without its id, and each XACK and XDEL with one. Redis gives ids in ascending order, so
        as many XADDs as strange ids, and as many as Redis says are missing, belong together in that order.
        """
        adds = self._unmatched.get(stream, deque())
        ids = sorted(self._strange.get(stream, ()), key=order)
        if slipped > 0 and len(adds) == len(ids) == slipped:
            for entry, (command, _) in zip(ids, list(adds), strict=True):
                self._appended(stream, entry, appended(command)[1])

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
        await self._redis.aclose()


def order(entry: str) -> tuple[int, int]:
    time, _, serial = entry.partition("-")
    return int(time), int(serial or 0)


def pid_at(address: str) -> int | None:
    """The process on this machine that owns the client end of a loopback connection; None where it can't be known."""
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        return None
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            local = connection.laddr
            if local and local.port == int(port) and local.ip.endswith(host.strip("[]")) and connection.pid:
                return int(connection.pid)
    return None
