"""Brings the schema up to date, once, however many start at the same time."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from messaging_stack.errors import Unavailable

if TYPE_CHECKING:
    from messaging_stack.settings import Settings

_LOCK = 7_302_611  # any constant will do; it only has to be the same in every process that migrates


def upgrade(settings: Settings) -> None:
    """Upgrades to the newest revision; raises Unavailable when the database can't be reached."""
    url = URL.create(
        "postgresql+asyncpg",
        username=settings.postgres_user,
        password=settings.postgres_password.get_secret_value() or None,
        host=settings.postgres_host,
        port=settings.postgres_port,
        database=settings.postgres_db,
    )
    try:
        asyncio.run(_upgrade(url))
    except (OSError, SQLAlchemyError, _asyncpg_error()) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Unavailable(
            f"can't migrate {settings.postgres_db} at {settings.postgres_host}:{settings.postgres_port}: {reason};"
            " check POSTGRES_HOST, _PORT, _USER, _PASSWORD and _DB"
        ) from error


def _asyncpg_error() -> type[Exception]:
    import asyncpg

    error: type[Exception] = asyncpg.PostgresError
    return error


async def _upgrade(url: URL) -> None:
    engine = create_async_engine(
        url, poolclass=NullPool, connect_args={"server_settings": {"application_name": "messaging-migrate"}}
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run)
            await connection.commit()
    finally:
        await engine.dispose()


def _run(connection: Connection) -> None:
    # The lock lasts as long as the transaction: who comes second waits, and then finds nothing left to do.
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
