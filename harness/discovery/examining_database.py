"""Whether a profile's table is there, and whether the harness may see each change in it; nothing is created."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from typing import Any, Final

import asyncpg

from harness.discovery.tried import Sight, Tried
from harness.errors import DeployError, ProfileError
from harness.loop import Loop
from harness.probes.connection import LOST, address, connect, hang_up
from harness.probes.relation import resolve
from harness.probes.sqlite_file import opened
from harness.probes.sqlite_tables import places
from harness.profile import Database, Profile

RIGHTS: Final = """
SELECT has_database_privilege(current_database(), 'CREATE') AS schema, pg_is_in_recovery() AS standby,
    current_setting('default_transaction_read_only') = 'on' AS read_only,
    current_setting('track_commit_timestamp') = 'on' AS timestamps, current_user::text AS who
"""
TRIGGER: Final = (
    "SELECT has_table_privilege($1::oid, 'TRIGGER') AS trigger, has_table_privilege($1::oid, 'SELECT') AS read"
)
SAMPLED: Final = "rows are only sampled through the API"


def examine(profile: Profile, sight: Sight) -> Iterator[Tried]:
    database = profile.database
    if database.observe == "none" or (database.kind == "none" and not profile.look.path):
        sight.lack("rows", "nobody looks at a message's status: [database] url, or [look] path")
        sight.lack("transitions", "nobody looks at a message's status: [database] url, or [look] path")
        return
    if database.kind == "none" or not database.url or database.observe == "api":
        sight.lack("transitions", f"{SAMPLED}: [database] url, or observe")
        if not profile.look.path:
            sight.lack("rows", "the API shows no message: [look] path")
        return
    yield from of_sqlite(database, sight) if database.kind == "sqlite" else of_postgres(database, database.url, sight)


def of_postgres(database: Database, url: str, sight: Sight) -> Iterator[Tried]:
    loop = Loop()
    try:
        connection = loop.run(connect(url))
    except DeployError as error:
        yield Tried(
            part="database", what=f"reach {address(url)}", found=str(error), good=False, remedy="[database] url"
        )
        sight.runs.append("the database can't be reached")
        loop.close()
        return
    try:
        rights = loop.run(connection.fetchrow(RIGHTS))
        number = ".".join(map(str, connection.get_server_version()[:2]))
        yield Tried(part="database", what=f"reach {address(url)}", found=f"PostgreSQL {number}, as {rights['who']}")
        yield from loop_over(loop, connection, database, rights, sight)
    except (*LOST, asyncpg.PostgresError) as error:
        yield Tried(part="database", what="ask its catalogue", found=str(error), good=False)
        sight.runs.append("the database refused a question")
    finally:
        with contextlib.suppress(*LOST):
            loop.run(hang_up(connection))
        loop.close()


def loop_over(loop: Loop, connection: Any, database: Database, rights: Any, sight: Sight) -> Iterator[Tried]:
    try:
        found = loop.run(resolve(connection, database))
    except ProfileError as error:
        yield Tried(part="database", what=f"table {database.table}", found=str(error), good=False, remedy="[database]")
        sight.runs.append("the table or a column isn't there")
        return
    relations = found if isinstance(found, list | tuple) else [found]
    for relation in relations:
        columns = ", ".join(f"{name} = {column}" for name, column in relation.columns.items())
        yield Tried(part="database", what=f"table {relation}", found=columns)
        may = loop.run(connection.fetchrow(TRIGGER, relation.oid))
        lacking = [
            right
            for right, there in (
                ("CREATE on the database", rights["schema"]),
                (f"TRIGGER on {relation}", may["trigger"] or relation.owned),
                ("a server that takes changes (this is a standby)", not rights["standby"]),
            )
            if not there
        ]
        found_ = f"lacks {', '.join(lacking)}" if lacking else "may be put in place (none was)"
        remedy = f"GRANT {' and '.join(lacking)}" if lacking else ""
        yield Tried(part="database", what=f"a trigger on {relation}", found=found_, good=not lacking, remedy=remedy)
        if lacking:
            sight.lack("transitions", f'no trigger may be made, so {SAMPLED} with [database] observe = "api": {remedy}')
            if database.observe in ("auto", "trigger"):
                sight.runs.append(f'no trigger may be made ({", ".join(lacking)}), and [database] observe isn\'t "api"')
    said = "on" if rights["timestamps"] else "off: rows that became visible at once have no order among them"
    yield Tried(part="database", what="track_commit_timestamp", found=said, good=True)


def of_sqlite(database: Database, sight: Sight) -> Iterator[Tried]:
    path = database.path
    if path is None or not path.is_file():
        yield Tried(part="database", what=f"file {path}", found="not there", good=False, remedy="[database] url")
        sight.runs.append("there is no such SQLite file")
        return
    try:
        with contextlib.closing(opened(path, timeout=2.0)) as connection:
            found = places(connection, database)
    except (sqlite3.Error, ProfileError) as error:
        yield Tried(
            part="database", what=f"file {path}", found=str(error), good=False, remedy="[database] table, columns"
        )
        sight.runs.append("the table or a column isn't there")
        return
    for place in found:
        yield Tried(
            part="database", what=f"file {path}", found=f"table {getattr(place, 'table', database.table)} is there"
        )
    good = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    said = "may be put in place (none was)" if good else "the file, or its directory, can't be written"
    yield Tried(
        part="database", what="triggers", found=said, good=good, remedy='write access, or [database] observe = "api"'
    )
    if not good:
        sight.lack("transitions", f"no trigger may be made, so {SAMPLED}")
