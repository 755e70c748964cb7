"""Reads the transitions of one SQLite file to their end, and turns them into the rows that are recorded."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from harness.probes.probe import token_in
from harness.probes.relation import quote
from harness.probes.sqlite_tables import Place
from harness.probes.sqlite_trigger import BYTES, FOUND, READ, trigger_sql

MANY = 10_000
UUID_DIGITS = 32
HEX: Final = frozenset("0123456789abcdef")
DROPPED = "the harness's own table was dropped"
STANDS = "SELECT 1 FROM {table} WHERE {id} IN (?, ?, ?)"
OVERRUN = "more changes came than are kept, before they could be read"
EMPTIED = "the harness's own table was emptied"


class Transitions:
    """What the triggers of one run wrote down since it was last asked; `gaps` says what of that is missing."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tables: Sequence[Place] = ()
        self._last = 0
        self._before = 0
        """How far the numbers came in tables of ours before this one."""
        self._begun = 0.0
        self._schema = -1
        self._statuses: dict[tuple[str, str], str | None] = {}
        self._told: set[str | None] = set()
        """The messages of which a trigger told."""
        self._fresh: list[dict[str, Any]] = []
        self.gaps: list[str] = []

    def begin(self, tables: Sequence[Place], *, anew: bool) -> None:
        """Takes these tables for watched; `anew`: our own table was made just now, and is empty."""
        self._tables, self._schema = tables, -1
        if anew:
            self._before += self._last
            self._last = 1  # of the row that is always there

    def gone(self, connection: sqlite3.Connection) -> str:
        """What of ours doesn't stand any more where it was put, in words; looks where the schema has changed."""
        (version,) = connection.execute("PRAGMA schema_version").fetchone()
        if version == self._schema:
            return ""
        there = {row["name"]: row["tbl_name"] for row in connection.execute(FOUND)}
        if f"{self._name}_transition" not in there:
            return DROPPED
        for number, table in enumerate(self._tables):
            for trigger in trigger_sql(self._name, table.table, table.columns, place=number):
                if there.get(trigger, "").lower() != table.table.lower():
                    return f"table {table.table} was made anew, or renamed: the harness's trigger went with the old one"
        self._schema = version
        return ""

    def read(self, connection: sqlite3.Connection) -> list[dict[str, Any]]:
        """All that was committed before this call and not read yet, as rows.py takes it.

        Raises sqlite3.Error where the file is locked, and then the next call returns what was read until then, too.
        """
        begun = time.time()
        while True:
            part = connection.execute(READ.format(name=self._name), (self._last, MANY)).fetchall()
            whole = len(part) < MANY
            read_before = bool(part) and part[0]["sequence"] == self._last
            part = part[1:] if read_before else self._again(connection, part)
            now = time.time()
            self._fresh += [self._row(row, read=now) for row in part if row["op"] != "BEGIN"]
            if part:
                self._last = part[-1]["sequence"]
            if whole:
                # nobody could see before what wasn't there when it was last looked at
                self._begun = begun
                fresh, self._fresh = self._fresh, []
                return fresh

    def untold(self, connection: sqlite3.Connection, ids: Iterable[str]) -> list[str]:
        """Those of some messages whose rows stand in a table although no trigger told of them."""
        found = []
        for shown in (one for one in ids if one not in self._told):
            self._told.add(shown)
            bare = shown.replace("-", "").lower()
            kept = [shown, bare, bytes.fromhex(bare) if len(bare) == UUID_DIGITS and set(bare) <= HEX else shown]
            for table in self._tables:
                sql = STANDS.format(table=quote(table.table), id=quote(table.columns["id"]))
                if connection.execute(sql, kept).fetchone():
                    found.append(shown)
        return found

    def _again(self, connection: sqlite3.Connection, part: list[sqlite3.Row]) -> list[sqlite3.Row]:
        """What there is to read where the row that was read last is gone."""
        if not self._last:
            return part
        if part:
            self.gaps.append(OVERRUN)
            return part
        self.gaps.append(EMPTIED)
        self._before += self._last
        self._last = 0
        return connection.execute(READ.format(name=self._name), (0, MANY)).fetchall()

    def _row(self, row: sqlite3.Row, *, read: float) -> dict[str, Any]:
        """One transition; a replaced row, which SQLite reports as inserted alone, is one that changed."""
        where = (row["place"], row["message_id"])
        made = dict(row) | {"tx": "", "by": None, "committed": None, "read": read}
        made["sequence"] = self._before + row["sequence"]
        made["at"] = max(row["at"] / 1000, self._begun)
        made["token"] = token_in(row["body"]) if row["body"] else None
        made["message_id"] = self._shown(row)
        self._told.add(made["message_id"])
        if row["op"] == "DELETE":
            self._statuses.pop(where, None)
            return made
        if row["op"] == "INSERT" and where in self._statuses:
            made |= {"op": "UPDATE", "old": self._statuses[where]}
        self._statuses[where] = row["new"]
        return made

    def _shown(self, row: sqlite3.Row) -> str | None:
        """A message's id as an application shows it: uuids have their dashes again."""
        raw: str | None = row["message_id"]
        if raw is None:
            return None
        digits = raw.removeprefix(BYTES)
        bare = self._tables[int(row["place"])].uuids or digits != raw
        if bare and len(digits) == UUID_DIGITS and set(digits.lower()) <= HEX:
            return str(UUID(digits))
        return digits
