"""Reads the table of transitions to its end, again and again, also across a connection that was lost."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

import asyncpg

from harness.errors import DeployError
from harness.history import Event, History
from harness.history.facts import Facts
from harness.probes.connection import LOST, address, connect
from harness.probes.leftovers import claim
from harness.probes.probe import gap
from harness.probes.rows import Rows
from harness.probes.trigger import ALIVE, KEPT, READ, UNREAD
from harness.profile import Statuses
from harness.vitals import died

SHORT, LONG = 0.01, 0.1
"""Seconds between two readings: while something goes on in the run, and while nothing does."""
AWAKE = 1.0
ANSWERS = 3.0
"""A server that hasn't answered a reading in so many seconds is taken for lost."""
MANY = 10_000
SORTS = 30.0
"""Seconds for the first part of a reading of more than MANY rows, which the server has to sort."""
RECONNECT = 4.0
RETRY = 0.2
INDEXED = "SET enable_seqscan = off"
"""Our table has no statistics; its index is always the right way in."""
SIGN = 1000
"""After so many numbers the trigger is told that its reader lives."""
T = TypeVar("T")


class Blind(Exception):
    """Nothing can be read any more; what it means has been recorded."""


class Reader:
    """Follows one run's transitions; what any source records is a reason to look soon."""

    def __init__(
        self,
        history: History,
        source: str,
        connection: Any,
        *,
        url: str,
        schema: str,
        statuses: Statuses,
        incoming: Collection[str] = ("inbound",),
    ) -> None:
        self.connection = connection
        self._history = history
        self._source = source
        self._url = url
        self._schema = schema
        self._rows = Rows(history, source, statuses=statuses, incoming=incoming)
        self._next = "0"
        self._under_way: list[str] = []
        self._alive = 1
        self._claimed = True
        self._busy = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._asleep = False
        self._heard_at = 0.0
        self._stopping = False
        self.blind = ""
        """Why nothing can be read any more."""
        connection.add_termination_listener(self._ended)
        history.listen(self._heard)
        self._task = asyncio.create_task(self._follow())

    # when to read

    async def _follow(self) -> None:
        with contextlib.suppress(Blind):
            while not self._stopping:
                await self.ask(self._read)
                await self._pause()

    async def _pause(self) -> None:
        """Until the next reading is due: the trigger notifies nobody (see trigger.py), so there is a period."""
        period = SHORT if time.monotonic() - self._heard_at < AWAKE else LONG
        self._wake.clear()
        self._asleep = period == LONG
        if not self._stopping:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), period)
        self._asleep = False

    def _heard(self, _: Event) -> None:
        """Somebody recorded something, in whatever thread: the database will move, too."""
        self._heard_at = time.monotonic()
        if self._asleep:
            self._asleep = False
            with contextlib.suppress(RuntimeError):  # the loop may be closing at this moment
                self._loop.call_soon_threadsafe(self._wake.set)

    def _ended(self, _: object) -> None:
        """The connection is gone: the next reading, which is now, finds out whether the database is."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake.set)

    # reading

    @property
    def away(self) -> bool:
        """Whether the database was ended by a fault of ours, and will be started again."""
        return Facts(self._history).disturbed("down", target="postgres")

    async def read(self) -> None:
        """Records all that was committed before this call; raises Blind where that can't be done any more."""
        await self.ask(self._read)

    async def ask(self, question: Callable[[Any], Awaitable[T]]) -> T:
        """What a question asked of the connection answers, of a new one where the old one is lost; raises Blind."""
        async with self._busy:
            if self.blind:
                raise Blind(self.blind)
            try:
                try:
                    return await question(self.connection)
                except LOST as error:
                    await self._reconnect(error)
                return await question(self.connection)
            except LOST as error:
                self._die(f"it was lost again: {why(error)}")
                raise Blind(self.blind) from error
            except asyncpg.PostgresError as error:
                self.blind = f"the harness's own table can't be read any more: {error}"
                gap(self._history, self._source, self.blind, lasting=True)
                raise Blind(self.blind) from error

    async def _read(self, connection: Any) -> None:
        # the rows are recorded after all waiting, so that a reading is recorded as a whole or not at all
        async with asyncio.timeout(ANSWERS):
            rows = await connection.fetch(READ.format(schema=self._schema), self._next, self._under_way, MANY)
        if len(rows) == MANY:
            rows = await self._read_many(connection)
        if not self._claimed:  # the server had not noticed yet that our last connection is gone
            self._claimed = await claim(connection, self._schema)
        number = rows[0]["number"]
        if number - self._alive >= SIGN:
            number = await self._say_alive(connection, number)
        _, self._next, under_way = rows[0]["snapshot"].split(":")
        self._under_way = [number for number in under_way.split(",") if number]
        if fresh := [row for row in rows if row["op"]]:
            await self._record(connection, fresh, number)

    async def _record(self, connection: Any, rows: list[Any], number: int) -> None:
        """Records rows, which may take its time, and goes on saying meanwhile that their reader lives."""
        recording = asyncio.create_task(self._rows.record(rows))
        try:
            while not (await asyncio.wait({recording}, timeout=LONG))[0]:
                number = await self._say_alive(connection, number)
        finally:
            await recording

    async def _read_many(self, connection: Any) -> list[Any]:
        """The same for a statement about many rows: in parts, each of which shows that the server lives."""
        rows: list[Any] = []
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            async with asyncio.timeout(SORTS):
                sql = READ.format(schema=self._schema)
                cursor = await connection.cursor(sql, self._next, self._under_way, None)
                part = await cursor.fetch(MANY)
            while part:
                rows += part
                async with asyncio.timeout(ANSWERS):
                    part = await cursor.fetch(MANY)
        return rows

    async def _say_alive(self, connection: Any, number: int) -> int:
        """Tells the trigger that its rows up to `number` have a reader; returns the number that it has come to."""
        async with asyncio.timeout(ANSWERS):
            row = await connection.fetchrow(ALIVE.format(schema=self._schema), number)
        if row["number"] - self._alive >= UNREAD:  # the trigger has given up on us for a while
            gap(self._history, self._source, f"more than {UNREAD} changes came before they could be read")
        self._alive = number
        return int(row["number"])

    # a connection that was lost

    async def _reconnect(self, error: BaseException) -> None:
        """A new connection and our lock again; what happened meanwhile stands in the table. Raises Blind."""
        self.connection.terminate()
        deadline = time.monotonic() + RECONNECT
        while not self._stopping:
            try:
                async with asyncio.timeout(max(0.1, deadline - time.monotonic())):
                    self.connection = await connect(self._url)
                    self._claimed = await own(self.connection, self._schema)
                    kept = await self.connection.fetchval(KEPT.format(schema=self._schema))
            except (*LOST, DeployError) as again:
                if self.away:
                    deadline = time.monotonic() + RECONNECT  # from when it is there again
                elif time.monotonic() + RETRY >= deadline:
                    self._die(f"{why(error)}; not to be reached again within {RECONNECT:.0f} s ({why(again)})")
                    raise Blind(self.blind) from again
                # reason: a server that comes back tells nobody
                await asyncio.sleep(RETRY)
                continue
            self.connection.add_termination_listener(self._ended)
            if not kept:
                reason = "the database recovered from a crash, in which what had not been read yet was lost"
                gap(self._history, self._source, reason)
                self._next, self._under_way = "0", []
            return
        raise Blind("the run is over")

    def _die(self, reason: str) -> None:
        self.blind = f"the database is lost: {reason}"
        if not self._stopping:
            died(self._history, "the database", f"{address(self._url)}: {reason}")

    async def stop(self) -> None:
        """Reads no more; a reading under way is finished first."""
        self._stopping = True
        self._wake.set()
        await asyncio.wait({self._task}, timeout=ANSWERS + RETRY)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def own(connection: Any, schema: str) -> bool:
    """Makes a connection the one that reads; False where it hasn't got the lock by which others see that we live."""
    await connection.execute(INDEXED)
    return await claim(connection, schema)


def why(error: BaseException) -> str:
    return str(error) or type(error).__name__
