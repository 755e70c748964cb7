"""The ASGI application: vendor paths straight to their vendor, everything else to the control plane."""

from __future__ import annotations

import asyncio
import gc

from mock_providers.asgi import Receive, Scope, Send
from mock_providers.control import control_app
from mock_providers.sendgrid import api as sendgrid
from mock_providers.twilio import api as twilio
from mock_providers.world import World

FREEZE_EVERY = 4_000
"""Calls between two moves of what has survived out of the garbage collector's sight."""


class App:
    """One server's application."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._control = control_app(world)
        self._calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        path: str = scope["path"]
        world = self._world
        if path.startswith((twilio.PREFIX, twilio.SERVICES_PREFIX)):
            await world.exchange.serve(world.twilio_api, scope, receive, send)
        elif path.startswith(sendgrid.PREFIX):
            await world.exchange.serve(world.sendgrid_api, scope, receive, send)
        else:
            await self._control(scope, receive, send)
            return
        self._calls += 1
        if self._calls % FREEZE_EVERY == 0:
            asyncio.get_running_loop().call_soon(freeze)


def freeze() -> None:
    """Takes long-lived objects (messages, above all) out of the collector, which would scan them ever again."""
    gc.collect(0)
    gc.freeze()
