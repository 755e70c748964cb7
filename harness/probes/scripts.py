"""What scripts do to a queue, beside the wire: MONITOR shows each of their commands, and the wire whose they are.

The answers to a script's commands can't be seen: a pop shows no element, so entries that scripts take have to stand
in a place that the profile names as `taken`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

from harness.history import History
from harness.probes.asked import client, grant
from harness.probes.entries import QUEUE, Said
from harness.probes.monitor_lines import Lines, first_word, parse
from harness.probes.probe import gap
from harness.wire.commands import name_of, text
from harness.wire.places import UNKNOWN
from harness.wire.reach import SCRIPTS, Watched, reaches

ANSWER = 5.0
"""Seconds in which Redis, if it lives, shows a mark."""
LOST = (RedisError, OSError)
OURS = frozenset({*SCRIPTS, b"ECHO"})


class Scripts:
    """Reads MONITOR for what scripts do; `take` gets it as the wire would say it."""

    def __init__(self, history: History, watched: Watched, *, url: str, take: Callable[[Said], None]) -> None:
        self._history = history
        self._watched = watched
        self._take = take
        self._redis: Any = client(redis.asyncio.Redis, url, socket_timeout=None, decode_responses=False)
        self._lines = Lines(self._redis)
        self._names: dict[str, str] = {}
        self._process = ""
        self._task: asyncio.Task[None] | None = None
        self._marks = 0
        self._shown: dict[str, asyncio.Event] = {}

    def connected(self, address: str, process: str) -> None:
        """Notes where Redis sees a process's connection come from."""
        self._names[address] = process

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
                self.heard(line)
        except LOST as error:
            self._blind(f"what scripts do to the queue can't be seen: MONITOR's connection was lost ({error})")
            for shown in self._shown.values():
                shown.set()

    def heard(self, line: bytes) -> None:
        """Takes one line, and tells what it shows where a script did it."""
        scripted = b" lua] " in line[:60]
        if not scripted and first_word(line) not in OURS:
            return
        said = parse(line)
        if said is None or not said.command:
            return
        if not scripted:
            if name_of(said.command) == b"ECHO":
                self._mark_shown(text(said.command[-1]))
            else:
                self._process = self._names.get(said.address, "")
            return
        if said.database != self._watched.database:
            return
        by = {"at": said.at, "process": self._process, "unanswered": True}
        if self._watched.reads(name_of(said.command)):
            if self._watched.concern(said.command):
                for one in self._watched.meaning(said.command, UNKNOWN):
                    self._take({**one, **by})
        elif unread := reaches(said.command, self._watched, here=said.database, scripts=False):
            self._take({**unread, **by})

    def _mark_shown(self, name: str) -> None:
        shown = self._shown.pop(name, None)
        if shown is not None:
            shown.set()

    async def settle(self) -> None:
        """Returns when all that scripts did before has been told."""
        if self._task is None or self._task.done():
            return
        self._marks += 1
        name = f"messaging-harness-mark-{id(self)}-{self._marks}"
        self._shown[name] = shown = asyncio.Event()
        try:
            async with asyncio.timeout(ANSWER):
                await self._redis.execute_command("ECHO", name)
                await shown.wait()
        except (*LOST, TimeoutError):
            gap(self._history, "queue", "MONITOR couldn't be read to its end", kinds=QUEUE)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._lines.close()
        with contextlib.suppress(*LOST):
            await self._redis.aclose()
