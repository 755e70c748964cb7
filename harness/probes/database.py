"""The database, by a trigger of our own: every insert and status change, however short the state lasted."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import asyncpg

from harness.errors import DeployError, Unobservable
from harness.history import History
from harness.probes import clock
from harness.probes.connection import LOST, address, connect, hang_up
from harness.probes.leftovers import by_hand, new_schema, remove, sweep, tell
from harness.probes.locks import Held, patiently
from harness.probes.probe import declare, gap
from harness.probes.reader import ANSWERS, Blind, Reader, own, why
from harness.probes.relation import resolve
from harness.probes.trigger import schema_sql, trigger_sql
from harness.probes.watching import Watched
from harness.profile import Database, Statuses

__all__ = ["DatabaseProbe", "connect"]

NOW = "SELECT extract(epoch FROM clock_timestamp())::float8"
FUNCTION = "SELECT oid FROM pg_catalog.pg_proc WHERE pronamespace = $1::text::regnamespace"
REFERENCE = Statuses()
REMOVE = 8.0
"""Seconds to take the trigger off again, whatever state the server is in."""


READ_ONLY = "SELECT reset_val = 'on' FROM pg_catalog.pg_settings WHERE name = 'default_transaction_read_only'"


def read_only(url: str, why: str) -> DeployError:
    return DeployError(
        f"the database at {address(url)} takes no changes ({why}); name its primary in [database] url, "
        "and a user that may write, or set [database] observe = 'api'"
    )


class DatabaseProbe:
    """Records every insert and status change of the message table; leaves nothing behind.

    The schema's name is this run's own, and an advisory lock on it is held while we live: what a killed harness left
    is known by its free lock and removed at the next start.
    """

    name = "database"

    def __init__(self, history: History, profile: Database, *, url: str, statuses: Statuses = REFERENCE) -> None:
        self._history = history
        self._statuses = statuses
        self._profile = profile
        self._url = url
        self._schema = new_schema()
        self._reader: Reader | None = None
        self._watched: Watched | None = None

    async def start(self) -> None:
        """Creates schema and trigger; raises DeployError or ProfileError, and then nothing is left of them."""
        connection = await connect(self._url)
        if await connection.fetchval(READ_ONLY):
            connection.terminate()
            # who set it for the whole database meant us, too; later it may be an outage, through which we still read
            raise read_only(self._url, "its transactions are read-only by default")
        try:
            await self._create(connection)
            await clock.measure(self._history, self.name, lambda: now(connection), url=self._url)
        except BaseException as error:
            with contextlib.suppress(*LOST):
                await self._remove(connection)
            if isinstance(error, (*LOST, asyncpg.PostgresError)):
                raise DeployError(
                    f"the harness's trigger can't be created in the database at {address(self._url)}: "
                    f"{why(error)}; mend that, or set [database] observe = 'api'"
                ) from error
            raise
        declare(self._history, self.name, "database.inserted", "database.status")
        where = {"url": self._url, "schema": self._schema}
        self._reader = Reader(
            self._history, self.name, connection, **where, statuses=self._statuses, incoming=self._profile.incoming
        )

    async def _create(self, connection: Any) -> None:
        tables = await resolve(connection, self._profile)
        await sweep(connection)
        await own(connection, self._schema)
        try:
            await connection.execute(schema_sql(self._schema, tables[0].columns))
            numbered = enumerate(tables)
            statements = [sql for place, table in numbered for sql in trigger_sql(self._schema, table, place=place)]
            await patiently(connection, statements, tables=[oid for table in tables for oid in table.members])
        except Held as held:
            where = " and ".join(map(str, tables))
            raise DeployError(
                f"the harness's trigger can't be put on table {where}: the lock that it takes is held by {held}"
            ) from held
        except asyncpg.InsufficientPrivilegeError as error:
            raise DeployError(
                f"the database user may not create the harness's trigger ({error.args[0]}); "
                "grant it, or set [database] observe = 'api'"
            ) from error
        except asyncpg.ReadOnlySQLTransactionError as error:
            raise read_only(self._url, str(error)) from error
        self._watched = Watched(tables, function=await connection.fetchval(FUNCTION, self._schema))
        await self._watched.begin(connection)

    async def settle(self) -> None:
        """Reads what was committed until now, and sees whether the trigger still stands where it was put."""
        if self._reader is None or self._watched is None:
            return
        if self._reader.away:
            raise Unobservable("PostgreSQL is down, by a fault of ours, so it can't be read to its end; do so after it")
        try:
            await self._reader.read()
            await self._reader.ask(self._look)
        except Blind as blind:
            gap(self._history, self.name, str(blind))

    async def _look(self, connection: Any) -> None:
        assert self._watched is not None  # noqa: S101 - reason: settle has seen it
        async with asyncio.timeout(ANSWERS):
            await self._watched.look(connection, self._history, self.name)

    async def stop(self) -> None:
        if self._reader is None:
            return
        reader, self._reader = self._reader, None
        await reader.stop()
        with contextlib.suppress(*LOST, asyncpg.PostgresError):
            async with asyncio.timeout(ANSWERS):
                await clock.measure(self._history, self.name, lambda: now(reader.connection), url=self._url)
        try:
            left = await self._remove(reader.connection)
            if left:
                tell(left)
        except LOST as error:
            left = self._left(f"the database doesn't answer ({why(error)})")
        if left:
            gap(self._history, self.name, left, kinds=["probe.gap"])  # all that was to be seen was seen

    async def _remove(self, connection: Any) -> str:
        """Takes our own off the database and hangs up; returns "" or what is left, raises what is in LOST."""
        try:
            if connection.is_closed():
                connection = await connect(self._url, timeout=ANSWERS)
            async with asyncio.timeout(REMOVE):
                reason = await remove(connection, self._schema)
        except DeployError as error:
            raise OSError(str(error)) from error
        except LOST:
            connection.terminate()
            raise
        await hang_up(connection)
        return self._left(reason) if reason else ""

    def _left(self, reason: str) -> str:
        return f"the harness's trigger stays in the database, since {reason}; remove it with: {by_hand(self._schema)}"


async def now(connection: Any) -> float:
    seconds: float = await connection.fetchval(NOW)
    return seconds
