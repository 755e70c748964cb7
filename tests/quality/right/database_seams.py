"""A database that is slow by itself."""

from __future__ import annotations

import sys
from collections.abc import Callable

SLOW = """
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END $$;
CREATE TRIGGER slowly BEFORE INSERT OR UPDATE ON messages FOR EACH ROW EXECUTE FUNCTION slowly();
"""


def slow_rows(seconds: float) -> Callable[[], None]:
    """Every change of a message's row takes so long."""

    def install() -> None:
        if sys.argv[-1] != "migrate":
            return
        import asyncio

        import asyncpg

        from messaging_stack.migrations import run
        from messaging_stack.settings import Settings

        upgrade = run.upgrade

        def upgraded(settings: Settings) -> None:
            upgrade(settings)

            async def add() -> None:
                connection = await asyncpg.connect(
                    host=settings.postgres_host,
                    port=settings.postgres_port,
                    user=settings.postgres_user,
                    password=settings.postgres_password.get_secret_value(),
                    database=settings.postgres_db,
                )
                await connection.execute(SLOW.format(seconds=seconds))
                await connection.close()

            asyncio.run(add())

        run.upgrade = upgraded

    return install
