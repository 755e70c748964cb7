"""Runs the API on uvicorn."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import nullcontext
from typing import TYPE_CHECKING

import uvicorn

from messaging_stack.api.app import create_app
from messaging_stack.api.services import open_services
from messaging_stack.errors import Unavailable
from messaging_stack.logs import get_logger

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from messaging_stack.settings import Settings

log = get_logger()

KEEP_ALIVE_S = 75
"""Longer than clients keep an idle connection, so that it is they who close it and no request meets a closing one."""


class _Server(uvicorn.Server):
    """Leaves the signals to us, who handle them also before it starts and after it ends."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]  # reason: narrower than a generator
        return nullcontext()


def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT; raises Unavailable when the address or PostgreSQL can't be had."""
    import uvloop

    with _listen(settings) as listener:
        uvloop.run(_serve(settings, listener))


async def _serve(settings: Settings, listener: socket.socket) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_services(settings, stop=stop) as services:
        config = uvicorn.Config(
            create_app(services),
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=round(settings.shutdown_timeout_s),
        )
        server = _Server(config)
        host, port = listener.getsockname()[:2]
        listener.listen(config.backlog)  # from here on connections are taken; uvicorn answers them in a moment
        log.info("API listening", host=host, port=port, pid=os.getpid())
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await asyncio.wait((serving, asyncio.create_task(stop.wait())), return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    log.info("API stopped")


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"can't listen on {settings.host}:{settings.port}: {error.strerror}; set HOST and PORT to a free address"
        ) from error
    return listener
