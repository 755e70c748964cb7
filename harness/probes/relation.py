"""The tables and the columns that a profile names, found in the catalogue: no name of a profile is ever run as SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from harness.errors import ProfileError
from harness.profile import Columns, Database

PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')
REQUIRED = ("id", "status")

RELATIONS = """
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, c.relispartition AS is_partition,
    pg_table_is_visible(c.oid) AS visible, pg_has_role(c.relowner, 'USAGE') AS owned
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema'
    AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT LIKE 'messaging\\_harness\\_%'
ORDER BY n.nspname, c.relname
"""
ATTRIBUTES = """
SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
MEMBERS = """
WITH RECURSIVE tree AS (
    SELECT $1::oid AS oid UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON i.inhparent = tree.oid
)
SELECT c.oid, n.nspname AS schema, c.relname AS name FROM tree JOIN pg_catalog.pg_class c USING (oid)
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') ORDER BY c.oid
"""
SHOWN = """
WITH RECURSIVE below AS (
    SELECT $1::oid AS oid UNION
    SELECT d.refobjid FROM below JOIN pg_catalog.pg_rewrite r ON r.ev_class = below.oid
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
        AND d.refclassid = 'pg_catalog.pg_class'::regclass
)
SELECT n.nspname AS schema, c.relname AS name FROM below JOIN pg_catalog.pg_class c USING (oid)
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') ORDER BY 1, 2
"""
PARENT = """
SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_partition_root($1::oid) AS root
JOIN pg_catalog.pg_class c ON c.oid = root JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
"""


@dataclass(frozen=True, kw_only=True)
class Relation:
    """A table in which rows of messages stand."""

    oid: int
    schema: str
    name: str
    partitioned: bool
    owned: bool
    members: Mapping[int, str]
    """Itself and all that inherits from it, partitions too: quoted names by oid."""
    columns: Mapping[str, str]
    """The columns by what they mean to us; an optional one that the stack doesn't have is missing."""

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def quote(*parts: str) -> str:
    """A name as SQL takes it literally, whatever is in it."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


async def resolve(connection: Any, profile: Database) -> list[Relation]:
    """The tables of the rows that a profile names; raises ProfileError where one isn't there, or can't be watched."""
    known = await connection.fetch(RELATIONS)
    whole = choose(profile.table, known)
    if not profile.rows:
        return [await watchable(connection, profile.table, whole, profile.columns)]
    found = [choose(name, known, key="rows") for name in profile.rows]
    if whole["kind"] in ("v", "m"):
        await refuse_unshown(connection, profile, whole, found)
    tables = [
        await watchable(connection, name, row, profile.columns, key="rows")
        for name, row in zip(profile.rows, found, strict=True)
    ]
    for one in tables[1:]:
        if one.columns != tables[0].columns:
            raise ProfileError(f"[database] rows: {tables[0]} and {one} must spell the columns alike")
    whole_ones = {one.oid: one for one in tables if not any(one.oid in set(o.members) - {o.oid} for o in tables)}
    return list(whole_ones.values())


async def watchable(connection: Any, name: str, found: Any, columns: Columns, *, key: str = "table") -> Relation:
    """A table whose rows a trigger can watch; raises ProfileError for anything else."""
    await refuse_others(connection, name, found, key=key)
    there = [column for (column,) in await connection.fetch(ATTRIBUTES, found["oid"])]
    members = await connection.fetch(MEMBERS, found["oid"])
    return Relation(
        oid=found["oid"],
        schema=found["schema"],
        name=found["name"],
        partitioned=found["kind"] == "p",
        owned=found["owned"],
        members={row["oid"]: quote(row["schema"], row["name"]) for row in members},
        columns=matched(columns, there, table=found["name"]),
    )


async def refuse_unshown(connection: Any, profile: Database, view: Any, found: Sequence[Any]) -> None:
    """Raises ProfileError for rows that the view doesn't show."""
    shown = [f"{row['schema']}.{row['name']}" for row in await connection.fetch(SHOWN, view["oid"])]
    for name, row in zip(profile.rows, found, strict=True):
        if f"{row['schema']}.{row['name']}" not in shown:
            raise ProfileError(
                f"[database] rows: {name!r} is no table that {profile.table} shows; "
                f"it shows {', '.join(shown) or 'none'}"
            )


