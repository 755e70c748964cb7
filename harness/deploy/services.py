"""The servers of a deployment of ours, as a fault may end, start and limit them."""

from __future__ import annotations

import asyncio
import re
import resource
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.deploy.output import Output
from harness.deploy.processes import Process
from harness.deploy.roster import Roster
from harness.errors import DeployError

ENDS_WITHIN = 20.0
"""Seconds that a server has to end once it was asked to."""


@dataclass(kw_only=True)
class Server:
    """A server that runs; `spawn` starts it again on what it has kept, `ready` is the line by which it says so."""

    process: Process
    spawn: Callable[[], Process]
    ready: str
    lines: list[str] = field(default_factory=list)
    """What it said that somebody may count, newest last."""


class Services:
    """Those of an embedded deployment (`driver.Servers`)."""

    def __init__(self, *, output: Output, roster: Roster, start_within: float) -> None:
        self._output = output
        self._roster = roster
        self._start_within = start_within
        self._servers: dict[str, Server] = {}

    def add(self, part: str, server: Server) -> None:
        self._servers[part] = server

    def has(self, part: str) -> bool:
        return part in self._servers

    def runs(self, part: str) -> bool:
        return self._servers[part].process.alive

    async def end(self, part: str, ask: Callable[[], None]) -> None:
        process = self._servers[part].process
        self._roster.expect_exit(process.name)
        await asyncio.to_thread(ask)
        if not await asyncio.to_thread(process.ended.wait, ENDS_WITHIN):
            raise DeployError(f"{process.name} was asked to end and runs on after {ENDS_WITHIN:g} s")

    async def start(self, part: str) -> None:
        server = self._servers[part]
        server.process = process = server.spawn()
        await self._output.follow(process, until=re.compile(re.escape(server.ready)))
        self._roster.expect_no_exit(process.name)
        if not await self._output.await_match(process, within=self._start_within):
            raise DeployError(f"{process.name} {self._output.end_of(process, when=' when it was started again')}")

    def pid(self, part: str) -> int:
        return self._servers[part].process.pid

    def hear(self, process: Process, line: str) -> None:
        """A line of a server's output."""
        for server in self._servers.values():
            if server.process is process:
                server.lines.append(line)

    def said(self, part: str) -> int:
        return len(self._servers[part].lines)

    def count(self, part: str, pattern: str, *, since: int) -> int:
        return sum(bool(re.search(pattern, line)) for line in self._servers[part].lines[since:])

    def limit_files(self, part: str, most: int) -> None:
        for pid in family(self.pid(part)):
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard if most < 0 else most, hard))


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [pid, *map(int, children.read_text().split())] if children.exists() else [pid]
