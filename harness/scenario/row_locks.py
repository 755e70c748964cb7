"""The rows of messages locked for a moment: who writes one waits, so that an answer that came first came too early."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import asyncpg

from harness.history import Event
from harness.probes.connection import LOST, connect
from harness.probes.relation import quote
from harness.probes.trigger import PREFIX
from harness.scenario.disturbances import began, ended
from harness.scenario.stack import Stack

LOOK_AGAIN_S = 0.01
PATIENCE = "1s"
"""How long the lock is waited for: behind us everybody waits who comes, and a transaction left open may never end."""
LONGEST_S = 3.0
"""How long rows stay locked at most: whoever waits for them may have given up by then."""
TABLES = """
SELECT DISTINCT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_trigger t
JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE t.tgname LIKE $1 AND NOT t.tgisinternal
"""
WAITING = """
SELECT count(*) FROM pg_catalog.pg_locks w
WHERE NOT w.granted AND pg_catalog.pg_backend_pid() = ANY (pg_catalog.pg_blocking_pids(w.pid))
"""


class RowLock:
    """A lock that is held; `met` tells when somebody waits for it."""

    def __init__(self, stack: Stack, connection: Any) -> None:
        self._stack = stack
        self._connection = connection
        self.hits = 0

    def met(self) -> bool:
        """Waits until somebody waits for a row, or for as long as rows may stay locked; whether somebody does."""
        deadline = time.monotonic() + LONGEST_S
        while not self.hits and time.monotonic() < deadline:
            self.hits = int(self._stack.loop.run(self._connection.fetchval(WAITING)))
            if not self.hits:
                self._stack.loop.run(asyncio.sleep(LOOK_AGAIN_S))  # reason: who waits for a lock tells nobody
        return self.hits > 0


@contextlib.contextmanager
def rows_locked(stack: Stack) -> Iterator[RowLock | None]:
    """Keeps everybody from writing a row of a message for as long as the block runs; reading goes on.

    None where it can't be done without harm: on a stack that isn't ours, on another database than PostgreSQL, where no
    trigger of ours stands on the rows, or where somebody else's lock stays. The lock ends with the block, or with our
    connection at the latest.
    """
    ours = stack.profile.deploy.driver != "attached" and stack.profile.database.kind == "postgres"
    url = stack.driver.addresses.database
    if not (ours and url):
        yield None
        return
    connection = stack.loop.run(connect(url))
    try:
        found = stack.loop.run(connection.fetch(TABLES, f"!{PREFIX}%"))
        if not found:
            yield None
            return
        names = ", ".join(f"{quote(row['schema'])}.{quote(row['name'])}" for row in found)
        lock_it = f"BEGIN; SET LOCAL lock_timeout = '{PATIENCE}'; LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"
        try:
            stack.loop.run(connection.execute(lock_it))
        except asyncpg.LockNotAvailableError:
            yield None
            return
        lock = RowLock(stack, connection)
        begin: Event = began(stack.history, "lock", "database")
        try:
            yield lock
        finally:
            # the window ends before anybody goes on: what is written next isn't "while locked"
            # that nobody met it proves nothing either way: what is judged is the order of what happened
            ended(stack.history, begin, hits=lock.hits or None)
            with contextlib.suppress(*LOST):
                stack.loop.run(connection.execute("ROLLBACK"))
    finally:
        stack.loop.run(left(connection))


async def left(connection: Any) -> None:
    """Ends a connection, in the loop that it is of."""
    connection.terminate()
