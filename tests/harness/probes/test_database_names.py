"""The table and the columns that a profile names: quoted, in other schemas, views, and what can't be watched."""

from __future__ import annotations

import pytest
from database_scene import TRIGGERS, Scene

from harness.errors import DeployError, ProfileError
from harness.loop import Loop

MIXED = """
CREATE TABLE "Message" ("Id" bigint PRIMARY KEY, "Status" text, "providerMessageId" text, "the body" text, "a.b" text)
"""
COLUMNS = {"id": "Id", "status": "Status", "provider_id": "providerMessageId", "body": "the body", "direction": "a.b"}
NASTY = 'x"; DROP TABLE messages; --'


def columns(table: str) -> str:
    return f"CREATE TABLE {table} (id text, status text, direction text, provider_message_id text, body text);"


@pytest.mark.parametrize("table", ["Message", '"Message"', "public.Message", 'public."Message"', '"public"."Message"'])
def test_quoted_names(loop: Loop, database: str, table: str) -> None:
    scene = Scene(loop, database, ddl=MIXED, table=table, **COLUMNS).start()
    scene.execute("""INSERT INTO "Message" VALUES (7, 'pending', NULL, 'x #habcdefghij', 'out')""")
    scene.execute("""UPDATE "Message" SET "Status" = 'sent', "providerMessageId" = 'SM1'""")
    inserted, moved = scene.seen()
    assert (inserted.message_id, inserted.data["direction"]) == ("7", "outbound")
    assert moved.data["provider_id"] == "SM1"
    assert "token:#habcdefghij" in inserted.keys
    scene.close()
    assert scene.history.events("probe.gap") == []


@pytest.mark.parametrize(
    ("ddl", "table"),
    [
        (columns("messages"), "Messages"),  # as SQL folds it
        (columns("messages") + columns('"Messages"').replace("id text", "number text"), "messages"),
        (columns("messages").replace("id text", "number text") + columns('"Messages"'), "Messages"),  # exact goes first
        ('CREATE SCHEMA "My App";' + columns('"My App"."Mess.ages"'), '"My App"."Mess.ages"'),
        (columns('"my.messages"'), "my.messages"),
        ("CREATE SCHEMA my;" + columns("my.messages") + columns('"my.messages"'), "my.messages"),
        ("CREATE SCHEMA app;" + columns("app.messages"), "app.messages"),
        ("CREATE SCHEMA app;" + columns("app.messages"), "APP.Messages"),
        ("CREATE SCHEMA app;" + columns("app.messages"), "messages"),  # off the search path, but the only one
        ("CREATE SCHEMA app;" + columns("app.messages") + columns("messages"), "messages"),  # the search path tells
        (columns('"x""y"'), 'x"y'),
        (columns('"x$$y"'), "x$$y"),
        (columns('"{x} %s"'), "{x} %s"),
        (columns('"x\'; SELECT 1; --"'), "x'; SELECT 1; --"),
    ],
)
def test_a_table_is_found(loop: Loop, database: str, ddl: str, table: str) -> None:
    scene = Scene(loop, database, ddl=ddl, table=table).start()
    assert scene.value(TRIGGERS) == 2
    scene.close()


def test_a_column_with_any_name_is_only_a_name(loop: Loop, database: str) -> None:
    quoted = NASTY.replace('"', '""')
    ddl = columns("messages").replace("status", f'"{quoted}"').replace("body", '"$$ {b} %s"')
    scene = Scene(loop, database, ddl=ddl, status=NASTY, body="$$ {b} %s").start()
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]
    scene.close()


