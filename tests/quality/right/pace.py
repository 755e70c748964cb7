"""A pause between any two things that a process says to Redis or PostgreSQL: fixed, or shuffled with a seed."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable
from typing import Any

SEED = 10


def worker() -> bool:
    """Whether this process is a worker: `process.py` leaves the role as the last word."""
    return sys.argv[-1] == "worker"


def api() -> bool:
    return sys.argv[-1] == "api"


def in_worker(install: Callable[[], None]) -> Callable[[], None]:
    """Replaces a seam in workers alone."""

    def installed() -> None:
        if worker():
            install()

    return installed


async def pause(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)  # reason: simulated latency


def shuffled(most: float) -> Callable[[], float]:
    """Pauses between 0 and `most` seconds, the same in each run of a process."""
    numbers = random.Random(SEED)
    return lambda: numbers.uniform(0, most)


def between_commands(seconds: Callable[[], float]) -> None:
    """Pauses before each packet for Redis and each statement for PostgreSQL of this process."""
    from redis.asyncio.connection import AbstractConnection

    from messaging_stack.database import _Connection

    say, do = AbstractConnection.send_packed_command, _Connection._do_execute

    async def said(self: Any, command: Any, **more: Any) -> Any:
        await pause(seconds())
        return await say(self, command, **more)

    async def done(self: Any, *arguments: Any, **more: Any) -> Any:
        await pause(seconds())
        return await do(self, *arguments, **more)

    AbstractConnection.send_packed_command = said
    _Connection._do_execute = done
