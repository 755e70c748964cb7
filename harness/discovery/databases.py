"""A PostgreSQL or SQLite database, asked for its tables and rows; every statement only reads."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from harness.discovery.tables import Asked, Column, Row, Table, constant, literals
from harness.errors import DeployError
from harness.loop import Loop
from harness.probes.connection import LOST, connect, hang_up
from harness.probes.relation import quote
from harness.probes.sqlite_file import opened
from harness.profile.database import is_sqlite, sqlite_path

PATIENCE: Final = "3s"
"""How long one statement may take: a table without an index isn't read for long."""
MOST: Final = 300
"""Tables that are looked at."""
ROWS: Final = 5000
"""Rows of which a column's values are read."""

COLUMNS: Final = """
SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, pg_table_is_visible(c.oid) AS visible,
    a.attname AS column, format_type(a.atttypid, NULL) AS type,
    EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary
        AND a.attnum = ANY (i.indkey)) AS key,
    (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid
        AND d.adnum = a.attnum) AS default,
    ARRAY(SELECT e.enumlabel::text FROM pg_catalog.pg_enum e WHERE e.enumtypid = a.atttypid ORDER BY e.enumsortorder)
        AS words,
    ARRAY(SELECT pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid
        AND k.contype = 'c' AND a.attnum = ANY (k.conkey)) AS checks
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND n.nspname NOT LIKE 'pg\\_%'
    AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'messaging\\_harness\\_%'
    AND has_table_privilege(c.oid, 'SELECT')
ORDER BY n.nspname, c.relname, a.attnum LIMIT 6000
"""


def asked(url: str) -> Asked:
    """The database at a URL; raises DeployError where it can't be reached."""
    return Sqlite(url) if is_sqlite(url) else Postgres(url)


class Postgres:
    """A PostgreSQL, over one connection in a loop of its own."""

    def __init__(self, url: str) -> None:
        self._loop = Loop()
        try:
            self._connection = self._loop.run(self._begin(url))
        except BaseException:
            self._loop.close()
            raise

    @staticmethod
    async def _begin(url: str) -> Any:
        connection = await connect(url)
        await connection.execute(f"SET default_transaction_read_only = on; SET statement_timeout = '{PATIENCE}'")
        return connection

    def tables(self) -> list[Table]:
        found: dict[str, list[Column]] = {}
        kinds: dict[str, str] = {}
        for row in self._fetch(COLUMNS):
            name = row["name"] if row["visible"] else f"{row['schema']}.{row['name']}"
            words = tuple(row["words"]) or next(
                (one for clause in row["checks"] if (one := literals(clause, row["column"]))), ()
            )
            column = Column(
                name=row["column"], type=row["type"], key=row["key"], words=words, default=constant(row["default"])
            )
            found.setdefault(name, []).append(column)
            kinds[name] = "view" if row["kind"] == "v" else "table"
        return [
            Table(name=name, columns=tuple(columns), kind=kinds[name]) for name, columns in list(found.items())[:MOST]
        ]

    def distinct(self, table: Table, column: str) -> tuple[str, ...]:
        name = quote(*table.name.split(".", 1)) if "." in table.name else quote(table.name)
        rows = self._fetch(
            f"SELECT DISTINCT part.word FROM (SELECT {quote(column)}::text AS word FROM {name} LIMIT {ROWS}) AS part "  # noqa: S608 - reason: names of the catalogue, quoted
            "WHERE part.word IS NOT NULL LIMIT 30"
        )
        return tuple(sorted(row["word"] for row in rows))

    def find(self, table: Table, token: str, ids: Sequence[str]) -> Row | None:
        name = quote(*table.name.split(".", 1)) if "." in table.name else quote(table.name)
        key = table.column(table.id or "")
        for one in ids:
            if key is None:
                break
            stands = f"{quote(key.name)} = $1::text::{key.type}"
            sql = f"SELECT row_to_json(t)::text AS row FROM {name} AS t WHERE {stands} LIMIT 1"  # noqa: S608 - reason: names of the catalogue, quoted, and its own name of a type
            with contextlib.suppress(DeployError):
                for row in self._fetch(sql, one):
                    return loaded(row["row"])
        texts = [column.name for column in table.columns if column.texts]
        if not texts:
            return None
        stands = " OR ".join(f"strpos({quote(column)}::text, $1) > 0" for column in texts)
        sql = f"SELECT row_to_json(t)::text AS row FROM {name} AS t WHERE {stands} LIMIT 1"  # noqa: S608 - reason: names of the catalogue, quoted
        with contextlib.suppress(DeployError):
            for row in self._fetch(sql, token):
                return loaded(row["row"])
        return None

    def _fetch(self, sql: str, *values: Any) -> list[Any]:
        try:
            rows: list[Any] = self._loop.run(self._connection.fetch(sql, *values))
        except (*LOST, asyncpg.PostgresError) as error:
            raise DeployError(f"the database refused a question: {error or type(error).__name__}") from error
        return rows

    def close(self) -> None:
        with contextlib.suppress(*LOST):
            self._loop.run(hang_up(self._connection))
        self._loop.close()


