"""A connection to the stack's database itself, with settings of its own; a pooler in between is refused."""

from __future__ import annotations

import contextlib
from typing import Any

import asyncpg

from harness.errors import DeployError

APPLICATION = "messaging-harness"
"""What we call ourselves in pg_stat_activity; what is written under this name isn't the stack's doing."""
OLDEST = 13
"""The first version with 64-bit transaction ids that can be read."""
LOST = (
    *(OSError, TimeoutError, asyncpg.InterfaceError),
    *(asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError),
    asyncpg.InternalClientError,  # a question put just when the server's last word came
)
"""What a query raises when the connection is gone, or the server is going."""

SETTINGS = {
    # a timeout of the role's or the database's is meant for the application
    "statement_timeout": "0",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    # our reads must never be the cause of a serialization failure of the application's
    "default_transaction_isolation": "read committed",
    # what is withheld from the application isn't from us: the trigger is told that its reader lives
    "default_transaction_read_only": "off",
    # a server that compiles what it believes to be dear takes half a second for each of our reads
    "jit": "off",
}
APPLY = """
SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS ours(name, value)
WHERE name IN (SELECT name FROM pg_catalog.pg_settings)
"""


def address(url: str) -> str:
    """Where a URL leads to, without user and password: `host:port/name`."""
    return url.rsplit("@", 1)[-1].partition("://")[-1 if "@" not in url and "://" in url else 0].partition("?")[0]


async def connect(url: str, *, timeout: float = 10.0) -> Any:
    """A connection to the stack's database; raises DeployError with what to do."""
    try:
        connection = await asyncpg.connect(url, server_settings={"application_name": APPLICATION}, timeout=timeout)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        why = str(error) or type(error).__name__
        if "unsupported startup parameter" in why:
            raise pooler(url, f"it answered {why!r}") from error
        raise DeployError(
            f"the database at {address(url)} can't be reached: {why}; check [database] url in the profile"
        ) from error
    try:
        await refuse_pooler(connection, url)
        refuse_old(connection, url)
        await connection.fetch(APPLY, list(SETTINGS), list(SETTINGS.values()))
    except BaseException:
        connection.terminate()
        raise
    return connection


async def refuse_pooler(connection: Any, url: str) -> None:
    """Raises DeployError where the process that was promised at the start isn't the one that answers.

    A pooler has no server process for us as yet when it greets us, so it makes a number up. In its hands our locks
    and settings would end up in sessions of the application.
    """
    promised = connection.get_server_pid()
    try:
        async with connection.transaction():  # so that question and answer meet one server, even in transaction mode
            answers = await connection.fetchval("SELECT pg_catalog.pg_backend_pid()")
    except asyncpg.PostgresError as error:
        raise pooler(url, f"a transaction with one question was refused ({error})") from error
    if promised != answers:
        raise pooler(url, f"it greets as process {promised}, and process {answers} answers")


def refuse_old(connection: Any, url: str) -> None:
    version = connection.get_server_version().major
    if version < OLDEST:
        raise DeployError(
            f"the database at {address(url)} is PostgreSQL {version}, and the harness's trigger needs {OLDEST} or "
            "later; set [database] observe = 'api'"
        )


def pooler(url: str, seen: str) -> DeployError:
    return DeployError(
        f"a pooler stands before the database at {address(url)} ({seen}); name the database itself in [database] url"
    )


async def hang_up(connection: Any, *, within: float = 2.0) -> None:
    """Closes a connection, whatever state it is in."""
    with contextlib.suppress(*LOST):
        await connection.close(timeout=within)
