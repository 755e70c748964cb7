"""The connection pool to PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import asyncpg

from messaging_stack.errors import Unavailable
from messaging_stack.logs import get_logger
from messaging_stack.waiting import is_set_within

if TYPE_CHECKING:
    from messaging_stack.settings import Settings

log = get_logger()

# What a database that is gone, restarting, read-only (a failover) or out of room or connections raises: worth another
# try, unlike a wrong statement.
CONNECTION_ERRORS = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
)

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 2.0


class _Connection(asyncpg.Connection):  # type: ignore[misc]  # reason: the package ships no types
    """Tells a lost connection as such, also in the moment when asyncpg has not noticed it yet."""

    async def _do_execute(self, *arguments: Any, **options: Any) -> Any:
        try:
            return await super()._do_execute(*arguments, **options)
        except asyncpg.InternalClientError as error:  # the server's farewell came between two statements
            self.terminate()
            raise asyncpg.ConnectionDoesNotExistError("the connection was lost") from error


async def open_pool(settings: Settings, *, application_name: str, stop: asyncio.Event) -> asyncpg.Pool:
    """Opens a pool, waiting with growing pauses until PostgreSQL answers.

    `application_name` shows in pg_stat_activity, and to any trigger: it tells who wrote. Raises Unavailable when
    `stop` is set meanwhile, or when PostgreSQL refuses us for a reason that time won't mend.
    """
    pause = _FIRST_PAUSE_S
    while True:
        try:
            return await asyncpg.create_pool(
                **_where(settings),
                min_size=1,
                max_size=settings.postgres_pool_size,
                timeout=5.0,
                init=_prepare,
                connection_class=_Connection,
                server_settings={"application_name": application_name},
            )
        except (*CONNECTION_ERRORS, asyncpg.CannotConnectNowError) as error:
            log.warning("PostgreSQL can't be reached yet", at=_address(settings), error=str(error), next_try_s=pause)
        except asyncpg.PostgresError as error:
            raise Unavailable(f"PostgreSQL at {_address(settings)} refuses: {error}; check POSTGRES_*") from error
        # reason: a pause between attempts to connect; what is awaited can't announce itself
        if await is_set_within(stop, pause):
            raise Unavailable("stopped while waiting for PostgreSQL")
        pause = min(pause * 2, _LONGEST_PAUSE_S)


async def connect(settings: Settings, *, application_name: str) -> asyncpg.Connection:
    """One connection outside the pool, for what must stay open."""
    return await asyncpg.connect(
        **_where(settings), timeout=5.0, server_settings={"application_name": application_name}
    )


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


def _where(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.postgres_host,
        "port": settings.postgres_port,
        "user": settings.postgres_user,
        "password": settings.postgres_password.get_secret_value() or None,
        "database": settings.postgres_db,
    }


def _address(settings: Settings) -> str:
    return f"{settings.postgres_host}:{settings.postgres_port}"
