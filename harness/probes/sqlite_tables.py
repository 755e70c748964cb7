"""The tables and the columns that a profile names, found in a SQLite file's own schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import ProfileError
from harness.probes.relation import matched, nearest, quote, spellings
from harness.profile import Database

NAMES = """
SELECT name, type, sql FROM sqlite_master WHERE type IN ('table', 'view')
    AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'messaging\\_harness\\_%' ESCAPE '\\' ORDER BY name
"""


class NotYet(ProfileError):
    """The table isn't there, and may still come: an application may make it when it starts.

    `others` says that the file has tables already, so that this one is most likely called otherwise.
    """

    def __init__(self, why: str, *, others: bool = False) -> None:
        super().__init__(why)
        self.others = others


@dataclass(frozen=True, kw_only=True)
class Place:
    """A table in which rows of messages stand; `columns` by what they mean to us."""

    table: str
    columns: Mapping[str, str]
    uuids: bool
    """Whether ids are uuids that are kept without their dashes, as SQLAlchemy and Django do it here."""


def places(connection: sqlite3.Connection, profile: Database) -> list[Place]:
    """The tables of the rows that a profile names; raises NotYet, or ProfileError where a trigger can't watch one."""
    known = {row["name"]: row for row in connection.execute(NAMES)}
    whole = choose(profile.table, known)
    found = [whole, *(choose(name, known, key="rows") for name in profile.rows)]
    if profile.rows:
        found = list(dict.fromkeys(found[1:]))
    return [place(connection, profile, known[name]) for name in found]


def choose(name: str, known: Mapping[str, sqlite3.Row], *, key: str = "table") -> str:
    """The table of this name, which SQLite takes in upper and lower case alike."""
    folded = {there.lower(): there for there in known}
    for spelling in spellings(name):
        table = spelling[-1] if len(spelling) == 1 or spelling[0].lower() == "main" else ""
        if table.lower() in folded:
            return folded[table.lower()]
    raise NotYet(
        f"[database] {key} doesn't fit the stack: table {name!r} does not exist in this file; "
        f"{nearest(name, list(known))}",
        others=bool(known),
    )


def place(connection: sqlite3.Connection, profile: Database, found: sqlite3.Row) -> Place:
    name, key = found["name"], "rows" if profile.rows else "table"
    if found["type"] == "view":
        shown = " ".join(found["sql"].split())[:120]
        raise ProfileError(
            f'[database] {key}: {name} is a view; say beside it where its rows stand: rows = "…", of {shown}'
        )
    if found["sql"].lstrip().upper().startswith("CREATE VIRTUAL"):
        raise ProfileError(f"[database] {key}: {name} is a virtual table, on which no trigger can be put; name a table")
    about = connection.execute(f"PRAGMA table_xinfo({quote(name)})").fetchall()
    # SQLite takes names in upper and lower case alike; what can't be read as it is, is found folded
    there = [row["name"] for row in about]
    alike = {column.lower(): column for column in there}
    wanted = {role: alike.get(str(said).lower(), said) for role, said in profile.columns}
    columns = matched(profile.columns.model_copy(update=wanted), there, table=name)
    declared = next(row["type"] for row in about if row["name"] == columns["id"])
    return Place(table=name, columns=columns, uuids=declared.replace(" ", "").lower() == "char(32)")
