"""The database, by a trigger of our own: every insert and status change, however short the state lasted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
from typing import Any

import asyncpg

from harness.errors import DeployError, ProfileError
from harness.history import History, key
from harness.probes.probe import TOKEN, declare, gap
from harness.profile import Database

PREFIX = "messaging_harness_"
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")

CREATE = """
CREATE SCHEMA {schema};
CREATE TABLE {schema}.transition (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    message_id text NOT NULL, old text, new text, provider_id text, direction text, token text,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    application text NOT NULL DEFAULT current_setting('application_name')
);
CREATE FUNCTION {schema}.record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    before text := NULL;
    seen record;  -- of no declared type: a table that is gone must fail in the block below, where it is caught
BEGIN
    IF TG_OP = 'UPDATE' THEN before := OLD.{status}::text; END IF;
    INSERT INTO {schema}.transition (message_id, old, new, provider_id, direction, token)
    VALUES (NEW.{id}::text, before, NEW.{status}::text, {provider_id}, {direction}, {token}) RETURNING * INTO seen;
    PERFORM pg_notify('{schema}', json_build_object('sequence', seen.sequence, 'message_id', seen.message_id,
        'old', seen.old, 'new', seen.new, 'at', extract(epoch FROM seen.at), 'by', seen.application,
        'provider_id', seen.provider_id, 'direction', seen.direction, 'token', seen.token, 'op', TG_OP)::text);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    -- observing must never break what is observed; what was missed is told
    PERFORM pg_notify('{schema}', json_build_object('gap', SQLERRM)::text);
    RETURN NULL;
END $$;
CREATE TRIGGER {schema} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {schema}.record();
CREATE TRIGGER {schema}_update AFTER UPDATE ON {table} FOR EACH ROW
    WHEN ({changed}) EXECUTE FUNCTION {schema}.record();
"""

READ = """
SELECT sequence, message_id, old, new, extract(epoch from at)::float8 AS at, application AS by, provider_id,
    direction, token,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon
FROM {schema}.transition WHERE tx::text::bigint >= $1 ORDER BY sequence
"""


class DatabaseProbe:
    """Records every insert and status change of the message table; leaves nothing behind.

    The schema's name is this run's own, and an advisory lock on it is held while we live: what a killed harness left
    is known by its free lock and removed at the next start.
    """

    name = "database"

    def __init__(self, history: History, profile: Database, *, url: str) -> None:
        self._history = history
        self._profile = profile
        self._url = url
        self._schema = PREFIX + secrets.token_hex(6)
        self._connection: Any = None
        self._seen: set[int] = set()
        self._horizon = 0
        self._busy = asyncio.Lock()

    async def start(self) -> None:
        """Creates trigger and schema; raises DeployError when the database can't be reached or grants no DDL."""
        self._connection = await connect(self._url)
        try:
            await self._sweep()
            await self._connection.execute("SELECT pg_advisory_lock(hashtext($1))", self._schema)
            await self._connection.execute(self._sql())
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
            raise ProfileError(
                f"[database] doesn't fit the stack: {error.args[0]}; name its table and columns"
            ) from error
        except asyncpg.InsufficientPrivilegeError as error:
            raise DeployError(
                f"the database user may not create the harness's trigger ({error.args[0]}); "
                "grant it, or set [database] observe = 'api'"
            ) from error
        await self._connection.add_listener(self._schema, self._notified)
        declare(self._history, self.name, "database.inserted", "database.status")

    def _sql(self) -> str:
        p = self._profile
        for name in (p.table, p.id, p.status, p.direction, p.provider_id, p.body):
            if name is not None and not NAME.fullmatch(name):
                raise ProfileError(f"[database]: {name!r} is no plain SQL name")
        changed = f"OLD.{p.status} IS DISTINCT FROM NEW.{p.status}"
        if p.provider_id:
            changed += f" OR OLD.{p.provider_id} IS DISTINCT FROM NEW.{p.provider_id}"
        pattern = TOKEN.pattern.replace(r"\b", r"\M")
        return CREATE.format(
            schema=self._schema,
            table=p.table,
            id=p.id,
            status=p.status,
            provider_id=f"NEW.{p.provider_id}::text" if p.provider_id else "NULL",
            direction=f"NEW.{p.direction}::text" if p.direction else "NULL",
            token=f"substring(NEW.{p.body}::text from '{pattern}')" if p.body else "NULL",
            changed=changed,
        )

    async def _sweep(self) -> None:
        """Removes what killed runs left: schemas of our prefix whose advisory lock nobody holds."""
        rows = await self._connection.fetch(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE $1", PREFIX.replace("_", r"\_") + "%"
        )
        for (schema,) in rows:
            if await self._connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", schema):
                await self._connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
                await self._connection.execute("SELECT pg_advisory_unlock(hashtext($1))", schema)

    def _notified(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        row = json.loads(str(payload))
        if "gap" in row:
            gap(self._history, self.name, f"the trigger could not record a change: {row['gap']}")
        else:
            self._record(row)

    def _record(self, row: dict[str, Any]) -> None:
        sequence = int(row["sequence"])
        if sequence in self._seen:
            return
        self._seen.add(sequence)
        kind = "database.status" if row["old"] is not None else "database.inserted"
        if kind == "database.status" and row["old"] == row["new"] and not row["provider_id"]:
            return
        data = {"sequence": sequence, "old": row["old"], "new": row["new"], "by": row["by"]}
        data |= {name: row[name] for name in ("direction", "provider_id") if row[name]}
        keys = []
        if row["provider_id"]:
            keys.append(key("provider", row["provider_id"]))
        if row["token"]:
            keys.append(key("token", row["token"]))
        self._history.append(
            kind, source="database", at=float(row["at"]), message_id=row["message_id"], data=data, keys=keys
        )

    async def settle(self) -> None:
        """Reads what was committed and not yet notified.

        A transaction that was still open at the last reading has an id from that reading's horizon on, so nothing
        that commits late is missed.
        """
        if self._connection is None:
            return
        try:
            async with self._busy:
                sql = READ.format(schema=self._schema)
                rows = await self._connection.fetch(sql, self._horizon)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            gap(self._history, self.name, f"the database can't be read any more: {error or type(error).__name__}")
            return
        for row in rows:
            self._record(dict(row))
            self._horizon = max(self._horizon, row["horizon"])

    async def stop(self) -> None:
        if self._connection is None or self._connection.is_closed():
            return
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await self._connection.remove_listener(self._schema, self._notified)
            await self._connection.execute(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE")
        await self._connection.close(timeout=2)


async def connect(url: str) -> Any:
    """A connection to the stack's database; raises DeployError with what to do."""
    settings = {"application_name": "messaging-harness"}
    try:
        return await asyncpg.connect(url, server_settings=settings, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        where = url.rsplit("@", 1)[-1]
        why = str(error) or type(error).__name__
        raise DeployError(
            f"the database at {where} can't be reached: {why}; check [database] url in the profile"
        ) from error
