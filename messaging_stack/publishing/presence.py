"""How other processes know that this one lives, and how it hears of new work: one connection kept open."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg

from messaging_stack import database
from messaging_stack.logs import get_logger
from messaging_stack.store import outbox
from messaging_stack.waiting import is_set_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from messaging_stack.settings import Settings

log = get_logger()

_RECONNECT_PAUSE_S = 0.5


class Presence:
    """Holds an advisory lock under a number of its own, `owner`, for as long as the process lives.

    PostgreSQL frees the lock the moment the process dies, of whatever cause, so what it owned is taken over at once;
    a process that is merely slow or stopped keeps what it owns. No grace period could tell the two apart.
    """

    def __init__(self, settings: Settings, *, application_name: str) -> None:
        self.owner: int | None = None
        self._settings = settings
        self._application_name = application_name
        self._on_notice: Callable[[], None] = _ignore
        self._connection: asyncpg.Connection | None = None
        self._lost = asyncio.Event()
        self._stop = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def start(self, *, on_notice: Callable[[], None]) -> None:
        """Connects, and keeps connected; `on_notice` is called when there may be something new in the outbox.

        Where the database takes nothing just now, it owns nothing until it does.
        """
        self._on_notice = on_notice
        try:
            await self._connect()
        except (*database.CONNECTION_ERRORS, asyncpg.PostgresError) as error:
            log.warning("not in touch with PostgreSQL yet", error=str(error))
            self._lost.set()
        self._keeper = asyncio.create_task(self._keep(), name="presence")

    async def stop(self) -> None:
        """Gives up the lock."""
        self._stop.set()
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self.owner = None
        if self._connection and not self._connection.is_closed():
            await self._connection.close(timeout=1)

    async def _keep(self) -> None:
        while not self._stop.is_set():
            await self._lost.wait()
            self.owner = None
            try:
                await self._connect()
            except (*database.CONNECTION_ERRORS, asyncpg.PostgresError) as error:
                log.warning("lost touch with PostgreSQL", error=str(error), next_try_s=_RECONNECT_PAUSE_S)
                # reason: a pause between attempts to connect; what is awaited can't announce itself
                await is_set_within(self._stop, _RECONNECT_PAUSE_S)
                self._lost.set()
            else:
                self._on_notice()

    async def _connect(self) -> None:
        half_way, self._connection = self._connection, None  # an earlier attempt may have failed after connecting
        if half_way is not None:
            half_way.terminate()
        self._lost.clear()
        connection = await database.connect(self._settings, application_name=self._application_name)
        self._connection = connection
        connection.add_termination_listener(self._terminated)
        owner = await connection.fetchval("SELECT nextval('outbox_owner')::integer")
        await connection.execute("SELECT pg_advisory_lock($1::integer, $2::integer)", outbox.LOCK_CLASS, owner)
        await connection.add_listener(outbox.CHANNEL, lambda *_: self._on_notice())
        self.owner = owner

    def _terminated(self, connection: asyncpg.Connection) -> None:
        if connection is self._connection:
            self._lost.set()


def _ignore() -> None:
    """Nobody listens yet."""
