"""Which table of a real database looks like the messages', and that looking changes nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from harness_support import Postgres

from harness.discovery import databases, tables
from harness.discovery.draft import Draft
from harness.errors import DeployError

SCHEMA = """
CREATE TYPE state AS ENUM ('NEW', 'WORKING', 'DONE', 'BROKEN');
CREATE TABLE users (id bigint PRIMARY KEY, email text, status text);
CREATE TABLE message_events (id bigint PRIMARY KEY, message_id uuid, status text, text text);
CREATE SCHEMA app;
CREATE TABLE app.notifications (
    "jobId" uuid PRIMARY KEY DEFAULT gen_random_uuid(), phone text, text text, state state NOT NULL DEFAULT 'NEW',
    provider_ref text
);
INSERT INTO app.notifications (phone, text) VALUES ('+1', 'hello #habcdefghij')
"""
LITE = """
CREATE TABLE mails (
    id INTEGER PRIMARY KEY, recipient TEXT, text TEXT, state INTEGER NOT NULL DEFAULT 0, sendgrid_id TEXT
);
CREATE TABLE alembic_version (version_num TEXT);
INSERT INTO mails (recipient, text) VALUES ('a@example.com', 'hello #habcdefghij')
"""
TOKEN = "#habcdefghij"


def test_postgresql(postgres: Postgres, database: str) -> None:
    postgres.execute(SCHEMA, database=database.rpartition("/")[2])
    draft, asked = Draft(), databases.asked(database)
    try:
        found = tables.look(asked, draft, say=lambda _: None, what="PostgreSQL")
        assert draft.get("database", "table") == "app.notifications"
        columns = {"id": "jobId", "status": "state", "direction": "", "provider_id": "provider_ref", "body": "text"}
        assert draft.get("database", "columns") == columns
        assert draft.get("statuses", "queued") == "NEW"
        assert (draft.get("statuses", "sent"), draft.get("statuses", "failed")) == ("DONE", None)
        row = asked.find(found[0], TOKEN, [])
        assert row is not None
        assert row["state"] == "NEW"
        assert asked.find(found[0], "#hnowhere00", [str(row["jobId"])]) == row
        assert asked.find(found[0], "#hnowhere00", ["no uuid", "17"]) is None
        with pytest.raises(DeployError, match="read-only"):
            asked._fetch("CREATE TABLE t (x int)")  # type: ignore[attr-defined]  # reason: it is PostgreSQL's
    finally:
        asked.close()


def test_sqlite(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(LITE)
    connection.close()
    before = path.read_bytes()
    draft, asked = Draft(), databases.asked(f"sqlite:///{path}")
    found = tables.look(asked, draft, say=lambda _: None, what="SQLite")
    assert draft.get("database", "table") == "mails"
    columns = {"id": "id", "status": "state", "direction": "", "provider_id": "sendgrid_id", "body": "text"}
    assert draft.get("database", "columns") == columns
    assert draft.get("statuses", "queued") == 0
    row = asked.find(found[0], TOKEN, [])
    assert row is not None
    assert row["recipient"] == "a@example.com"
    assert asked.find(found[0], "#hnowhere00", ["1"]) == row
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["app.db"]


@pytest.mark.parametrize("url", ["sqlite:///nowhere.db", "sqlite://", "postgresql://u@127.0.0.1:1/x"])
def test_one_that_isnt_there(url: str) -> None:
    with pytest.raises(DeployError):
        databases.asked(url)


def test_none_that_looks_like_it_is_asked_for() -> None:
    class Empty:
        def tables(self) -> list[tables.Table]:
            return [tables.Table(name="users", columns=(tables.Column(name="id", type="int", key=True),))]

        def distinct(self, table: tables.Table, column: str) -> tuple[str, ...]:
            raise AssertionError(table, column)

        def find(self, table: tables.Table, token: str, ids: object) -> None:
            raise AssertionError(table, token, ids)

        def close(self) -> None: ...

    draft = Draft()
    assert tables.look(Empty(), draft, say=lambda _: None, what="PostgreSQL") == []
    assert ("database", "table") in draft.open


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("'NEW'::state", "NEW"),
        ("0", "0"),
        ("'it''s'::text", "it's"),
        ("'x'::character varying", "x"),
        ("now()", None),
        (None, None),
    ],
)
def test_a_default_is_a_word_or_nothing(expression: str | None, word: str | None) -> None:
    assert tables.constant(expression) == word


def test_a_checks_words() -> None:
    assert tables.literals("CHECK ((state = ANY (ARRAY['a'::text, 'b''c'::text])))", "state") == ("a", "b'c")
    assert tables.literals("CHECK (other IN ('a'))", "state") == ()
