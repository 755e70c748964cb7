"""What a connection may ask of the server: so many bytes before they are held, and so long for a request to come."""

from __future__ import annotations

from asyncio import TimerHandle
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mock_providers.asgi import BODY_LIMIT

HEAD_LIMIT: Final = 32 * 1024
"""Bytes of request line and headers: what other servers take, and far more than any SDK sends."""
MOST_HEADERS: Final = 100
HEAD_S = 10.0
"""Seconds from the first byte of a request to the end of its headers."""
BODY_S = 60.0
"""Seconds from there to the end of its body, or to so much of it that as many seconds more are due."""
PROGRESS = 1024 * 1024
"""Bytes of a body that are so much: what is large may come slowly, as long as it comes."""
LINGER_S = 2.0
"""Seconds for which what still comes is thrown away after a refusal: closed at once, the client would lose that."""

HEAD, BODY = "head", "body"


class Refused(Exception):  # reason: it is no error of ours, and only the parser sees it
    """Ends the parsing of a request that is answered with a status already."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Limited(HttpToolsProtocol):
    """A connection with limits. What keeps to them pays a comparison or two for each piece that arrives."""

    _stage: str | None = None
    """Which part of a request is on its way; None between two requests."""
    _piece = 0
    """Bytes that arrived last."""
    _head = 0
    """Bytes of a head that comes in pieces, as far as they are known."""
    _size = 0
    """Bytes of the body."""
    _idle_since: float | None = None
    """Since when (by the loop's clock) nothing is asked for; None while something is."""
    _stuck = 0
    """Bytes of pieces that brought none of a body which is on its way."""
    _seen = 0
    _own = False
    """Whether uvicorn has begun to answer the request that is on its way."""
    url = b""
    _begun: float | None = None
    """Since when a part of a request is awaited that didn't come with the last piece."""
    _had = 0
    """Bytes of the body at that time."""
    _watch: TimerHandle | None = None
    _refused: int | None = None
    _ended = False

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self._piece = len(data)
        super().data_received(data)
        if self._stage is not None:
            self._goes_on()
        elif self._idle_since is None and (self.cycle is None or self.cycle.response_complete):
            self._await()  # blank lines, say: something came, but no request

    def _goes_on(self) -> None:
        """A request has not come whole: it may not grow for ever, nor take for ever."""
        if self._stage is HEAD:
            self._head = self._head + self._piece if self._head else _length(self.url, self.headers) + 1
            if self._head > HEAD_LIMIT or len(self.headers) > MOST_HEADERS:
                self.refuse(431)
                return
        else:
            # what is no body may be as long as a head: the lines behind the last chunk are headers, too
            self._stuck = 0 if self._size > self._seen else self._stuck + self._piece
            self._seen = self._size
            if self._stuck > HEAD_LIMIT:
                self.refuse(431)
                return
        self._await()

    def check_head(self) -> None:
        """Raises Refused where a head is too long that has just come to its end."""
        if len(self.headers) > MOST_HEADERS or _length(self.url, self.headers) > HEAD_LIMIT:
            raise self.no(431)

    def check_announced(self) -> None:
        """Raises Refused where the headers announce more than is taken."""
        for name, value in self.headers:
            if name == b"content-length" and (len(value) > 18 or int(value) > BODY_LIMIT):
                raise self.no(413)

    def no(self, status: int) -> Refused:
        """What ends the parsing of a request that is answered with a status."""
        self._refused = status
        return Refused(status)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # reason: uvicorn calls it so
        self.refuse(self._refused or 400)

    # time

    def _await(self) -> None:
        if self._begun is None:
            self._begin_waiting()
        if self._watch is None:
            self._watch = self.loop.call_later(HEAD_S, self._look)

    def _begin_waiting(self) -> None:
        self._begun = self.loop.time()
        self._had = self._size

    def _look(self) -> None:
        """Looks how long something has been awaited. One timer serves many requests: most come whole."""
        self._watch = None
        if self._begun is None or self._ended or self.transport.is_closing():
            return
        now = self.loop.time()
        if self.flow.read_paused or self._answers_another():
            self._begun = now  # it is we who don't go on
        left = self._begun + (BODY_S if self._stage is BODY else HEAD_S) - now
        if left <= 0 and self._size - self._had >= PROGRESS:
            self._begin_waiting()
            left = BODY_S
        if left > 0:
            self._watch = self.loop.call_later(left, self._look)
        else:
            self.refuse(408)

    def _answers_another(self) -> bool:
        """Whether an earlier request isn't answered yet."""
        pending = self.cycle is not None and not self.cycle.response_complete
        return pending and (not self._own or bool(self.pipeline))

    # the end

    def refuse(self, status: int) -> None:
        """Answers with a status and closes; nothing more that comes is looked at."""
        if self._ended or self.transport.is_closing():
            return
        self._ended = True
        cycle, own = self.cycle, not self._answers_another()
        if self._own and cycle.response_complete:
            self.transport.close()  # it has its answer, and was only awaited to its end
            return
        if cycle is not None and not cycle.response_complete:
            started = not own or getattr(cycle, "response_started", False)
            cycle.disconnected = True
            cycle.message_event.set()
            if started:
                # what would stand before this answer isn't whole, and won't be
                self.transport.close()
                return
        self.say_no(status)

    def say_no(self, status: int) -> None:
        """Writes the refusal and calls `linger`."""
        raise NotImplementedError

    def linger(self) -> None:
        """Lets the client read what it was told, and closes."""
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._watch = self.loop.call_later(LINGER_S, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._watch is not None:
            self._watch.cancel()


def _length(url: bytes, headers: list[tuple[bytes, bytes]] | None) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers or ())
