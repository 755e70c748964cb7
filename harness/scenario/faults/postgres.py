"""Faults of PostgreSQL itself: gone for a while, read-only, with a full disk."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

from harness.errors import Unobservable
from harness.history import Event
from harness.probes.connection import APPLICATION, connect, hang_up
from harness.probes.relation import resolve
from harness.probes.trigger import PREFIX
from harness.scenario.faults.window import Window
from harness.scenario.steps import step

CLIENTS: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> $1"
)
UNLOGGED: Final = """
SELECT c.oid::regclass::text AS table FROM pg_class AS c
WHERE c.relname = 'transition' AND c.relpersistence = 'u' AND c.relnamespace::regnamespace::text LIKE $1
"""
READ_ONLY: Final = r"cannot execute .* in a read-only transaction"
FULL: Final = r"No space left on device"
REFUSING: Final = """
CREATE FUNCTION {schema}.full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'disk_full', HINT = 'Check free disk space.',
        MESSAGE = format('could not extend file "base/%s": No space left on device', TG_RELID);
END $$
"""


class Postgres(Window):
    """What can be done to the PostgreSQL of a deployment of ours; all of it is put back as it was."""

    @contextlib.contextmanager
    @step(lambda _, immediate=False: f"PostgreSQL is down{', at once' if immediate else ''}")
    def postgres_down(self, *, immediate: bool = False) -> Iterator[Event]:
        """Ends PostgreSQL, and starts it again at the end of the block.

        As an administrator does (`fast`: connections are ended, transactions rolled back), or `immediate`: as a crash
        of its processes, after which it recovers from its log. Nothing that it has committed is lost in either.
        """
        services = self._services("postgres", "an end of PostgreSQL")
        clients = 0

        def start(_: Event) -> None:
            nonlocal clients
            clients = self._asked(self._count)
            if immediate:
                self._asked(self._keep_the_record)
            number = signal.SIGQUIT if immediate else signal.SIGINT
            self._loop.run(services.end("postgres", lambda: os.kill(services.pid("postgres"), number)))

        def heal(_: Event) -> int:
            if not services.runs("postgres"):
                self._loop.run(services.start("postgres"))
            return clients

        how = {"how": "immediate" if immediate else "fast"}
        with self._window("down", "postgres", start=start, heal=heal, more=how) as begin:
            yield begin

    def postgres_restart(self, *, immediate: bool = False) -> None:
        """Ends PostgreSQL and starts it again."""
        with self.postgres_down(immediate=immediate):
            pass

    @contextlib.contextmanager
    @step(lambda _: "PostgreSQL is read-only")
    def postgres_read_only(self) -> Iterator[Event]:
        """Makes every transaction read-only that begins from now on, in sessions that are open, too."""

        async def set_(connection: Any) -> None:
            await connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            await connection.execute("SELECT pg_reload_conf()")

        async def reset(connection: Any) -> None:
            await connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            await connection.execute("SELECT pg_reload_conf()")

        with self._erring("read-only", READ_ONLY, set_, reset) as begin:
            yield begin

    @contextlib.contextmanager
    @step(lambda _: "the disk of PostgreSQL is full")
    def postgres_disk_full(self) -> Iterator[Event]:
        """Refuses every insert and update of the message table with what PostgreSQL says when its disk is full (53100).

        No disk is filled, which would end the server, or us: a trigger says so.
        """
        database = self._waiting.profile.database

        async def set_(connection: Any) -> None:
            await connection.execute("DROP SCHEMA IF EXISTS messaging_harness_full CASCADE")
            await connection.execute("CREATE SCHEMA messaging_harness_full")
            await connection.execute(REFUSING.format(schema="messaging_harness_full"))
            call = "FOR EACH STATEMENT EXECUTE FUNCTION messaging_harness_full.full()"
            for table in await resolve(connection, database):
                where = table.members[table.oid]
                await connection.execute(f'CREATE TRIGGER "!full" BEFORE INSERT OR UPDATE ON {where} {call}')

        async def reset(connection: Any) -> None:
            await connection.execute("DROP SCHEMA IF EXISTS messaging_harness_full CASCADE")

        with self._erring("disk full", FULL, set_, reset) as begin:
            yield begin

    # how

    @contextlib.contextmanager
    def _erring(
        self,
        fault: str,
        said: str,
        set_: Callable[[Any], Awaitable[None]],
        reset: Callable[[Any], Awaitable[None]],
    ) -> Iterator[Event]:
        """A fault under which PostgreSQL answers with an error, of which its log tells how often it did."""
        services = self._services("postgres", f"a PostgreSQL that is {fault}")
        since = services.said("postgres")

        def heal(_: Event) -> int:
            self._asked(reset)
            return services.count("postgres", said, since=since)

        with self._window(fault, "postgres", start=lambda _: self._asked(set_), heal=heal) as begin:
            yield begin

    def _asked(self, question: Callable[[Any], Awaitable[Any]]) -> Any:
        """What a question answers that is asked of PostgreSQL on a connection of its own."""
        url = self._driver.addresses.database
        if url is None:
            raise Unobservable("this deployment has no PostgreSQL")

        async def ask() -> Any:
            connection = await connect(url)
            try:
                return await question(connection)
            finally:
                await hang_up(connection)

        return self._loop.run(ask())

    @staticmethod
    async def _keep_the_record(connection: Any) -> None:
        """What our own trigger has written, and nobody has read yet, outlives a crash, too."""
        for row in await connection.fetch(UNLOGGED, f"{PREFIX}%"):
            await connection.execute(f"ALTER TABLE {row['table']} SET LOGGED")

    @staticmethod
    async def _count(connection: Any) -> int:
        return int(await connection.fetchval(CLIENTS, APPLICATION))
