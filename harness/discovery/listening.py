"""What Redis runs while one message is sent: the lines of MONITOR, where it may be read."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

import redis.asyncio
from redis.exceptions import RedisError

from harness.loop import Loop
from harness.probes.asked import client
from harness.probes.monitor_lines import Line, Lines, parse

MOST: Final = 50_000
"""Lines that are kept: a Redis that is busy with others' work says more than anybody needs."""
WITHIN: Final = 5.0


class Listening:
    """MONITOR for as long as it is open; `why` is what hinders it, or empty."""

    def __init__(self, url: str) -> None:
        self._loop = Loop()
        self._redis: Any = client(redis.asyncio.Redis, url, socket_connect_timeout=WITHIN)
        self._heard = Lines(self._redis)
        self._task: asyncio.Task[None] | None = None
        self.lines: list[Line] = []
        self.why = ""
        try:
            self._loop.run(self._begin(), timeout=2 * WITHIN)
        except (RedisError, OSError, TimeoutError) as error:
            self.why = str(error) or type(error).__name__

    async def _begin(self) -> None:
        await self._heard.begin()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        with contextlib.suppress(RedisError, OSError):
            async for raw in self._heard.read():
                line = parse(raw)
                if line is not None and len(self.lines) < MOST:
                    self.lines.append(line)

    def close(self) -> None:
        """Hangs up."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            self._loop.run(self._end(), timeout=WITHIN)
        self._loop.close()

    async def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._heard.close()
        await self._redis.aclose()
