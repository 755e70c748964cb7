"""The output of the processes we started: kept in a file each, and handed on line by line."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections import deque
from collections.abc import Callable
from pathlib import Path

from harness.deploy.processes import Process

OnLine = Callable[[Process, str], None]
LONGEST = 4000
"""Characters of a line that are looked at for what tells that a process is ready."""


class Output:
    """Reads every process's output in the harness's loop, so that none blocks on a full pipe."""

    def __init__(self, directory: Path, *, on_line: OnLine, redact: Callable[[str], str]) -> None:
        self.directory = directory
        self._on_line = on_line
        self._redact = redact
        for stale in directory.glob("*.log"):
            stale.unlink()
        self._tails: dict[str, deque[str]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._over: set[Process] = set()
        self._matched: set[Process] = set()
        self._heard = asyncio.Condition()
        self.error: OSError | None = None
        """Why no more is written to the logs; the history has the lines all the same."""

    async def follow(self, process: Process, *, until: re.Pattern[str] | None = None) -> None:
        """Begins to read a process's output; ends by itself when the process has closed it.

        `until` is looked for in each of its lines, for `await_match`.
        """
        tail = self._tails.setdefault(process.name, deque(maxlen=200))
        reader = asyncio.StreamReader(limit=1 << 20)
        # uvloop closes the descriptor itself, and the file a moment later: by then the number may be somebody else's
        pipe = os.fdopen(process.output, "rb", buffering=0, closefd=False)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        task = self._tasks[process.name] = asyncio.create_task(self._read(process, reader, tail, until))
        task.add_done_callback(lambda _: transport.close())

    async def _read(
        self, process: Process, reader: asyncio.StreamReader, tail: deque[str], until: re.Pattern[str] | None
    ) -> None:
        path = self.directory / f"{process.name}.log"
        while True:
            try:
                raw = await reader.readline()
            except ValueError:  # a line over the limit: its rest follows as a line of its own
                continue
            if not raw:
                break
            line = self._redact(raw.decode("utf-8", "replace").rstrip("\n"))
            tail.append(line)
            self._keep(path, line)
            self._on_line(process, line)
            if until is not None and until.search(line[:LONGEST]):
                self._matched.add(process)
            async with self._heard:
                self._heard.notify_all()
        await ended(process)  # the end of its output is not yet its own
        async with self._heard:
            self._over.add(process)
            self._heard.notify_all()

    def _keep(self, path: Path, line: str) -> None:
        """Adds a line to a log; a full disk ends the log, not the reading, or the process would block."""
        if self.error is not None:
            return
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            self.error = error

    async def await_line(self, process: Process, text: str, *, within: float) -> bool:
        """Waits for a line with `text`; TimeoutError when it came too late.

        False when the process ended first: all that it said was read, and its code is known.
        """
        tail = self._tails[process.name]

        def settled() -> bool:
            return any(text in line for line in tail) or process in self._over

        async with self._heard:
            await asyncio.wait_for(self._heard.wait_for(settled), within)
        return any(text in line for line in tail)

    async def await_match(self, process: Process, *, within: float) -> bool:
        """Waits for a line of this very process that matches what it was followed for; TimeoutError when it is late.

        False when the process ended first.
        """
        async with self._heard:
            settled = self._heard.wait_for(lambda: process in self._matched or process in self._over)
            await asyncio.wait_for(settled, within)
        return process in self._matched

    def tail(self, name: str, lines: int = 12) -> str:
        """The last lines of a process, for an error message."""
        return "\n".join(list(self._tails.get(name, ()))[-lines:])

    def end_of(self, process: Process, *, when: str = "") -> str:
        """How a process has ended, and what it said last; who was killed had nothing to say of it."""
        words = "" if process.code == -signal.SIGKILL else self.tail(process.name)
        return f"ended with {process.code}{when}" + (f":\n{words}" if words else "")

    async def drain_one(self, process: Process) -> None:
        """Waits until the output of a process that has ended has been read."""
        await asyncio.wait([self._tasks[process.name]], timeout=5)

    async def drain(self) -> None:
        """Waits until the output of all processes has been read; they have ended."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=5)


async def ended(process: Process) -> None:
    """Returns when a process has ended."""
    loop, end = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with contextlib.suppress(RuntimeError):  # the loop may be closing at this moment
            loop.call_soon_threadsafe(end.set)

    process.when_ended(tell)
    await end.wait()
