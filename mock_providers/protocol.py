"""HTTP as uvicorn does it, with a short way for the vendors' calls: they are the hot path.

A call that arrived whole, and that nothing disturbs, needs no task and no ASGI conversation of its own: it is
processed where it arrives, and answered in one piece once it is on disk. Everything else goes uvicorn's way.
"""

from __future__ import annotations

from asyncio import Transport
from functools import lru_cache
from http import HTTPStatus

from mock_providers.app import App
from mock_providers.asgi import BODY_LIMIT, Answer, Request
from mock_providers.connection import TRANSPORT, UNDERSTOOD
from mock_providers.limited import BODY, HEAD, HEAD_LIMIT, MOST_HEADERS, Limited, Refused

SHOWN = 2000
"""Characters of a path that was too long, as the record has them."""

_NO_HTTP = Answer(400, b"Invalid HTTP request received.", [(b"content-type", b"text/plain; charset=utf-8")])
_FAILED = Answer(500, b"Internal Server Error", [(b"content-type", b"text/plain; charset=utf-8")])


class Exchanged:
    """An exchange on the short way, as uvicorn looks at it: whether it goes on, and whether the connection will."""

    __slots__ = ("disconnected", "keep_alive", "message_event", "response_complete")

    def __init__(self) -> None:
        self.keep_alive = True
        self.disconnected = False
        self.response_complete = False
        self.message_event = _UNHEARD


class _Unheard:
    """What uvicorn sets to wake a request's task, where there is none."""

    def set(self) -> None:
        pass


_UNHEARD = _Unheard()


class Protocol(Limited):
    """One connection. Requests on it are answered in order, whichever way each takes."""

    _whole: bytes | bytearray | None = None
    """The body so far of a request that may take the short way; None if it can't."""
    _understood: Request | None = None
    """A request that was understood before it turned out that it takes the long way."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # reason: as uvicorn has it
        super().connection_made(transport)
        self._idle_since = self.loop.time()
        self._look_after(self.timeout_keep_alive)

    # the reasons below: uvicorn's annotations name classes of its own where any like them will do

    def on_message_begin(self) -> None:
        # what uvicorn makes here for the application, only the long way needs
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._stage = HEAD
        self._head = self._size = self._stuck = self._seen = 0
        self._own = False

    def on_headers_complete(self) -> None:
        parser = self.parser
        if self._head or self._piece > HEAD_LIMIT or len(self.headers) > MOST_HEADERS:
            self.check_head()
        self._stage = BODY
        if self._begun is not None:
            self._begin_waiting()
        if (
            (self.cycle is None or self.cycle.response_complete)
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.flow.write_paused
        ):
            self._whole = b""
        else:
            self.check_announced()
            self._take_long_way()

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > BODY_LIMIT:
            raise self.no(413)
        if self._whole is None:
            super().on_body(body)
        elif not self._whole:
            self._whole = body
        else:
            if isinstance(self._whole, bytes):
                self._whole = bytearray(self._whole)
            self._whole += body

    def on_message_complete(self) -> None:
        whole, self._whole = self._whole, None
        self._stage = self._begun = None
        if whole is not None:
            if self._serve(bytes(whole)):
                return
            self._take_long_way(whole)
        super().on_message_complete()

    def _goes_on(self) -> None:
        if self._whole is not None:
            # more is to come, and there may be much of it
            whole, self._whole = self._whole, None
            try:
                self.check_announced()
            except Refused as refused:
                self.refuse(refused.status)
                return
            self._take_long_way(whole)
        super()._goes_on()

    def _take_long_way(self, body: bytes | bytearray = b"") -> None:
        self._own = True
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]  # reason: above
        if self._understood is not None:
            self.scope["extensions"][UNDERSTOOD] = self._understood  # type: ignore[assignment]  # reason: above
            self._understood = None
        super().on_headers_complete()
        if body:
            super().on_body(bytes(body))

    # uvicorn makes a timer with every answer and cancels it with the next request: a tenth of what a call costs. Ours
    # looks, when it is due, how long the connection has been idle.

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def on_response_complete(self) -> None:
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_after(self.timeout_keep_alive)

    def _look_after(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return  # the answer that is due begins anew
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_after(left)
        else:
            super().timeout_keep_alive_handler()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()

    def say_no(self, status: int) -> None:
        if status == HTTPStatus.BAD_REQUEST:
            # no HTTP, so nobody's call
            self._reply_no(_NO_HTTP)
            return
        path, _, query = self.url.partition(b"?")
        request = Request(
            method=self.parser.get_method().decode("ascii") if self.url else "",
            path=path[:SHOWN].decode("latin-1"),
            query=query[:SHOWN],
            headers=self.headers if self._stage is BODY else [],
            client=self.client,
            body=b"",
            too_large=status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )
        app: App = self.config.app  # type: ignore[assignment]  # reason: above
        app.refuse(request, status, self._reply_no)

    def _reply_no(self, answer: Answer) -> None:
        if not self.transport.is_closing():
            self.transport.write(self._on_the_wire(answer, last=True))
            self.linger()

    def _serve(self, body: bytes) -> bool:
        """Takes the short way; false if the request has to take the long one."""
        method = self.parser.get_method()
        path, _, query = self.url.partition(b"?")
        if method == b"HEAD" or path[:1] != b"/" or b"%" in path or b"#" in self.url or not path.isascii():
            return False
        request = Request(
            method=method.decode("ascii"),
            path=path.decode("ascii"),
            query=query,
            headers=self.headers,
            client=self.client,
            body=body,
        )
        app: App = self.config.app  # type: ignore[assignment]  # reason: above
        exchanged = Exchanged()
        before, self.cycle = self.cycle, exchanged  # type: ignore[assignment]  # reason: above
        try:
            if app.serve_now(request, lambda answer: self._reply(exchanged, answer)):
                return True
        except Exception:
            self.logger.exception("Exception while a call was processed")
            exchanged.keep_alive = False
            self._reply(exchanged, _FAILED)
            return True
        self.cycle = before
        if request.call is not None:
            self._understood = request
        return False

    def _reply(self, exchanged: Exchanged, answer: Answer) -> None:
        exchanged.response_complete = True
        if self.transport.is_closing():
            return  # uvloop refuses to write to what is closed
        self.transport.write(self._on_the_wire(answer, last=not exchanged.keep_alive))
        if not exchanged.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _on_the_wire(self, answer: Answer, *, last: bool) -> bytes:
        headers = [*self.server_state.default_headers, *answer.headers]
        lines = b"".join([b"%b: %b\r\n" % header for header in headers])
        if not lines.count(b"\r") == lines.count(b"\n") == len(headers):
            self.logger.error("a header of the answer has a line break in it")
            answer, lines = _FAILED, b""
        length = b"" if answer.status == HTTPStatus.NO_CONTENT else b"content-length: %d\r\n" % len(answer.body)
        closes = b"connection: close\r\n" if last else b""
        return b"".join((_status_line(answer.status), length, lines, closes, b"\r\n", answer.body))


@lru_cache(maxsize=100)
def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()
