"""Taking the harness's trigger off a database again: this run's own at its end, a killed run's at the next start."""

from __future__ import annotations

import contextlib
import re
import secrets
import sys
from typing import Any

import asyncpg

from harness.probes.locks import WITHIN, Held, patiently
from harness.probes.trigger import MUTE, PREFIX
from harness.visible import visible

SPACE = 0x6D686172
"""Our half of every advisory lock ("mhar"), so that it is nobody else's."""
NAMED = re.compile(PREFIX + "([0-9a-f]{8})")
FOUND = "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname LIKE 'messaging\\_harness\\_%' ORDER BY nspname"
TABLES = """
SELECT DISTINCT t.tgrelid FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = $1
"""
OWN = """
SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1
"""
SWEEP_WITHIN = 2.0
"""Seconds for each thing that a killed run left: it must not keep this run from starting."""


SCHEMA_WITHIN = 1.0
"""Seconds for our own table, when the trigger is gone: what is left then costs nobody anything."""


def new_schema() -> str:
    return PREFIX + secrets.token_hex(4)


def half_of(schema: str) -> int:
    """The other half of a schema's advisory lock: its own number, so no two schemas share one."""
    named = NAMED.fullmatch(schema)
    if named is None:
        raise ValueError(f"{schema!r} is no schema of ours")
    return int.from_bytes(bytes.fromhex(named[1]), "big", signed=True)


async def claim(connection: Any, schema: str) -> bool:
    """Takes the lock by which others see that the schema's run lives; False where somebody has it."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", SPACE, half_of(schema)))


async def release(connection: Any, schema: str) -> None:
    await connection.fetchval("SELECT pg_advisory_unlock($1, $2)", SPACE, half_of(schema))


async def remove(connection: Any, schema: str, *, within: float = WITHIN) -> str:
    """Drops trigger and schema; returns "" or why that couldn't be had, and then what is left does nothing.

    The trigger goes first, with its function, and in a transaction of its own: a DROP SCHEMA would lock our table while
    it waits for the stack's, and a transaction of the application has them the other way round.
    """
    try:
        tables = [oid for (oid,) in await connection.fetch(TABLES, schema)]
        function = f"DROP FUNCTION IF EXISTS {schema}.record() CASCADE"
        await patiently(connection, [function], tables=tables, dropping=True, within=within)
        own = [oid for (oid,) in await connection.fetch(OWN, schema)]
        everything = f"DROP SCHEMA IF EXISTS {schema} CASCADE"
        await patiently(connection, [everything], tables=own, dropping=True, within=min(within, SCHEMA_WITHIN))
    except Held as held:
        # a function can be replaced without any lock on the tables that it watches
        with contextlib.suppress(asyncpg.PostgresError):
            await connection.execute(MUTE.format(schema=schema))
        return f"the lock that it takes is held by {held}"
    except asyncpg.PostgresError as error:
        return str(error)
    return ""


def by_hand(schema: str) -> str:
    """The SQL that removes what is left, in the order that blocks nobody for long."""
    return f"SET lock_timeout = '400ms'; DROP FUNCTION {schema}.record() CASCADE; DROP SCHEMA {schema} CASCADE"


async def sweep(connection: Any) -> None:
    """Removes what killed runs left: schemas of ours whose lock is free."""
    for (schema,) in await connection.fetch(FOUND):
        if not NAMED.fullmatch(schema) or not await claim(connection, schema):
            continue
        try:
            why = await remove(connection, schema, within=SWEEP_WITHIN)
        finally:
            await release(connection, schema)
        if why:
            tell(f"what a killed run left stays in the database, since {why}; remove it with: {by_hand(schema)}")


def tell(text: str) -> None:
    """A line for whoever runs the harness, about what it could not put right."""
    print(f"harness: {visible(text)}", file=sys.stderr)
