"""Running a server: the socket, the announcement, and a quick, graceful end."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from mock_providers.announcement import write_announcement
from mock_providers.app import App
from mock_providers.config import Config
from mock_providers.errors import ListenError
from mock_providers.protocol import Protocol
from mock_providers.world import World

BACKLOG = 2048
GRACE_S = 1
KEEP_ALIVE_S = 75
"""Longer than clients keep an idle connection, so that it is they who close it and no call meets a closing one."""
GC_THRESHOLDS = (100_000, 20, 100)
"""So rarely that under load it is the app that collects and freezes, and each object is looked at once."""


class Server(uvicorn.Server):
    """uvicorn, announcing itself when it listens and letting go of what waits when it ends."""

    def __init__(self, config: uvicorn.Config, *, world: World, announce: Path | None) -> None:
        super().__init__(config)
        self._world = world
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if sockets:
            host, port = sockets[0].getsockname()[:2]
            if self._announce is not None:
                write_announcement(self._announce, host=host, port=port)
            else:
                print(greeting(self._world.config, host=host, port=port), file=sys.stderr, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._world.close_soon()
        await super().shutdown(sockets)
        await self._world.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises ListenError if the address can't be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ListenError(
            f"can't listen on {host}:{port}: {reason}; give another address with --host or --port (0 takes a free one)"
        ) from None


def greeting(config: Config, *, host: str, port: int) -> str:
    """What a person who started the server is told: where it is, and why it would refuse every call."""
    where = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    lines = [f"mock-providers: listening on {where} (a page to look at; the control plane is at {where}/_mock/docs)"]
    if not (config.open_accounts or config.twilio or config.sendgrid):
        lines.append("mock-providers: no account is known, so calls are answered 401; --open takes any credentials")
    return "\n".join(lines)


def serve(config: Config, *, sock: socket.socket, journal: Path | None, announce: Path | None) -> None:
    """Serves until SIGTERM or SIGINT."""
    # uvicorn raises the signal again when it is done; by then it is a plain end
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(config, sock=sock, journal=journal, announce=announce))


async def _serve(config: Config, *, sock: socket.socket, journal: Path | None, announce: Path | None) -> None:
    world = World(config, journal=journal)
    settings = uvicorn.Config(
        App(world),
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # the journal says who called, not whom a header names
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    # most of what a call leaves behind stays: looking through it often finds nothing
    gc.set_threshold(*GC_THRESHOLDS)
    gc.collect()
    gc.freeze()
    await Server(settings, world=world, announce=announce).serve(sockets=[sock])


def _exit(*_: Any) -> None:
    raise SystemExit(0)