def loaded(text: str) -> Row:
    row: Row = json.loads(text)
    return row


class Sqlite:
    """A SQLite file, opened anew for each question, so that no lock of ours outlives one."""

    def __init__(self, url: str) -> None:
        path = sqlite_path(url)
        if path is None or not path.is_file():
            raise DeployError(
                f"there is no SQLite file at {url}; write sqlite:///relative.db or sqlite:////absolute.db"
            )
        self._path = path

    def tables(self) -> list[Table]:
        found = []
        with self._open() as connection:
            listed = connection.execute(
                "SELECT name, type, coalesce(sql, '') AS sql FROM sqlite_master WHERE type IN ('table', 'view') "
                "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'messaging\\_harness\\_%' ESCAPE '\\' "
                "ORDER BY name LIMIT ?",
                (MOST,),
            ).fetchall()
            for row in listed:
                columns = connection.execute(
                    "SELECT name, type, pk, dflt_value FROM pragma_table_info(?)", (row["name"],)
                ).fetchall()
                clauses = re.findall(r"CHECK\s*\(((?:[^()]|\([^()]*\))*)\)", row["sql"], re.IGNORECASE)
                built = tuple(
                    Column(
                        name=one["name"],
                        type=one["type"],
                        key=bool(one["pk"]),
                        default=constant(one["dflt_value"]),
                        words=next((words for clause in clauses if (words := literals(clause, one["name"]))), ()),
                    )
                    for one in columns
                )
                found.append(Table(name=row["name"], columns=built, kind=row["type"]))
        return found

    def distinct(self, table: Table, column: str) -> tuple[str, ...]:
        part = f"(SELECT {quote(column)} AS word FROM {quote(table.name)} LIMIT {ROWS})"  # noqa: S608 - reason: names of the schema, quoted
        sql = f"SELECT DISTINCT CAST(word AS TEXT) AS word FROM {part} WHERE word IS NOT NULL LIMIT 30"  # noqa: S608 - reason: as above
        with self._open() as connection:
            return tuple(sorted(row["word"] for row in connection.execute(sql)))

    def find(self, table: Table, token: str, ids: Sequence[str]) -> Row | None:
        texts = [column.name for column in table.columns if column.texts]
        ways = [(f"CAST({quote(table.id)} AS TEXT) = ?", one) for one in ids] if table.id else []
        ways += [(f"instr({quote(column)}, ?) > 0", token) for column in texts]
        with self._open() as connection:
            for stands, value in ways:
                sql = f"SELECT * FROM {quote(table.name)} WHERE {stands} LIMIT 1"  # noqa: S608 - reason: names of the schema, quoted
                row = connection.execute(sql, (value,)).fetchone()
                if row is not None:
                    return dict(row)
        return None

    @contextlib.contextmanager
    def _open(self) -> Any:
        try:
            with contextlib.closing(opened(self._path, timeout=2.0)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise DeployError(f"the SQLite file {self._path} can't be read: {error}") from error

    def close(self) -> None:
        """Nothing is open."""
