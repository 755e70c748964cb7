"""The provider that all workers call: a bare ASGI app that gives each message an id of its own and counts its calls.

POST anything: a message, as Twilio has it, known by the last word of its Body. GET /began answers once the first call
has come, GET /called how many messages were called for, GET /calls all ids by message; DELETE /calls forgets them.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
import uvloop

FILLER = "x" * 545
KEEP_ALIVE_S = 300  # longer than any run: no worker is to pay for connections that were closed on it
HEADERS = [(b"content-type", b"application/json")]


class Provider:
    """What was called since it was last told to forget."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.forget()

    def forget(self) -> None:
        self._calls: dict[str, list[str]] = {}
        self._at = 0.0
        self._began = asyncio.Event()

    async def __call__(self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        body = b""
        more = True
        while more:
            event = await receive()
            body += event.get("body", b"")
            more = event.get("more_body", False)
        status, answer = await self._answer(scope["method"], scope["path"], body)
        headers = [*HEADERS, (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if method == "POST":
            return 201, self._take(body)
        if method == "DELETE":
            self.forget()
            return 200, b"{}"
        if path == "/began":
            await self._began.wait()
            return 200, json.dumps({"at": self._at}).encode()
        return 200, json.dumps(len(self._calls) if path == "/called" else self._calls).encode()

    def _take(self, body: bytes) -> bytes:
        if not self._calls:
            self._at = time.time()
            self._began.set()
        message = dict(parse_qsl(body.decode()))["Body"].rpartition(" ")[2]
        sid = f"SM{next(self._numbers):032x}"
        self._calls.setdefault(message, []).append(sid)
        return b'{"sid":"%s","filler":"%s"}' % (sid.encode(), FILLER.encode())


class _Server(uvicorn.Server):
    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)


async def serve() -> None:
    config = uvicorn.Config(
        Provider(), port=0, http="httptools", loop="uvloop", lifespan="off", log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_keep_alive=KEEP_ALIVE_S,
    )  # fmt: skip
    await _Server(config).serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
