"""The rows of messages, read only when somebody asks: what became of each, and not when.

For loads that are watched for their account alone: nothing is put into the database, and nothing is read from it before
the load is over. Each reading takes the whole table in one statement, so it is for a database that the run has made.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncpg

from harness.errors import DeployError
from harness.history import History
from harness.probes import clock
from harness.probes.connection import LOST, address, connect, hang_up
from harness.probes.database import now
from harness.probes.probe import TOKEN, declare, gap
from harness.probes.reader import why
from harness.probes.relation import Relation, quote, resolve
from harness.probes.rows import Rows
from harness.profile import Database, Statuses

WITHIN_S = 60.0
"""Seconds for one reading of the whole table."""
OPTIONAL = ("provider_id", "direction")
READ = "SELECT {id}::text AS message_id, {status}::text AS new, {provider_id}, {direction}, {token} FROM {table}"


class LateRows:
    """Records each row as it stands at a reading, and later what has changed of it."""

    name = "database"

    def __init__(self, history: History, profile: Database, *, url: str, statuses: Statuses) -> None:
        self._history = history
        self._profile = profile
        self._url = url
        self._rows = Rows(history, self.name, statuses=statuses, incoming=profile.incoming)
        self._known: dict[tuple[int, str], tuple[str | None, str | None]] = {}
        self._number = 0
        self._connection: Any = None
        self._tables: list[Relation] = []
        self._blind = False

    async def start(self) -> None:
        """Finds the tables; raises DeployError or ProfileError."""
        self._connection = await connect(self._url)
        try:
            self._tables = await resolve(self._connection, self._profile)
            for place, table in enumerate(self._tables):  # what stands there already is none of this run's
                self._new(place, await self._connection.fetch(read(table)))
            await clock.measure(self._history, self.name, lambda: now(self._connection), url=self._url)
        except (*LOST, asyncpg.PostgresError) as error:
            self._connection.terminate()
            raise DeployError(
                f"the rows of the database at {address(self._url)} can't be read: {why(error)}; "
                "mend that, or leave --observe account out"
            ) from error
        declare(self._history, self.name, "database.inserted", "database.status")

    async def settle(self) -> None:
        """Reads every row; never raises."""
        if self._blind:
            return
        try:
            for place, table in enumerate(self._tables):
                async with asyncio.timeout(WITHIN_S):
                    rows = await self._connection.fetch(read(table))
                await self._rows.record(self._new(place, rows))
        except (*LOST, asyncpg.PostgresError) as error:
            self._blind = True
            gap(self._history, self.name, f"the rows can't be read any more: {why(error)}", lasting=True)

    def _new(self, place: int, rows: list[Any]) -> list[dict[str, Any]]:
        """What of these rows is new, as the trigger would have written it down."""
        found = []
        at = time.time()
        for row in rows:
            name, said = (place, row["message_id"]), (row["new"], row["provider_id"])
            before = self._known.get(name)
            if before == said:
                continue
            self._known[name] = said
            self._number += 1
            more = {"op": "UPDATE" if before else "INSERT", "old": before[0] if before else None}
            when = {"at": at, "committed": at, "read": at, "sequence": self._number, "tx": str(self._number)}
            found.append({**row, **more, **when, "place": str(place), "by": None})
        return found

    async def stop(self) -> None:
        if self._connection is not None:
            await hang_up(self._connection)


def read(table: Relation) -> str:
    """The statement that reads a table's rows."""
    columns = table.columns
    optional = {role: f"{quote(columns[role])}::text" if role in columns else "NULL::text" for role in OPTIONAL}
    pattern = TOKEN.pattern.replace(r"\b", r"\M")
    token = f"substring({quote(columns['body'])}::text from '{pattern}')" if "body" in columns else "NULL::text"
    return READ.format(
        id=quote(columns["id"]),
        status=quote(columns["status"]),
        table=quote(table.schema, table.name),
        token=f"{token} AS token",
        **{role: f"{value} AS {role}" for role, value in optional.items()},
    )
