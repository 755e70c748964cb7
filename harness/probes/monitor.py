"""The queue of an attached stack: MONITOR says who did what, an XREAD tail gives ids and fields.

What a delivery held can't be seen this way, so there are no `queue.claimed` events; nor are Redis' answers, so an
acknowledgement means that one was sent. Under heavy load MONITOR slows Redis down: set [queue] observe = "tail" then.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError, ResponseError

from harness.errors import DeployError, ProfileError
from harness.history import History
from harness.probes.appends import Add, Appends
from harness.probes.asked import address, client, grant
from harness.probes.clock import measure
from harness.probes.entries import QUEUE, Entries
from harness.probes.line_reader import LineReader, NameOfHost, NameOfPid, nobody
from harness.probes.monitor_lines import Lines
from harness.probes.probe import declare, gap
from harness.probes.tail import State, Tail, order
from harness.profile import Queue
from harness.vitals import died
from harness.wire.reach import Watched

AWAY = 4.0
"""Seconds in which a Redis that was lost must take connections again, else it is dead."""
ANSWER = 5.0
"""Seconds in which Redis, if it lives, shows a mark."""
LOOKS = 10
"""Times half a second in which a tail that is behind comes to an entry that still stands."""
DEPLOY = "or let the harness deploy the stack"
LOST = (RedisError, OSError)


class MonitorProbe:
    """Watches Redis itself where no wire stands in between; `monitor=False` leaves only the tail."""

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
        self._wanted = monitor
        self._where = address(url)
        self._work = set(profile.streams.values())
        streams = sorted({*self._work, *filter(None, [profile.dead])})
        once = Retry(NoBackoff(), 0)  # we try again ourselves, and say so
        self._redis: Any = client(redis.asyncio.Redis, url, socket_timeout=None, decode_responses=False, retry=once)
        self._entries = Entries(history, profile)
        self._tail = Tail(self._redis, streams, on_entry=self._on_entry)
        self._url = url
        self._appends: dict[str, Appends] = {}
        where = self._redis.connection_pool.connection_kwargs
        watched = Watched(
            streams=frozenset(stream.encode() for stream in streams),
            group=profile.group.encode() if profile.group and not profile.groups else None,
            database=int(where.get("db") or 0),
        )
        self._reader = LineReader(
            self._entries,
            self._appends,
            watched=watched,
            name_of_pid=name_of_pid,
            name_of_host=name_of_host,
            port=where.get("port"),
        )
        self._lines = Lines(self._redis)
        self._monitoring = False
        self._blind = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._dead = False

    # at the start

    async def start(self) -> None:
        """Begins to watch; raises DeployError when Redis can't be reached, ProfileError where a key is no stream.

        What Redis refuses is a gap, with the permission that would change it.
        """
        try:
            async with asyncio.timeout(2 * ANSWER):
                await self._redis.ping()
                blind = await self._begin_monitor() if self._wanted else "MONITOR isn't used"
                await self._tail.start()
        except ProfileError:
            await self.stop()
            raise
        except (*LOST, TimeoutError) as error:
            await self.stop()
            why = str(error) or "it doesn't answer"
            raise DeployError(
                f"Redis at {self._where} can't be reached: {why}; start it, or mend [queue] url"
            ) from error
        for stream, read in self._tail.streams.items():
            self._appends[stream] = Appends(stream, self._entries, begin=read.last)
            self._entries.begins_with(stream, float("inf") if read.begin.length is None else read.begin.length)
        self._alone(bool(blind))
        self._blind = blind
        self._declare(blind)
        await self._measure()
        if not blind:
            self._tasks.append(asyncio.create_task(self._watch()))
        if self._appends:
            self._tasks.append(asyncio.create_task(self._follow()))

    async def _begin_monitor(self) -> str:
        """Begins MONITOR; why it can't be had, empty where it can."""
        try:
            await self._lines.begin()
        except ResponseError as error:
            await self._lines.close()
            return f"MONITOR is refused ({error})"
        self._monitoring = True
        return ""

    def _declare(self, blind: str) -> None:
        kinds = [*(["queue.appended"] if self._appends else []), *([] if blind else ["queue.acked", "queue.deleted"])]
        declare(self._history, self.name, *kinds)
        reason = "what a worker was given can't be seen"
        self._lasting(
            reason, ["queue.claimed"], "let the harness deploy the stack: its wire sees what each worker is given"
        )
        if blind:
            reason = f"{blind}; who did what to the queue can't be seen"
            self._lasting(reason, ["queue.acked", "queue.deleted"], self._sight)
        for stream, why in self._tail.refused.items():
            reason = f"{stream} can't be read ({why})"
            self._lasting(reason, ["queue.appended"], grant("xread", stream), stream=stream)
        if not blind:
            return  # MONITOR shows every XADD, also of entries that came and went
        for stream, read in self._tail.streams.items():
            if read.begin.refused:
                reason = f"XINFO STREAM is refused ({read.begin.refused}); an entry that came and went isn't noticed"
                self._lasting(reason, ["queue.appended"], grant("xinfo|stream", stream), stream=stream)
            elif read.begin.added is None:
                reason = (
                    "Redis 6.2 doesn't count the entries added; one that came and went between two reads isn't noticed"
                )
                self._lasting(
                    reason, ["queue.appended"], f"Redis 7 or newer, or grant +monitor, {DEPLOY}", stream=stream
                )

    @property
    def _sight(self) -> str:
        """What would let MONITOR be read."""
        return f"grant +monitor to the Redis user, {DEPLOY}" if self._wanted else '[queue] observe = "monitor"'

    def _lasting(self, reason: str, kinds: list[str], remedy: str, **more: object) -> None:
        gap(self._history, self.name, reason, kinds=kinds, lasting=True, remedy=remedy, **more)

    async def _measure(self) -> None:
        async def ask() -> float:
            seconds, microseconds = await self._redis.time()
            return float(seconds) + float(microseconds) / 1e6

        with contextlib.suppress(*LOST, TimeoutError):  # where its clock can't be asked, nothing is said of it
            async with asyncio.timeout(ANSWER):
                await measure(self._history, self.name, ask, url=self._url, step=1e-6)

    # what MONITOR says

    async def _watch(self) -> None:
        """Reads MONITOR, and begins again when its connection was lost; what happened meanwhile is a gap."""
        while not self._dead:
            with contextlib.suppress(*LOST):
                async for line in self._lines.read():
                    self._reader.heard(line)
            self._monitoring = False
            self._reader.lost()
            gap(self._history, self.name, "MONITOR's connection was lost", kinds=QUEUE)
            self._alone(True)
            blind = await self._until_back(self._begin_monitor)
            if blind:
                self._blind = blind
                self._lasting(blind, ["queue.acked", "queue.deleted"], self._sight)
                return
            if blind is not None:
                self._alone(False)
                gap(self._history, self.name, "MONITOR was away until now", kinds=QUEUE)
                # what was added meanwhile waits for a line that was never heard: the end of that is found by a mark
                self._tasks.append(asyncio.create_task(self.settle()))

    def _alone(self, alone: bool) -> None:
        for appends in self._appends.values():
            appends.wait_for_monitor(not alone)

    # what the tail says

    def _on_entry(self, stream: str, entry: str, fields: dict[str, str]) -> None:
        self._appends[stream].read(entry, fields)

    async def _follow(self) -> None:
        """Reads every entry as it comes; a lost connection is a gap, since entries may have been deleted meanwhile."""
        told = ""
        while not self._dead:
            try:
                await self._tail.read()
                told = ""
            except ResponseError as error:
                if str(error) != told:
                    told = str(error)
                    self._lasting(f"the streams can't be read: {told}", ["queue.appended"], grant("xread"))
                await asyncio.sleep(0.2)  # reason: a key that is none of ours announces its return to nobody
            except LOST as error:
                gap(self._history, self.name, f"the streams can't be read: {error}", kinds=QUEUE)
                await self._until_back(self._ping)

    async def _ping(self) -> str:
        await self._redis.ping()
        return ""

    async def _until_back(self, attempt: Callable[[], Awaitable[str]]) -> str | None:
        """Tries until Redis takes connections again; None when it doesn't: then the run is over."""
        since = time.monotonic()
        while not self._dead:
            try:
                async with asyncio.timeout(AWAY):
                    return await attempt()
            except (*LOST, TimeoutError) as error:
                if time.monotonic() - since > AWAY and not isinstance(error, BusyLoadingError):
                    self._die(error)
                    return None
            await asyncio.sleep(0.2)  # reason: a dead server announces its return to nobody
        return None

    def _die(self, error: Exception) -> None:
        if not self._dead:
            self._dead = True
            died(self._history, "Redis", f"{self._where} refuses connections: {str(error) or 'it does not answer'}")

    # reading to the end

    async def settle(self) -> None:
        """Sends two marks through Redis, and asks between them where each stream ends.

        When MONITOR shows the first, every XADD is known of which an entry must stand below these ends, or never will;
        when it shows the second, everybody is known who added what stands there.
        """
        if self._dead:
            return
        try:
            async with asyncio.timeout(ANSWER):
                adds = await self._show_mark() if self._monitoring else None
                states = {stream: await self._tail.state(stream) for stream in self._appends}
                if adds is not None:
                    await self._show_mark()
        except (*LOST, TimeoutError):
            gap(self._history, self.name, "Redis couldn't be read to its end", kinds=QUEUE)
            return
        except ProfileError as error:
            self._lasting(str(error), list(QUEUE), "[queue] streams: streams that stay streams")
            return
        nowhere = sorted(stream for stream in self._work & states.keys() if states[stream].absent)
        if adds is None and nowhere:
            reason = f"there is no stream {', '.join(nowhere)}; {self._blind}, so what is put on others can't be seen"
            remedy = f"[queue] streams, if the stack's have other names; else: {self._sight}"
            gap(self._history, self.name, reason, kinds=["queue.appended"], remedy=remedy)
        for stream, state in states.items():
            await self._catch_up(stream, state, (adds or {}).get(stream, []), shown=adds is not None)
        self._entries.settle()

    async def _show_mark(self) -> dict[str, list[Add]]:
        """Waits until MONITOR shows a mark; the XADDs that it had shown before, of which the tail has no entry."""
        name, shown = self._reader.mark()
        await self._redis.execute_command("ECHO", name)
        return await shown

    async def _catch_up(self, stream: str, state: State, adds: list[Add], *, shown: bool) -> None:
        """Waits until the tail has read what stood on a stream; entries that it can't have read are a gap."""
        with contextlib.suppress(*LOST, ProfileError):  # the tail itself tells of what hinders it
            for _ in range(LOOKS):
                if await self._tail.reach(stream, state.newest):
                    break
                now = await self._tail.state(stream)
                if order(now.newest) < order(state.newest):
                    break  # it was deleted before the tail came to it
        read = self._tail.streams[stream]
        slipped = None
        if state.added is not None and read.begin.added is not None:
            slipped = state.added - read.begin.added - read.count_until(state.last)
            if slipped < 0:
                gap(self._history, self.name, f"{stream} was made anew", kinds=QUEUE, stream=stream)
            read.begin.added += slipped
        elif not shown:
            slipped = 0  # nobody can tell; that was said at the start
        missing = self._appends[stream].finish(state.end, adds, slipped)
        if missing:
            reason, remedy = f"{missing} entries of {stream} came and went unseen", ""
            if state.refused:
                reason += f"; XINFO STREAM, which counts them, is refused ({state.refused})"
                remedy = grant("xinfo|stream", stream)
            elif self._blind:
                reason, remedy = f"{reason}; {self._blind}", self._sight
            gap(self._history, self.name, reason, kinds=QUEUE, remedy=remedy, stream=stream)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not self._dead and self._tasks:
            await self._measure()
        await self._lines.close()
        await self._redis.aclose()
