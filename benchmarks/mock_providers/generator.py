"""A closed-loop load generator on bare sockets: so many connections, each with one request in flight."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import cast

import uvloop


@dataclass(frozen=True, slots=True)
class Load:
    """What a run gave: calls a second, latencies in milliseconds, and answers that were not a 2xx."""

    rate: float
    p50_ms: float
    p99_ms: float
    calls: int
    refused: int


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self.run = run
        self.buffer = b""
        self.began = 0.0
        self.gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.send(time.perf_counter())

    def send(self, now: float) -> None:
        self.began = now
        self.transport.write(self.run.request)

    def data_received(self, data: bytes) -> None:
        if self.buffer:
            data = self.buffer + data
        end = data.find(b"\r\n\r\n")
        if not _whole(data, end):
            self.buffer = data
            return
        self.buffer = b""
        now = time.perf_counter()
        self.run.done(now, now - self.began, data[9:10] == b"2")
        if not self.run.open or data.find(b"onnection: close", 0, end) >= 0:
            self.transport.close()
        else:
            self.send(now)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.run.open and exc is None and not self.buffer:
            # a server that closes after each answer (HTTP/1.0) costs a connection a call
            self.run.reconnect(self)
        elif exc is not None or self.run.open:
            self.run.broken(exc)
        elif not self.gone:
            self.gone = True
            self.run.left()


def _whole(data: bytes, end: int) -> bool:
    """Whether an answer whose head ends there is complete; cheaply, since what this costs the server lacks."""
    if end < 0:
        return False
    at = data.find(b"ontent-length: ", 0, end)
    if at >= 0:
        return len(data) - end - 4 >= int(data[at + 15 : data.index(b"\r", at)])
    lowered = data[:end].lower()
    at = lowered.find(b"content-length:")
    if at >= 0:
        return len(data) - end - 4 >= int(lowered[at + 15 :].split(b"\r\n", 1)[0])
    return b"chunked" not in lowered or data.endswith(b"0\r\n\r\n")


class _Run:
    def __init__(
        self, address: tuple[str, int], request: bytes, *, connections: int, seconds: float | None, calls: int | None
    ) -> None:
        self.address = address
        self.tasks: set[asyncio.Future[object]] = set()
        self.request = request
        self.remaining = connections
        self.until = time.perf_counter() + seconds if seconds else float("inf")
        self.calls = calls or 1 << 60
        self.latencies: list[float] = []
        self.refused = 0
        self.open = True
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def done(self, now: float, elapsed: float, good: bool) -> None:
        self.latencies.append(elapsed)
        self.refused += not good
        if now >= self.until or len(self.latencies) >= self.calls:
            self.open = False

    def reconnect(self, connection: _Connection) -> None:
        task = asyncio.ensure_future(asyncio.get_running_loop().create_connection(lambda: connection, *self.address))
        self.tasks.add(task)
        task.add_done_callback(self._reconnected)

    def _reconnected(self, task: asyncio.Future[object]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.broken(task.exception())

    def left(self) -> None:
        self.remaining -= 1
        if not self.remaining and not self.ended.done():
            self.ended.set_result(None)

    def broken(self, why: BaseException | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(ConnectionError(f"the server closed a connection: {why}"))


def load(
    host: str,
    port: int,
    request: bytes,
    *,
    connections: int = 32,
    seconds: float | None = None,
    calls: int | None = None,
) -> Load:
    """Sends a request over and over, for a time or a number of calls."""

    async def run() -> Load:
        state = _Run((host, port), request, connections=connections, seconds=seconds, calls=calls)
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        for _ in range(connections):
            await loop.create_connection(lambda: _Connection(state), host, port)
        await state.ended
        elapsed = time.perf_counter() - began
        ordered = sorted(state.latencies)
        return Load(
            rate=len(ordered) / elapsed,
            p50_ms=ordered[len(ordered) // 2] * 1000,
            p99_ms=ordered[int(len(ordered) * 0.99)] * 1000,
            calls=len(ordered),
            refused=state.refused,
        )

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def http_request(path: str, body: bytes, *, kind: str, authorization: str) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n"
        f"User-Agent: benchmark\r\nAccept: application/json\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
