"""What `[database]` says: which kind, where, and what is called how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import ProfileError
from harness.load.prepared import nowhere
from harness.profile import Profile, parse

STACK = {"processes": {"api": {"command": ["x"]}}}
ATTACHED = {"deploy": {"driver": "attached"}, "api": {"url": "http://127.0.0.1:1"}}


def read(driver: str = "attached", **database: Any) -> Profile:
    base: dict[str, Any] = ATTACHED if driver == "attached" else {**STACK, "deploy": {"driver": driver}}
    return parse({**base, "database": database}, source="p.toml", environ={})


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///stack.db", "stack.db"),
        ("sqlite:///data/stack.db", "data/stack.db"),
        ("sqlite:////var/lib/stack.db", "/var/lib/stack.db"),
        ("sqlite+aiosqlite:////var/lib/stack.db?timeout=5", "/var/lib/stack.db"),
        ("SQLite:////var/a b%20.db", "/var/a b%20.db"),
    ],
)
def test_a_sqlite_url_is_read_as_sqlalchemy_reads_it(url: str, path: str) -> None:
    database = read(url=url).database
    assert (database.kind, database.path) == ("sqlite", Path(path))


def test_postgres_is_meant_where_nothing_is_said() -> None:
    database = read(url="postgresql://u@127.0.0.1/x").database
    assert (database.kind, database.path, database.rows) == ("postgres", None, [])


def test_columns_by_their_old_keys_and_by_their_new_ones() -> None:
    old = read(id="no", direction="", body="words").database.columns
    new = read(columns={"id": "no", "direction": "", "body": "words"}).database.columns
    assert old == new
    assert (new.id, new.status, new.direction, new.body) == ("no", "status", None, "words")


def test_rows_stand_in_one_table_or_in_several() -> None:
    assert read(table="every", rows="letters").database.rows == ["letters"]
    assert read(table="every", rows=["letters", "archive"]).database.rows == ["letters", "archive"]


@pytest.mark.parametrize(
    ("driver", "database", "wrong"),
    [
        ("attached", {"url": "sqlite://"}, r'\[database\] url.*it names no file; write "sqlite:///relative\.db"'),
        ("attached", {"url": "sqlite:///:memory:"}, "it names no file"),
        ("attached", {"kind": "sqlite", "url": "postgresql://x/y"}, 'it is "sqlite", and url names another'),
        ("attached", {"kind": "postgres", "url": "sqlite:///x.db"}, 'it is "postgres", and url names another'),
        ("attached", {"kind": "none", "url": "sqlite:///x.db"}, 'it is "none", and url says where to look'),
        ("containers", {"kind": "sqlite"}, r"\[database\] kind.*can't be watched from here; write \[deploy\] driver"),
        ("attached", {"version": 2, "columns": {"idd": "x"}}, "did you mean 'id'"),
    ],
)
def test_what_can_not_be(driver: str, database: dict[str, Any], wrong: str) -> None:
    database.pop("version", None)
    with pytest.raises(ProfileError, match=wrong) as caught:
        read(driver, **database)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("database", "why"),
    [
        ({}, ""),
        ({"url": "sqlite:///x.db"}, "in a SQLite file"),
        ({"kind": "none"}, "in a database that isn't PostgreSQL"),
        ({"columns": {"id": "no"}}, "in a table that isn't the contract's"),
    ],
)
def test_rows_for_a_load_are_made_in_the_contract_s_tables_alone(database: dict[str, Any], why: str) -> None:
    said = nowhere(read(**database))
    assert (said is None) == (not why)
    assert why in (said or "")