def matched(wanted: Columns, there: Sequence[str], *, table: str) -> dict[str, str]:
    """The columns by what they mean, as the table spells them; raises ProfileError for one that it hasn't got."""
    named: dict[str, str | None] = dict(wanted)
    return {role: column(role, name, there, table=table) for role, name in named.items() if name is not None}


def spellings(name: str) -> Iterator[tuple[str, ...]]:
    """What a name may stand for, likeliest first: as it is, as SQL reads it, and folded to lower case."""
    yield (name,)
    parts = list(PART.finditer(name))
    if ".".join(part.group() for part in parts) == name:
        for fold in (str, str.lower):
            yield tuple(part[1].replace('""', '"') if part[1] else fold(part[2]) for part in parts)
    yield (name.lower(),)


def choose(name: str, relations: Sequence[Any], *, key: str = "table") -> Any:
    """The relation of this name; what the search path finds goes before what stands elsewhere."""
    for visible in (True, False):
        for spelling in spellings(name):
            found = [
                row
                for row in relations
                if spelling in ((row["name"],), (row["schema"], row["name"]))
                and (row["visible"] or not visible or len(spelling) > 1)
            ]
            if len(found) == 1:
                return found[0]
            if found:
                places = ", ".join(f'"{row["schema"]}.{row["name"]}"' for row in found)
                raise ProfileError(
                    f"[database] {key}: {name!r} stands in several schemas, none of them on this user's search path; "
                    f"name one of {places}"
                )
    known = [row["name"] if row["visible"] else f"{row['schema']}.{row['name']}" for row in relations]
    raise ProfileError(
        f"[database] doesn't fit the stack: table {name!r} does not exist in this database; {nearest(name, known)}"
    )


async def refuse_others(connection: Any, name: str, found: Any, *, key: str) -> None:
    """Raises ProfileError for what isn't a table of rows that stand in it."""
    oid, kind = found["oid"], found["kind"]
    if kind in ("v", "m"):
        what = "a view" if kind == "v" else "a materialized view"
        tables = [f"{row['schema']}.{row['name']}" for row in await connection.fetch(SHOWN, oid)]
        beside = (
            f'say beside it where its rows stand: rows = "{tables[0]}"' if tables else "name a table; it shows none"
        )
        more = f" (it shows {', '.join(tables)})" if tables[1:] else ""
        raise ProfileError(f"[database] {key}: {name} is {what}; {beside}{more}")
    if kind == "f":
        raise ProfileError(
            f"[database] {key}: {name} is a foreign table, whose rows change in another database; name that one in "
            "[database] url"
        )
    if found["is_partition"]:
        parent = await connection.fetchrow(PARENT, oid)
        raise ProfileError(
            f"[database] {key}: {name} is one partition; name the whole: {parent['schema']}.{parent['name']}"
        )


def column(role: str, wanted: str, columns: Sequence[str], *, table: str) -> str:
    for spelling in spellings(wanted):
        if len(spelling) == 1 and spelling[0] in columns:
            return spelling[0]
    absent = "" if role in REQUIRED else f', or set {role} = "" if it has none'
    raise ProfileError(
        f"[database] columns don't fit the stack: {role} = {wanted!r}, but table {table} has no such column; "
        f"{nearest(wanted, columns)}{absent}"
    )


def nearest(wanted: str, known: Sequence[str]) -> str:
    by_folded = {name.lower(): name for name in known}
    close = [by_folded[name] for name in get_close_matches(wanted.lower(), list(by_folded), n=3)]
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"it has {', '.join(known[:12])}" if known else "it has none at all"
