"""A SQLite file, by triggers of our own: every insert and status change, however short the state lasted."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from harness.errors import DeployError, ProfileError
from harness.history import Event, History
from harness.probes.leftovers import tell
from harness.probes.probe import declare, gap
from harness.probes.rows import Rows
from harness.probes.sqlite_ddl import Locked
from harness.probes.sqlite_file import busy, identity, stamp, unreadable
from harness.probes.sqlite_reader import DROPPED, Transitions
from harness.probes.sqlite_tables import NotYet
from harness.probes.sqlite_watch import Watch
from harness.profile import Database, Statuses

SHORT, LONG = 0.002, 0.05
"""Seconds between two looks at the file's times: while something goes on in the run, and while nothing does."""
AWAKE = 1.0
COARSE = 0.05
"""So long after a change its time may not tell of another one: the kernel notes times by its ticks."""
ANYWAY = 0.25
"""The file is read so often, whatever its times say: not every file system keeps them well."""
SETTLES = 5.0
BUSY = 0.005
KINDS = ("database.inserted", "database.status")
BEFORE = "rows were written before the harness's trigger was there; what came of them until then wasn't seen"
UNTOLD = "stands in its table, and no trigger told of it: a connection of the stack's may have them switched off"
REFERENCE = Statuses()


class SqliteProbe:
    """Records every insert and status change of the message table; leaves nothing behind.

    `late` says that the file or the table may come only when the stack starts: the triggers are put up at the first
    moment at which the table is there. The file is read in our own loop: a reading takes a fraction of a millisecond,
    and one that finds the file locked is put off.
    """

    name = "database"

    def __init__(
        self, history: History, profile: Database, *, path: Path, statuses: Statuses = REFERENCE, late: bool = False
    ) -> None:
        self._history = history
        self._path = path.absolute()
        self._late = late
        self._watch = Watch(self._path, profile)
        self._transitions = Transitions(self._watch.name)
        self._rows = Rows(history, self.name, statuses=statuses, incoming=profile.incoming)
        self._why = ""
        """Why the file isn't watched."""
        self._missed = False
        self._named: set[str] = set()
        """Messages that others told of since the file was last compared with what the triggers did."""
        self._stamp: tuple[int, ...] = ()
        self._changed_at = self._read_at = self._heard_at = 0.0
        self._busy = asyncio.Lock()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Puts the triggers up; raises DeployError or ProfileError, and then nothing is left of them."""
        self._loop = asyncio.get_running_loop()
        declare(self._history, self.name, *KINDS)
        try:
            await self._begin()
        except NotYet:
            if not self._late:
                raise
        except Locked as locked:
            raise DeployError(
                f"the harness's trigger can't be put into {self._path}: its lock is {locked}; end that, or wait for it"
            ) from locked
        except sqlite3.Error as error:
            raise unreadable(self._path, error) from error
        finally:
            if not self._watch.on:
                await asyncio.to_thread(self._watch.clear)
        self._history.listen(self._heard)
        self._task = asyncio.create_task(self._follow())

    async def ready(self) -> None:
        """Watches the table that the stack has made by now; raises ProfileError where it made others alone."""
        async with self._busy:
            error = await self._try()
        if isinstance(error, ProfileError) and not (isinstance(error, NotYet) and not error.others):
            raise error

    async def _begin(self) -> None:
        """Watches the file from now on; raises NotYet, ProfileError, Locked, or what SQLite raises."""
        self._watch.look()  # in most cases of a table that isn't there, this is all
        put = await asyncio.to_thread(self._watch.put)
        self._transitions.begin(put.tables, anew=put.anew)
        self._watch.open()
        if self._task is not None and (put.rows or self._missed):
            gap(self._history, self.name, self._why if self._missed else BEFORE, kinds=KINDS)
            self._named.clear()
        self._missed = False

    async def _try(self) -> Exception | None:
        """Watches the file again, where that can be done now; else what stands against it."""
        if self._watch.on:
            return None
        try:
            await self._begin()
        except (ProfileError, Locked, sqlite3.Error, OSError) as error:
            self._why = self._why if self._missed else str(error)
            return error
        return None

    # when to read

    def _heard(self, event: Event) -> None:
        """Somebody recorded something, in whatever thread: the file will change, too."""
        if event.message_id and event.kind in ("api.answered", "queue.appended"):
            self._named.add(event.message_id)
        asleep = time.monotonic() - self._heard_at > AWAKE
        self._heard_at = time.monotonic()
        loop = self._loop
        if asleep and loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop may be closing at this moment
                loop.call_soon_threadsafe(self._wake.set)

    async def _follow(self) -> None:
        while not self._stopping:
            async with self._busy:
                if await self._try() is None:
                    with contextlib.suppress(sqlite3.Error):  # it is locked, and looked at again
                        await self._look()
            # a file tells nobody that it has changed, so there is a period; what others record ends a long one early
            period = SHORT if time.monotonic() - self._heard_at < AWAKE and self._watch.on else LONG
            self._wake.clear()
            if not self._stopping:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), period)

    async def _look(self) -> None:
        """Reads, where the file may have changed since the last reading."""
        now, seen = time.monotonic(), stamp(self._path)
        if seen != self._stamp:
            self._stamp, self._changed_at = seen, now
        if now - self._changed_at < COARSE or now - self._read_at >= ANYWAY:
            await self._read()

    async def _read(self, *, compare: bool = False) -> None:
        """Records all that was committed before this call; raises sqlite3.Error where the file is locked.

        `compare`: also looks whether the rows that stand there are those that were told of.
        """
        connection = self._watch.connection
        if connection is None:
            return
        if (there := identity(self._path)) != self._watch.file:
            self._lose(f"the file {self._path} was {'replaced by another' if there else 'deleted'} under the run")
            return
        try:
            gone = self._transitions.gone(connection)
            rows, untold = [], list[str]()
            if gone != DROPPED:
                with snapshot(connection) if compare else contextlib.nullcontext():
                    rows = self._transitions.read(connection)
                    untold = self._transitions.untold(connection, self._take_named()) if compare else []
        except sqlite3.Error as error:
            if busy(error):
                raise
            self._lose(f"{self._path} can't be read any more: {error}")
            return
        self._read_at = time.monotonic()
        await self._rows.record(rows)
        if untold:
            gap(self._history, self.name, f"row {untold[0]} {UNTOLD}", kinds=KINDS, lasting=True)
        while self._transitions.gaps:
            gap(self._history, self.name, self._transitions.gaps.pop(0))
        if gone:
            self._lose(gone)
            await self._try()

    def _take_named(self) -> set[str]:
        named, self._named = self._named, set()
        return named

    def _lose(self, why: str) -> None:
        """Watches nothing for now; what is missed until it is watched again is said then, or at each settling."""
        self._why, self._missed = why, True
        self._watch.close()

    # settling and stopping

    async def settle(self) -> None:
        """Reads what was committed until now; where the file stays locked, or isn't watched, that is a gap."""
        if self._task is None or self._stopping:
            return
        deadline = time.monotonic() + SETTLES
        async with self._busy:
            while (error := await self._settled()) and busy(error) and time.monotonic() < deadline:  # noqa: ASYNC110 - reason: as below
                # reason: SQLite tells nobody when a lock is free
                await asyncio.sleep(BUSY)
            if error is not None:
                gap(self._history, self.name, f"{self._path} could not be read within {SETTLES:.0f} s: {error}")
            elif not self._watch.on:
                gap(self._history, self.name, self._why, kinds=KINDS, remedy="[database] url and table")

    async def _settled(self) -> sqlite3.Error | None:
        await self._try()
        try:
            await self._read(compare=True)
        except sqlite3.Error as error:
            return error
        await self._try()  # what was lost just now may be there again
        return None

    async def stop(self) -> None:
        if self._task is None or self._stopping:
            return
        await self.settle()
        self._stopping = True
        self._wake.set()
        await self._task
        self._loop = None
        self._watch.close()
        left = await asyncio.to_thread(self._watch.clear)
        if left:
            tell(left)
            gap(self._history, self.name, left, kinds=["probe.gap"])  # all that was to be seen was seen


@contextlib.contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Reads of one moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
