"""The ASGI application: vendor paths straight to their vendor, everything else to the control plane."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Callable

from mock_providers.asgi import BODY_LIMIT, Answer, Receive, Request, Scope, Send
from mock_providers.call import Vendor
from mock_providers.control import control_app
from mock_providers.limited import BODY_S, HEAD_LIMIT, HEAD_S, MOST_HEADERS, PROGRESS
from mock_providers.sendgrid import api as sendgrid
from mock_providers.twilio import api as twilio
from mock_providers.world import World

FREEZE_EVERY = 500
"""Calls between two moves of what has survived out of the garbage collector's sight: while it is still in the cache."""


BEYOND = {
    408: (
        "the request didn't come to its end",
        f"send the headers within {HEAD_S:g} s, and the body, or {PROGRESS} bytes more of it, within {BODY_S:g} s",
    ),
    413: ("the body is too large", f"send at most {BODY_LIMIT} bytes"),
    431: (
        "the headers are too large",
        f"send at most {MOST_HEADERS} headers, {HEAD_LIMIT} bytes with the request line",
    ),
}
"""What is wrong with a request beyond a limit, and what to do."""


class App:
    """One server's application."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._control = control_app(world)
        self._calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        vendor = self._vendor(scope["path"])
        if vendor is None:
            await self._control(scope, receive, send)
        else:
            await self._world.exchange.serve(vendor, scope, receive, send)
            self._served()

    def serve_now(self, request: Request, reply: Callable[[Answer], None]) -> bool:
        """Serves a vendor's call in this turn of the event loop; false if this is none, or may have to wait.

        `reply` gets the answer once the call is on disk.
        """
        vendor = self._vendor(request.path)
        if vendor is None or not self._world.exchange.serve_now(vendor, request, reply):
            return False
        self._served()
        return True

    def refuse(self, request: Request, status: int, reply: Callable[[Answer], None]) -> None:
        """Answers what goes beyond the server's limits, as far as it came; a vendor's call in the vendor's words."""
        vendor = self._vendor(request.path)
        if vendor is not None:
            self._world.exchange.refuse(vendor, request, status, reply)
            return
        words, hint = BEYOND[status]
        body = json.dumps({"error": words, "hint": hint}).encode()
        reply(Answer(status, body, [(b"content-type", b"application/json")]))

    def _vendor(self, path: str) -> Vendor | None:
        if path.startswith(twilio.PREFIXES):
            return self._world.twilio_api
        return self._world.sendgrid_api if path.startswith(sendgrid.PREFIX) else None

    def _served(self) -> None:
        self._calls += 1
        if self._calls % FREEZE_EVERY == 0:
            asyncio.get_running_loop().call_soon(freeze)


def freeze() -> None:
    """Takes long-lived objects (messages, above all) out of the collector, which would scan them ever again."""
    gc.collect(0)
    gc.freeze()
