"""Whether the trigger still stands where it was put: it can be disabled, dropped or left behind by a new table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.history import History
from harness.probes.probe import gap
from harness.probes.relation import Relation

# a trigger that was off for a while is on again, but its row of the catalogue was written anew
LOOK = """
SELECT c.oid, n.nspname AS schema, c.relname AS name, t.oid AS trigger, t.tgenabled::text AS enabled,
    t.xmin::text AS written, t.tgparentid = 0 AS ours, t.tgrelid AS relation
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND t.tgfoid = $2
WHERE c.oid = ANY ($1::oid[])
"""
KINDS = ("database.inserted", "database.status")


@dataclass(frozen=True)
class Seen:
    enabled: str
    written: str
    ours: bool
    relation: int


class Watched:
    """Compares the catalogue with what it said when the trigger had been put up."""

    def __init__(self, tables: Sequence[Relation], *, function: int) -> None:
        self._tables = tables
        self._known = {oid: name for table in tables for oid, name in table.members.items()}
        self._function = function
        self._triggers: dict[int, Seen] = {}
        self._told: set[str] = set()

    async def begin(self, connection: Any) -> None:
        """What stands there now is as it should be."""
        self._triggers = self._seen(await self._rows(connection))

    async def _rows(self, connection: Any) -> list[Any]:
        rows: list[Any] = await connection.fetch(LOOK, list(self._known), self._function)
        return rows

    @staticmethod
    def _seen(rows: list[Any]) -> dict[int, Seen]:
        return {
            row["trigger"]: Seen(row["enabled"], row["written"], row["ours"], row["relation"])
            for row in rows
            if row["trigger"]
        }

    async def look(self, connection: Any, history: History, source: str) -> None:
        """Records a gap for each way in which changes may have passed the trigger by since the last look."""
        rows = await self._rows(connection)
        known = self._known
        names = {row["relation"]: f"{row['schema']}.{row['name']}" for row in rows if row["relation"]}
        now = self._seen(rows)
        for table in self._tables:
            here = next((row for row in rows if row["oid"] == table.oid), None)
            if here is None:
                self._lasting(history, source, f"table {table} was dropped")
            elif (here["schema"], here["name"]) != (table.schema, table.name):
                new = f"{here['schema']}.{here['name']}"
                reason = f"table {table} was renamed to {new}; rows of a new {table} can't be seen"
                self._lasting(history, source, reason)
        disabled: dict[str, str] = {}
        for number, before in self._triggers.items():
            place = names.get(before.relation, known[before.relation])
            if number not in now:
                if before.ours and before.relation in names:
                    self._lasting(history, source, f"the harness's trigger on {place} was dropped")
            elif now[number].enabled == "D":
                remedy = f"ALTER TABLE {place} ENABLE TRIGGER ALL"
                disabled[f"the harness's trigger on {place} is disabled"] = remedy
            elif now[number] != before:
                disabled[f"the harness's trigger on {place} was disabled for a while"] = ""
        for reason, remedy in disabled.items():
            gap(history, source, reason, kinds=KINDS, remedy=remedy)
        self._triggers |= now

    def _lasting(self, history: History, source: str, reason: str) -> None:
        if reason not in self._told:
            self._told.add(reason)
            gap(history, source, reason, kinds=KINDS, lasting=True)
