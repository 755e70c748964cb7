"""Letting time pass, where passing time is what was asked for: scripts, simulated latency, retries."""

from __future__ import annotations

import asyncio
import time


async def elapse(seconds: float) -> None:
    """Returns after so many seconds, never before; the one place where this server waits for nothing but time."""
    # reason: the vendors take time between a message's steps, and so must a mock of them
    until = time.monotonic() + max(seconds, 0.0)
    while True:
        await _timer(until - time.monotonic())
        if time.monotonic() >= until:  # a loop's own clock is read once a turn, and its timers are whole milliseconds
            return


async def _timer(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    passed: asyncio.Future[None] = loop.create_future()
    timer = loop.call_later(max(seconds, 0.0), _pass, passed)
    try:
        await passed
    finally:
        timer.cancel()


def _pass(passed: asyncio.Future[None]) -> None:
    if not passed.done():
        passed.set_result(None)