@pytest.mark.parametrize(
    ("ddl", "profile", "message"),
    [
        (
            columns("letters") + "CREATE VIEW messages AS SELECT * FROM letters",
            {},
            r"table: messages is a view; say beside it where its rows stand: rows = \"public\.letters\"$",
        ),
        (
            columns("a") + columns("b") + "CREATE VIEW v AS SELECT a.* FROM a JOIN b USING (id);"
            "CREATE MATERIALIZED VIEW messages AS SELECT * FROM v",
            {},
            r"messages is a materialized view; say beside .*: rows = \"public\.a\" \(it shows public\.a, public\.b\)",
        ),
        ("CREATE VIEW messages AS SELECT 1 AS id", {}, "messages is a view; name a table; it shows none"),
        (
            "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
            "CREATE FOREIGN TABLE messages (id text, status text) SERVER s",
            {},
            r"messages is a foreign table, whose rows change in another database; name that one in \[database\] url",
        ),
        (
            "CREATE TABLE whole (id text, status text) PARTITION BY LIST (id);"
            "CREATE TABLE messages PARTITION OF whole DEFAULT",
            {},
            r"messages is one partition; name the whole: public\.whole",
        ),
        (
            "CREATE SCHEMA a; CREATE SCHEMA b;" + columns("a.messages") + columns("b.messages"),
            {},
            r"'messages' stands in several schemas, .*; name one of \"a\.messages\", \"b\.messages\"",
        ),
        ("CREATE SCHEMA app;" + columns("app.mesages"), {}, r"did you mean 'app\.mesages'\?"),
        ("SELECT 1", {}, "table 'messages' does not exist in this database; it has none at all"),
        (MIXED, {"table": "Message", **COLUMNS, "id": "idn"}, r"id = 'idn'.*no such column; did you mean 'Id'\?"),
        (
            MIXED,
            {"table": "Message", **COLUMNS, "provider_id": "provider_message_id"},
            r"did you mean 'providerMessageId'\?, or set provider_id = \"\" if it has none",
        ),
        (
            columns("letters") + columns("b") + "CREATE VIEW messages AS SELECT * FROM letters",
            {"rows": "b"},
            r"rows: 'b' is no table that messages shows; it shows public\.letters",
        ),
        (
            columns("letters") + "CREATE VIEW v AS SELECT * FROM letters; CREATE VIEW messages AS SELECT * FROM v",
            {"rows": "v"},
            r"rows: 'v' is no table that messages shows",
        ),
        (columns("messages") + "CREATE VIEW v AS SELECT 1", {"rows": ["messages", "v"]}, r"rows: v is a view"),
        (
            columns("messages") + columns("old").replace("status", '"Status"'),
            {"rows": ["messages", "old"], "status": "Status"},
            r"rows: public\.messages and public\.old must spell the columns alike",
        ),
        (columns("messages"), {"table": 'mess"ages'}, "does not exist"),
        (columns("messages"), {"table": "a.b.c"}, "does not exist"),
        (columns("messages"), {"status": "status; DROP TABLE messages"}, "no such column"),
    ],
)
def test_what_can_not_be_watched(loop: Loop, database: str, ddl: str, profile: dict[str, str], message: str) -> None:
    scene = Scene(loop, database, ddl=ddl, **profile)
    with pytest.raises(ProfileError, match=message) as caught:
        scene.start()
    assert "\n" not in str(caught.value)
    scene.close()


VIEW = columns("app.letters") + columns("app.notes") + "CREATE VIEW messages AS SELECT id, status FROM app.letters"


def test_a_view_is_watched_in_the_table_of_its_rows(loop: Loop, database: str) -> None:
    ddl = f"CREATE SCHEMA app; {VIEW} UNION ALL SELECT id, status FROM app.notes"
    scene = Scene(loop, database, ddl=ddl, rows=["app.letters", "app.notes"]).start()
    scene.execute("INSERT INTO app.letters VALUES ('m1', 'pending'); INSERT INTO app.notes VALUES ('m2', 'pending')")
    scene.execute("UPDATE app.letters SET status = 'sent'")
    assert (scene.trail("m1"), scene.trail("m2")) == (["pending", "sent"], ["pending"])
    scene.close()
    assert (scene.gaps(), scene.history.events("probe.gap")) == ([], [])


def test_rows_that_an_application_writes_through_a_view(loop: Loop, database: str) -> None:
    scene = Scene(loop, database, ddl=f"CREATE SCHEMA app; {VIEW}", rows="app.letters").start()
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")  # a view of one table takes changes
    scene.execute("UPDATE messages SET status = 'sent'")
    assert scene.trail() == ["pending", "sent"]
    scene.close()


def test_a_database_that_takes_no_changes(loop: Loop, database: str) -> None:
    scene = Scene(loop, database)
    scene.execute(f"ALTER DATABASE {database.rsplit('/', 1)[-1]} SET default_transaction_read_only = on")
    with pytest.raises(DeployError, match=r"takes no changes .*; name its primary in \[database\] url"):
        scene.start()
    scene.close()
