"""The HTTP client by which webhooks reach the stack: what h11 says of the protocol, over asyncio's streams.

Of the client libraries one would be a third of all packages that the mocks need, the other takes twelve times as long.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import ssl
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Self, TypeVar
from urllib.parse import quote, unquote, urlsplit

import h11

from mock_providers import redact
from mock_providers.targets import Targets

T = TypeVar("T")

TIMEOUT_S = 15.0
REPLY_LIMIT = 64 * 1024
KEPT_ALIVE_S = 2.0
"""Shorter than servers keep an idle connection, so that none is closed while a webhook is on its way into it."""
AT_A_TIME = 128
"""Connections that are open to receivers, apart from those that go out together."""

_ASCII = "".join(map(chr, range(33, 127)))


class Limits(NamedTuple):
    """Seconds that a call may take to be connected, to be read from, and as a whole."""

    connect_s: float = 5.0
    read_s: float = TIMEOUT_S
    total_s: float = TIMEOUT_S


class Poster:
    """Posts to receivers that may be called, and keeps connections for the next ones."""

    def __init__(self, targets: Targets | None = None) -> None:
        self._targets = targets or Targets()
        self._idle: dict[Origin, list[Connection]] = {}
        self._room = asyncio.Semaphore(AT_A_TIME)

    async def post(
        self,
        url: str,
        *,
        body: bytes,
        headers: dict[str, str],
        connected: Callable[[], Awaitable[None]],
        method: str = "POST",
        limits: Limits | None = None,
        patience_s: float | None = None,
    ) -> tuple[int | None, str | None, str]:
        """The receiver's status, or why there is none, and the beginning of what it said.

        `connected` is awaited between having the connection and writing the request. With `patience_s`, the seconds
        that this may take, the connection is a new one: the receiver could close an idle one meanwhile. A redirect is
        an answer like any other. Raises RefusedTargetError where the receiver may not be called.
        """
        within = (TIMEOUT_S if limits is None else limits.total_s) + (patience_s or 0.0)
        try:
            origin, request = _request(url, headers, method=method, length=len(body))
            async with asyncio.timeout(within):
                if patience_s is not None:
                    status, reply = await self._exchange(origin, request, body, connected, limits=limits, keep=False)
                else:
                    async with self._room:
                        status, reply = await self._exchange(origin, request, body, connected, limits=limits, keep=True)
        except TimeoutError as error:
            return None, str(error) or f"no answer within {within:g} s", ""
        except (h11.ProtocolError, OSError, ValueError) as error:
            return None, redact.url(f"{type(error).__name__}: {error}"), ""
        return status, None, reply.decode("utf-8", "replace")

    async def close(self) -> None:
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    async def _exchange(
        self,
        origin: Origin,
        request: h11.Request,
        body: bytes,
        connected: Callable[[], Awaitable[None]],
        *,
        limits: Limits | None,
        keep: bool,
    ) -> tuple[int, bytes]:
        connection = self._kept(origin) if keep else None
        if connection is None:
            connection = await _within(
                None if limits is None else limits.connect_s, Connection.to(origin, self._targets), what="no connection"
            )
        try:
            await connected()
            answer = await connection.exchange(request, body, read_s=None if limits is None else limits.read_s)
        except BaseException:
            connection.close()
            raise
        if keep and connection.next():
            self._keep(origin, connection)
        else:
            connection.close()
        return answer

    def _kept(self, origin: Origin) -> Connection | None:
        connections = self._idle.get(origin, [])
        while connections:
            connection = connections.pop()
            if connection.take():
                return connection
        return None

    def _keep(self, origin: Origin, connection: Connection) -> None:
        connections = self._idle.setdefault(origin, [])
        connections.append(connection)

        def expire() -> None:
            connections.remove(connection)
            connection.close()

        connection.expires = asyncio.get_running_loop().call_later(KEPT_ALIVE_S, expire)


class Origin(NamedTuple):
    """Where a connection leads."""

    tls: bool
    host: str
    port: int


class Connection:
    """One connection to a receiver; one exchange at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)
        self.expires: asyncio.TimerHandle | None = None

    @classmethod
    async def to(cls, origin: Origin, targets: Targets) -> Self:
        """A new connection; raises ConnectionError that names the receiver, or RefusedTargetError."""
        context = ssl.create_default_context() if origin.tls else None
        name = origin.host if origin.tls else None
        try:
            *others, last = await targets.addresses(origin.host, origin.port)
            for address in others:
                with contextlib.suppress(OSError):
                    return cls(*await asyncio.open_connection(address, origin.port, ssl=context, server_hostname=name))
            return cls(*await asyncio.open_connection(last, origin.port, ssl=context, server_hostname=name))
        except OSError as error:
            where, why = f"{origin.host}:{origin.port}", error.strerror or error
            raise ConnectionError(f"Cannot connect to host {where}: {why}") from error

    async def exchange(self, request: h11.Request, body: bytes, *, read_s: float | None = None) -> tuple[int, bytes]:
        """Sends a request; gives the status of its answer and the beginning of what it says."""
        http = self._http
        parts = [http.send(event) for event in (request, h11.Data(data=body), h11.EndOfMessage())]
        self._writer.write(b"".join(part for part in parts if part))
        await self._writer.drain()
        status, reply = 0, b""
        while len(reply) < REPLY_LIMIT:
            event = http.next_event()
            if event is h11.NEED_DATA:
                http.receive_data(await _within(read_s, self._reader.read(REPLY_LIMIT), what="nothing came"))
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                reply += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
        return status, reply[:REPLY_LIMIT]

    def next(self) -> bool:
        """Whether another exchange may follow; it is made ready for it."""
        if not self._http.our_state is self._http.their_state is h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    def take(self) -> bool:
        """Takes it out of its waiting for the next exchange; false if the receiver has closed it meanwhile."""
        if self.expires is not None:
            self.expires.cancel()
        if self._writer.is_closing() or self._reader.at_eof() or self._has_news():
            self.close()
            return False
        return True

    def _has_news(self) -> bool:
        """Whether something came that the event loop hasn't read yet: the end, since nothing is asked for."""
        poll = select.poll()
        poll.register(self._writer.get_extra_info("socket"), select.POLLIN)
        return bool(poll.poll(0))

    def close(self) -> None:
        if self.expires is not None:
            self.expires.cancel()
        with contextlib.suppress(RuntimeError):  # reason: the event loop may be over before its last connection
            self._writer.close()


async def _within(seconds: float | None, work: Awaitable[T], *, what: str) -> T:
    """Waits for something, not longer than so many seconds; raises TimeoutError that says what was waited for."""
    if seconds is None:
        return await work
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise TimeoutError(f"{what} within {seconds:g} s") from None


def _request(url: str, headers: dict[str, str], *, method: str, length: int) -> tuple[Origin, h11.Request]:
    """Where a URL leads, and a request with its path and query exactly as they were signed."""
    parts = urlsplit(url)
    host = parts.hostname
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError(f"{url[:200]} is no http:// or https:// URL")
    if not parts.netloc.isascii():
        raise ValueError(f"the host {host[:100]} has letters beyond ASCII; write it as xn--…")
    tls = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    given = {"Host": parts.netloc.rpartition("@")[2], "Accept": "*/*", **headers}
    if method != "GET":
        given["Content-Length"] = str(length)
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        given["Authorization"] = f"Basic {b64encode(user.encode()).decode()}"
    # only what can't stand in a request line is encoded
    request = h11.Request(method=method, target=quote(target, safe=_ASCII), headers=list(given.items()))
    return Origin(tls, host, parts.port or (443 if tls else 80)), request
