"""What PostgreSQL's backends wait for while a load lasts, looked at with each sample."""

from __future__ import annotations

from typing import Any

import asyncpg

from harness.errors import HarnessError
from harness.loop import Loop
from harness.probes.connection import APPLICATION, connect, hang_up

LOOK = """
SELECT coalesce(wait_event_type, 'processor') AS what, count(*) AS backends FROM pg_catalog.pg_stat_activity
WHERE state = 'active' AND backend_type = 'client backend' AND application_name <> $1 AND pid <> pg_backend_pid()
GROUP BY 1
"""
WITHIN_S = 2.0
"""Seconds for one look; a server that takes longer is told nothing more."""


class Waits:
    """Counts the stack's backends that are at work, by the class of what each waits for; "processor": for nothing.

    The classes are PostgreSQL's own (its manual, "Wait Event Types").
    """

    def __init__(self, loop: Loop, url: str | None) -> None:
        self._loop = loop
        self._url = url
        self._connection: Any = None

    def look(self) -> dict[str, int] | None:
        """The numbers now; None where nobody can be asked."""
        if self._url is None:
            return None
        try:
            return self._loop.run(self._look(self._url), timeout=WITHIN_S)
        except (OSError, TimeoutError, HarnessError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self._url = None
            return None

    async def _look(self, url: str) -> dict[str, int]:
        if self._connection is None:
            self._connection = await connect(url, timeout=WITHIN_S)
        rows = await self._connection.fetch(LOOK, APPLICATION)
        return {row["what"]: row["backends"] for row in rows}

    def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self._loop.run(hang_up(connection), timeout=WITHIN_S)
