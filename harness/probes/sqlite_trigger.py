"""The SQL that the harness puts into a SQLite file to see every change of a message's row.

The triggers run in the application's own connection and transaction, whatever version of SQLite that has: only what is
old and plain is used. SQLite has no handler for an error in a trigger, so nothing here can raise one: there is no
constraint, and no function that refuses a value.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Final

from harness.probes.relation import quote

PREFIX: Final = "messaging_harness_"
NAMED: Final = re.compile(PREFIX + "([0-9a-f]{8})_[a-z0-9_]+")
KEPT_ROWS: Final = 100_000
"""So many transitions are kept: about 15 MB are all that a killed harness may cost."""

TABLE = """
CREATE TABLE {name}_transition (
    sequence INTEGER PRIMARY KEY, at INTEGER, op TEXT, place TEXT, message_id TEXT, old TEXT, new TEXT,
    provider_id TEXT, direction TEXT, body TEXT
)"""
BEGIN = "INSERT INTO {name}_transition (op) VALUES ('BEGIN')"
"""There is always a row that was read before, so that a table that was emptied is told from one that is quiet."""
TRIGGER = """
CREATE TRIGGER {name}_{event}_{place} AFTER {EVENT} ON {table} {when} BEGIN
    INSERT INTO {name}_transition (at, op, place, message_id, old, new, provider_id, direction, body)
    VALUES ({now}, '{EVENT}', '{place}', {message_id}, {old}, {new}, {provider_id}, {direction}, {body});
    DELETE FROM {name}_transition
    WHERE sequence <= (SELECT max(sequence) FROM {name}_transition) - {kept};
END"""
NOW = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)"
"""Milliseconds, cut off: the finest that all versions have, and the time at which the statement began."""
FIRST = "substr({text}, instr({text}, '#h'), 13)"
LIKE_ONE = "#h" + "[0-9a-z]" * 10
# what could be a token stands at the first mark, or somewhere behind it: then the whole text is kept, for us to look
BODY = """CASE WHEN {short} GLOB '{token}' OR {short} GLOB '{token}[^0-9A-Za-z_]' THEN {short}
        WHEN {text} GLOB '*{token}*' THEN {text} END"""
BYTES: Final = "\\x"
READ = """
SELECT sequence, at, op, place, message_id, old, new, provider_id, direction, body FROM {name}_transition
WHERE sequence >= ? ORDER BY sequence LIMIT ?"""
FOUND = "SELECT type, name, tbl_name FROM sqlite_master WHERE name LIKE 'messaging\\_harness\\_%' ESCAPE '\\'"


def new_name() -> str:
    return PREFIX + secrets.token_hex(4)


def number_of(name: str) -> int:
    """The number of a run by the name of what it puts into a file; no two runs share one."""
    return int(name.removeprefix(PREFIX)[:8], 16)


def text_of(column: str) -> str:
    """A value as text; bytes as hexadecimal digits behind a mark, since they are no text as they are."""
    return f"CASE typeof({column}) WHEN 'blob' THEN '{BYTES}' || lower(hex({column})) ELSE CAST({column} AS TEXT) END"


def trigger_sql(name: str, table: str, columns: Mapping[str, str], *, place: int) -> dict[str, str]:
    """The triggers of one table by their names; `place` tells its rows from those of another table."""
    new = {role: f"NEW.{quote(column)}" for role, column in columns.items()}
    old = {role: f"OLD.{quote(column)}" for role, column in columns.items()}
    watched = [role for role in ("id", "status", "provider_id") if role in columns]
    differs = " OR ".join(f"{old[role]} IS NOT {new[role]}" for role in watched)
    body = f"CAST({new['body']} AS TEXT)" if "body" in columns else ""
    short = FIRST.format(text=body)
    said = {
        "message_id": text_of(new["id"]),
        "old": "NULL",
        "new": text_of(new["status"]),
        "provider_id": text_of(new["provider_id"]) if "provider_id" in new else "NULL",
        "direction": text_of(new["direction"]) if "direction" in new else "NULL",
        "body": BODY.format(short=short, token=LIKE_ONE, text=body) if body else "NULL",
    }
    gone = dict.fromkeys(said, "NULL") | {"message_id": text_of(old["id"]), "old": text_of(old["status"])}
    ways = {
        "insert": ("", said),
        "update": (f"WHEN {differs}", said | {"old": text_of(old["status"])}),
        "delete": ("", gone),
    }
    return {
        f"{name}_{event}_{place}": TRIGGER.format(
            name=name,
            event=event,
            EVENT=event.upper(),
            place=place,
            table=quote(table),
            when=when,
            now=NOW,
            kept=KEPT_ROWS,
            **values,
        )
        for event, (when, values) in ways.items()
    }
