"""The queue of an attached stack that is no stream: MONITOR says what is put there, marked as taken and removed.

Nothing of it can be tailed as a stream is, so without MONITOR nothing is seen. Under heavy load it slows Redis down.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, ResponseError

from harness.errors import DeployError
from harness.history import History
from harness.probes.asked import address, client, grant
from harness.probes.clock import measure
from harness.probes.entries import QUEUE, Entries, Said
from harness.probes.line_reader import NameOfHost, NameOfPid, host_of, nobody
from harness.probes.monitor_lines import Lines
from harness.probes.owners import Owners
from harness.probes.place_lines import PlaceLines
from harness.probes.probe import declare, gap
from harness.probes.scripts import ANSWER, LOST
from harness.probes.wire import watch_of
from harness.profile import Queue
from harness.vitals import died
from harness.wire.places import BLOCKING
from harness.wire.reach import watched_of

AWAY = 4.0
"""Seconds in which a Redis that was lost must take connections again, else it is dead."""
MANY = 1_000
"""Clients that may wait for an element where Redis doesn't say how many do."""
DEPLOY = "or let the harness deploy the stack: its wire sees what each worker is given"


class PlacesProbe:
    """Watches Redis itself where no wire stands in between; `monitor=False` leaves nothing to be seen."""

    name = "queue"

    def __init__(
        self,
        history: History,
        profile: Queue,
        *,
        url: str,
        name_of_pid: NameOfPid,
        name_of_host: NameOfHost = nobody,
        monitor: bool = True,
    ) -> None:
        self._history = history
        self._queue = profile
        self._wanted = monitor
        self._url = url
        once = Retry(NoBackoff(), 0)  # we try again ourselves, and say so
        self._redis: Any = client(redis.asyncio.Redis, url, socket_timeout=None, decode_responses=False, retry=once)
        self._entries = Entries(history, profile)
        self._lines = Lines(self._redis)
        where = self._redis.connection_pool.connection_kwargs
        self._name_of_pid = name_of_pid
        self._name_of_host = name_of_host
        self._owners = Owners(where.get("port"))
        self._who: dict[str, str] = {}
        watched = watched_of({**watch_of(profile), "database": int(where.get("db") or 0)})
        self._reader = PlaceLines(watched, take=self._take, name=self._name, everybody=True)
        self._task: asyncio.Task[None] | None = None
        self._flushing = False
        self._dead = False

    async def start(self) -> None:
        """Begins to watch; raises DeployError when Redis can't be reached. What it refuses is a gap."""
        blind = "" if self._wanted else "MONITOR isn't used"
        try:
            async with asyncio.timeout(2 * ANSWER):
                await self._redis.ping()
                if not blind:
                    blind = await self._begin()
        except (*LOST, TimeoutError) as error:
            await self.stop()
            why = str(error) or "it doesn't answer"
            where = address(self._url)
            raise DeployError(f"Redis at {where} can't be reached: {why}; start it, or mend [queue] url") from error
        place = self._queue.place
        if blind:
            sight = f"{grant('monitor')}, {DEPLOY}" if self._wanted else '[queue] observe = "monitor"'
            self._lasting(f"{blind}, and a {place} can't be tailed: nothing of it is seen", list(QUEUE), sight)
            return
        if not self._queue.taken:
            remedy = f"[queue] taken, if entries stand somewhere while they are worked on, {DEPLOY}"
            self._lasting("what a worker was given can't be seen", ["queue.claimed"], remedy)
        elif self._queue.leaves:
            reason = "what a pop gave away is seen only once it stands where [queue] taken says"
            self._lasting(reason, ["queue.claimed"], DEPLOY.removeprefix("or "))
        declare(self._history, self.name, *QUEUE)
        await self._measure()
        self._task = asyncio.create_task(self._watch())

    async def _begin(self) -> str:
        """Begins MONITOR; why it can't be had, empty where it can."""
        try:
            await self._lines.begin()
        except ResponseError as error:
            await self._lines.close()
            return f"MONITOR is refused ({error})"
        self._entries.popped_unseen(await self._waiting())
        return ""

    async def _waiting(self) -> int:
        """How many wait for an element already: MONITOR shows a pop as it is asked for, not as it is given one."""
        try:
            clients = await self._redis.client_list()
        except ResponseError:  # who may not ask doesn't know
            return MANY
        blocked = [client for client in clients if "b" in client.get("flags", "")]
        return sum(client.get("cmd", "").upper().encode() in BLOCKING for client in blocked)

    def _lasting(self, reason: str, kinds: list[str], remedy: str) -> None:
        gap(self._history, self.name, reason, kinds=kinds, lasting=True, remedy=remedy)

    async def _measure(self) -> None:
        async def ask() -> float:
            seconds, microseconds = await self._redis.time()
            return float(seconds) + float(microseconds) / 1e6

        with contextlib.suppress(*LOST, TimeoutError):  # where its clock can't be asked, nothing is said of it
            async with asyncio.timeout(ANSWER):
                await measure(self._history, self.name, ask, url=self._url, step=1e-6)

    def _name(self, at: str) -> str:
        """The stack's process behind a client's address; empty where it isn't known."""
        if at not in self._who:
            pid = self._owners.pid_at(at)
            self._who[at] = (self._name_of_pid(pid) if pid else self._name_of_host(host_of(at))) or ""
        return self._who[at]

    def _take(self, said: Said) -> None:
        self._entries.take(said)
        if self._entries.pending and not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        self._entries.flush()

    async def _watch(self) -> None:
        """Reads MONITOR, and begins again when its connection was lost; what happened meanwhile is a gap."""
        while not self._dead:
            with contextlib.suppress(*LOST):
                async for line in self._lines.read():
                    self._reader.heard(line)
            self._reader.lost()
            gap(self._history, self.name, "MONITOR's connection was lost", kinds=QUEUE)
            blind = await self._until_back()
            if blind:
                self._lasting(blind, list(QUEUE), grant("monitor"))
                return
            gap(self._history, self.name, "MONITOR was away until now", kinds=QUEUE)

    async def _until_back(self) -> str:
        """Tries until Redis takes connections again; where it doesn't, the run is over."""
        since = time.monotonic()
        while not self._dead:
            try:
                async with asyncio.timeout(AWAY):
                    return await self._begin()
            except (*LOST, TimeoutError) as error:
                if time.monotonic() - since > AWAY and not isinstance(error, BusyLoadingError):
                    self._dead = True
                    reason = f"{address(self._url)} refuses connections: {str(error) or 'it does not answer'}"
                    died(self._history, "Redis", reason)
            await asyncio.sleep(0.2)  # reason: a dead server announces its return to nobody
        return ""

    async def settle(self) -> None:
        """Returns when MONITOR has shown a mark: all that was done before it is told."""
        if self._task is None or self._task.done() or self._dead:
            return
        try:
            async with asyncio.timeout(ANSWER):
                name, shown = self._reader.mark()
                await self._redis.execute_command("ECHO", name)
                await shown
        except (*LOST, TimeoutError):
            gap(self._history, self.name, "Redis couldn't be read to its end", kinds=QUEUE)
            return
        self._entries.settle()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            if not self._dead:
                await self._measure()
        await self._lines.close()
        await self._redis.aclose()
