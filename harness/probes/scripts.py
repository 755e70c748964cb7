"""What scripts do to a queue, beside the wire: MONITOR shows each of their commands, and the wire whose they are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from harness.errors import DeployError
from harness.history import History
from harness.probes.asked import client, grant
from harness.probes.entries import QUEUE, Said
from harness.probes.monitor_lines import Lines
from harness.probes.place_lines import PlaceLines
from harness.probes.probe import gap
from harness.wire.reach import Watched

ANSWER = 5.0
"""Seconds in which Redis, if it lives, shows a mark."""
LOST = (RedisError, OSError)


class Scripts:
    """Reads MONITOR for what scripts do; `take` gets it as the wire would say it.

    `heard_out` returns when all has been heard that the wire said before; raises DeployError where it can't be asked.
    """

    def __init__(
        self,
        history: History,
        watched: Watched,
        *,
        url: str,
        take: Callable[[Said], None],
        heard_out: Callable[[], Awaitable[object]],
    ) -> None:
        self._history = history
        self._heard_out = heard_out
        self._redis: Any = client(redis.asyncio.Redis, url, socket_timeout=None, decode_responses=False)
        self._lines = Lines(self._redis)
        self._names: dict[str, str] = {}
        self._others: set[str] = set()
        """Addresses of nobody that the wire knows."""
        self._reader = PlaceLines(
            watched, take=take, name=lambda address: self._names.get(address, ""), everybody=False
        )
        self._task: asyncio.Task[None] | None = None

    def connected(self, address: str, process: str) -> None:
        """Notes where Redis sees a process's connection come from."""
        self._names[address] = process
        self._others.discard(address)

    async def start(self) -> None:
        """Begins to read; where MONITOR can't be had, what scripts do is a lasting gap."""
        try:
            async with asyncio.timeout(ANSWER):
                await self._lines.begin()
        except (*LOST, TimeoutError) as error:
            self._blind(f"what scripts do to the queue can't be seen: MONITOR is refused ({error})")
            return
        self._task = asyncio.create_task(self._read())

    def _blind(self, reason: str) -> None:
        gap(self._history, "queue", reason, kinds=QUEUE, lasting=True, remedy=grant("monitor"))

    async def _read(self) -> None:
        try:
            async for line in self._lines.read():
                await self._ask_for(self._reader.caller(line))
                self._reader.heard(line)
        except LOST as error:
            self._blind(f"what scripts do to the queue can't be seen: MONITOR's connection was lost ({error})")
            self._reader.lost()

    async def _ask_for(self, address: str | None) -> None:
        """Makes sure that an address is known if the wire has it: MONITOR may be quicker to say what it did."""
        if address is None or address in self._names or address in self._others:
            return
        with contextlib.suppress(DeployError):
            await self._heard_out()
        if address not in self._names:
            self._others.add(address)

    async def settle(self) -> None:
        """Returns when all that scripts did before has been told."""
        if self._task is None or self._task.done():
            return
        try:
            async with asyncio.timeout(ANSWER):
                name, shown = self._reader.mark()
                await self._redis.execute_command("ECHO", name)
                await shown
        except (*LOST, TimeoutError):
            gap(self._history, "queue", "MONITOR couldn't be read to its end", kinds=QUEUE)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._lines.close()
        with contextlib.suppress(*LOST):
            await self._redis.aclose()
