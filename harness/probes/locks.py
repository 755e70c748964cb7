"""DDL on the stack's table that keeps nobody waiting: whoever wants a lock that is held blocks all who come after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import asyncpg

LOCK_TIMEOUT_MS = 400
"""So long a statement of the application may stand behind us; below deadlock_timeout, so that we are who gives way."""
STATEMENT_TIMEOUT_MS = 500
"""The same for many locks one after the other, as a table of many partitions has them."""
PAUSE = 0.4
WITHIN = 5.0

WHO = """
SELECT l.pid, a.application_name, a.state, a.backend_type, p.gid,
    extract(epoch FROM clock_timestamp() - coalesce(p.prepared, a.xact_start))::float8 AS age
FROM pg_catalog.pg_locks l
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
LEFT JOIN pg_catalog.pg_prepared_xacts p ON l.pid IS NULL AND l.virtualtransaction = '-1/' || p.transaction::text
WHERE l.locktype = 'relation' AND l.granted AND l.relation = ANY ($1::oid[])
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    AND l.pid IS DISTINCT FROM pg_backend_pid() AND NOT (l.mode = ANY ($2::text[]))
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY age DESC NULLS LAST LIMIT 3
"""
HARMLESS = ("AccessShareLock", "RowShareLock")
"""What CREATE TRIGGER gets along with; a DROP gets along with nothing."""


class Held(Exception):
    """The lock couldn't be had; `str` says who holds it and what ends it."""


async def patiently(
    connection: Any, statements: Sequence[str], *, tables: Sequence[int], dropping: bool = False, within: float = WITHIN
) -> None:
    """Runs DDL in one transaction, again and again for up to `within` seconds; raises Held.

    `tables` are the oids of those that it locks, to say who holds them.
    """
    deadline = time.monotonic() + within
    while True:
        try:
            async with connection.transaction():
                await connection.execute(
                    f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}"
                )
                for statement in statements:
                    await connection.execute(statement)
            return
        except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError) as error:
            by = await holders(connection, tables, dropping=dropping)
            if time.monotonic() + PAUSE >= deadline:
                raise Held(by) from error
        # reason: those who wait for the application's lock go first, and its release is told only to who queues for it
        await asyncio.sleep(PAUSE)


async def holders(connection: Any, tables: Sequence[int], *, dropping: bool) -> str:
    rows = await connection.fetch(WHO, list(tables), [] if dropping else list(HARMLESS))
    if not rows:
        return f"nobody that can be seen (many short locks, or more than {STATEMENT_TIMEOUT_MS} ms of work); try again"
    return f"{'; '.join(map(told, rows))}; {', '.join(map(ended, rows))}, or wait for it"


def ended(row: Any) -> str:
    return f"COMMIT or ROLLBACK PREPARED {row['gid']!r}" if row["gid"] else f"end that of process {row['pid']}"


def told(row: Any) -> str:
    age = f" for {row['age']:.0f} s" if row["age"] is not None else ""
    if row["gid"]:
        return f"the prepared transaction {row['gid']!r}{age}"
    name = row["application_name"] or row["backend_type"] or "of another user"
    return f"process {row['pid']} ({name}, {row['state'] or 'in a transaction'}{age})"
