"""Every way in which rows change in a SQLite file, and schemas of every make."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlite_scene import MINE, OURS, TABLE, Scene

from harness.loop import Loop

ID = "11111111-2222-4333-8444-555555555555"
BARE = ID.replace("-", "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stack.db"


# statements


@pytest.mark.parametrize("recursive", ["off", "on"])
@pytest.mark.parametrize("options", ["", "WITHOUT ROWID", "STRICT", "STRICT, WITHOUT ROWID"])
def test_a_row_that_is_replaced_is_one_that_changed(loop: Loop, path: Path, recursive: str, options: str) -> None:
    """Without recursive triggers SQLite tells of a replaced row as of an inserted one."""
    scene = Scene(loop, path, ddl=TABLE.rstrip() + options).start()
    scene.execute(f"PRAGMA recursive_triggers = {recursive}")
    scene.execute("INSERT OR REPLACE INTO messages (id, status) VALUES ('m1', 'pending')")
    scene.seen()
    scene.execute("INSERT OR REPLACE INTO messages (id, status) VALUES ('m1', 'sent')")
    scene.execute("REPLACE INTO messages (id, status) VALUES ('m1', 'sent'), ('m2', 'pending')")
    assert scene.moves() == [
        ("inserted", "m1", None, "pending"),
        ("status", "m1", "pending", "sent"),
        ("inserted", "m2", None, "pending"),
    ]
    assert scene.gaps() == []
    scene.close()


def test_upserts_and_what_is_ignored(loop: Loop, path: Path) -> None:
    scene = Scene(loop, path).start()
    upsert = (
        "INSERT INTO messages (id, status) VALUES ('m1', ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status"
    )
    scene.execute(upsert, "pending")
    scene.execute(upsert, "sent")
    scene.execute("INSERT OR IGNORE INTO messages (id, status) VALUES ('m1', 'again')")
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'x') ON CONFLICT DO NOTHING")
    assert scene.moves() == [("inserted", "m1", None, "pending"), ("status", "m1", "pending", "sent")]
    scene.close()


def test_a_deleted_row_is_said_of_its_message_alone(loop: Loop, path: Path) -> None:
    """Also one that a foreign key takes along."""
    ddl = f"CREATE TABLE owners (n PRIMARY KEY); {TABLE.rstrip()[:-1]}, owner REFERENCES owners ON DELETE CASCADE)"
    scene = Scene(loop, path, ddl=ddl)
    scene.execute("PRAGMA foreign_keys = on")
    scene.execute("INSERT INTO owners VALUES (1)")
    scene.execute("INSERT INTO messages (id, status) VALUES ('old', 'sent')")
    scene.start()
    scene.execute("INSERT INTO messages (id, status, owner) VALUES ('m1', 'pending', 1), ('m2', 'pending', NULL)")
    scene.seen()
    scene.execute("DELETE FROM messages WHERE id = 'old'")
    assert scene.gaps() == []  # no question is asked about it
    scene.execute("DELETE FROM owners")
    scene.seen()
    (gap,) = scene.history.events("probe.gap")
    assert gap.data["reason"] == "row m1 was deleted when its status was 'pending'"
    assert gap.data["kinds"] == ["database.status"]
    scene.execute("DELETE FROM messages")
    assert scene.gaps()[1:] == ["row m2 was deleted when its status was 'pending'"]
    scene.close()


def test_what_the_application_s_own_trigger_does_comes_after(loop: Loop, path: Path) -> None:
    own = "CREATE TRIGGER at_once AFTER INSERT ON messages BEGIN UPDATE messages SET status = 'sent'; END"
    scene = Scene(loop, path, ddl=f"{TABLE}; {own}").start()
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending", "sent"]
    scene.close()


def test_a_connection_that_trusts_no_schema_writes_all_the_same(loop: Loop, path: Path) -> None:
    scene = Scene(loop, path).start()
    scene.execute("PRAGMA trusted_schema = off")
    scene.execute("INSERT INTO messages (id, status, body) VALUES ('m1', 'pending', 'x #habcdefghij')")
    assert scene.trail() == ["pending"]
    scene.close()


# schemas


@pytest.mark.parametrize(
    ("kind", "given", "shown"),
    [
        ("INTEGER PRIMARY KEY", None, "1"),
        ("INTEGER PRIMARY KEY AUTOINCREMENT", None, "1"),
        ("BIGINT PRIMARY KEY", 2**62, str(2**62)),
        ("TEXT PRIMARY KEY", BARE, BARE),
        ("VARCHAR(36) PRIMARY KEY", ID, ID),
        ("CHAR(32) PRIMARY KEY", BARE, ID),  # as SQLAlchemy and Django keep a uuid
        ("char( 32 ) PRIMARY KEY", BARE.upper(), ID),
        ("CHAR(32) PRIMARY KEY", "no uuid", "no uuid"),
        ("BLOB PRIMARY KEY", uuid.UUID(ID).bytes, ID),
        ("BLOB PRIMARY KEY", b"\xff\x00", "ff00"),
        ("PRIMARY KEY", "m'1\"", "m'1\""),
    ],
)
def test_an_id_of_any_type(loop: Loop, path: Path, kind: str, given: Any, shown: str) -> None:
    scene = Scene(loop, path, ddl=TABLE.replace("TEXT PRIMARY KEY", kind)).start()
    scene.execute("INSERT INTO messages (id, status) VALUES (?, 'pending')", given)
    scene.execute("UPDATE messages SET status = 'sent'")
    assert scene.moves() == [("inserted", shown, None, "pending"), ("status", shown, "pending", "sent")]
    scene.close()


@pytest.mark.parametrize(("first", "second"), [(0, 1), ("new", "sent"), (1.5, 2.5), (None, "sent")])
def test_a_status_of_any_type(loop: Loop, path: Path, first: object, second: object) -> None:
    scene = Scene(loop, path, ddl=TABLE.replace("status TEXT NOT NULL", "status")).start()
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', ?)", first)
    scene.execute("UPDATE messages SET status = ?", second)
    before = None if first is None else str(first)
    assert scene.moves() == [("inserted", "m1", None, before), ("status", "m1", before, str(second))]
    scene.close()


@pytest.mark.parametrize(
    "table", ['Mess\'ages "of" ours', "order", "messages; DROP TABLE x", "main.messages", "MESSAGES"]
)
def test_a_table_with_any_name_is_only_a_name(loop: Loop, path: Path, table: str) -> None:
    name = "messages" if table in ("main.messages", "MESSAGES") else table
    quoted = '"' + name.replace('"', '""') + '"'
    ddl = f'CREATE TABLE {quoted} ("Id" TEXT PRIMARY KEY, "the ""state""" TEXT, "körper" TEXT, "a.b" TEXT)'
    columns = {"id": "id", "status": 'the "state"', "body": "körper", "direction": "a.b", "provider_id": None}
    scene = Scene(loop, path, ddl=ddl, table=table, **columns).start()
    scene.execute(f"INSERT INTO {quoted} VALUES ('m1', 'pending', NULL, 'outbound')")
    (event,) = scene.seen()
    assert (event.message_id, event.data["new"], event.data["direction"]) == ("m1", "pending", "outbound")
    scene.close()


def test_a_view_is_watched_in_the_tables_of_its_rows(loop: Loop, path: Path) -> None:
    ddl = f"{TABLE}; CREATE TABLE archive AS SELECT * FROM messages; CREATE VIEW every AS SELECT id FROM messages"
    scene = Scene(loop, path, ddl=ddl, table="every", rows=["messages", "archive"]).start()
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending'), ('m2', 'pending')")
    scene.execute("UPDATE messages SET status = 'sent' WHERE id = 'm1'")
    scene.execute("INSERT INTO archive SELECT * FROM messages WHERE id = 'm1'")
    scene.execute("DELETE FROM messages WHERE id = 'm1'")
    scene.execute("UPDATE archive SET status = 'delivered'")
    assert scene.trail() == ["pending", "sent", "delivered"]
    assert [kind for kind, *_ in scene.moves()].count("inserted") == 2
    assert scene.gaps() == []
    scene.close()


# migrations under a run

REBUILD = """
BEGIN; CREATE TABLE made (id TEXT PRIMARY KEY, status TEXT, direction TEXT, provider_message_id TEXT, body TEXT, more);
INSERT INTO made SELECT *, 1 FROM messages; DROP TABLE messages; ALTER TABLE made RENAME TO messages; COMMIT
"""
RENAME_FIRST = f"""
BEGIN; ALTER TABLE messages RENAME TO former; {TABLE};
INSERT INTO messages SELECT * FROM former; DROP TABLE former; COMMIT
"""


@pytest.mark.parametrize("migration", [REBUILD, RENAME_FIRST])
@pytest.mark.parametrize("legacy", ["off", "on"])
def test_a_table_that_is_made_anew_is_watched_again(loop: Loop, path: Path, migration: str, legacy: str) -> None:
    scene = Scene(loop, path).start()
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    scene.execute(f"PRAGMA legacy_alter_table = {legacy}")
    scene.stack.executescript(migration)
    reason = "table messages was made anew, or renamed: the harness's trigger went with the old one"
    assert scene.gaps() == [reason]
    assert scene.history.events("probe.gap")[0].data["kinds"] == ["database.inserted", "database.status"]
    scene.execute("UPDATE messages SET status = 'sent'")
    scene.execute("INSERT INTO messages (id, status) VALUES ('m2', 'pending')")
    assert scene.moves() == [
        ("inserted", "m1", None, "pending"),
        ("status", "m1", "pending", "sent"),
        ("inserted", "m2", None, "pending"),
    ]
    assert (scene.gaps(), scene.value(OURS)) == ([reason], MINE)
    scene.run(scene.probe.stop())
    assert scene.value(OURS) == 0
    scene.close()


def test_columns_may_be_added_and_renamed(loop: Loop, path: Path) -> None:
    scene = Scene(loop, path).start()
    scene.execute("ALTER TABLE messages ADD COLUMN more TEXT")
    scene.execute("ALTER TABLE messages RENAME COLUMN status TO state")  # SQLite changes our triggers along
    scene.execute("INSERT INTO messages (id, state) VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]
    assert scene.gaps() == []
    scene.close()


def test_what_is_ours_may_be_emptied_or_dropped(loop: Loop, path: Path) -> None:
    scene = Scene(loop, path).start()
    name = scene.probe._watch.name
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]
    scene.execute(f"DELETE FROM {name}_transition")
    scene.execute("UPDATE messages SET status = 'sending'")
    assert scene.trail() == ["pending", "sending"]
    assert scene.gaps() == ["the harness's own table was emptied"]
    drops = "; ".join(f"DROP TRIGGER {name}_{event}_0" for event in ("insert", "update", "delete"))
    scene.stack.executescript(f"BEGIN; {drops}; DROP TABLE {name}_transition; COMMIT")
    assert scene.gaps()[1:] == ["the harness's own table was dropped"]
    scene.execute("UPDATE messages SET status = 'sent'")
    assert scene.trail() == ["pending", "sending", "sent"]
    assert len(scene.gaps()) == 2
    scene.close()


# a file that comes, goes, and is another


def test_a_file_and_a_table_that_come_when_the_stack_starts(loop: Loop, path: Path) -> None:
    scene = Scene(loop, path, ddl="SELECT 1", late=True).start()
    scene.run(scene.probe.ready())  # nothing is there yet, and nothing speaks against it
    scene.stack.executescript(TABLE)
    scene.run(scene.probe.ready())
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]
    assert scene.gaps() == []
    scene.close()


def test_rows_that_were_there_before_the_trigger_are_a_gap(loop: Loop, path: Path) -> None:
    scene = Scene(loop, path, ddl="SELECT 1", late=True).start()
    scene.stack.executescript(f"BEGIN; {TABLE}; INSERT INTO messages (id, status) VALUES ('m1', 'pending'); COMMIT")
    (reason,) = scene.gaps()
    assert reason.startswith("rows were written before the harness's trigger was there")
    scene.execute("UPDATE messages SET status = 'sent'")
    assert scene.trail() == ["sent"]
    scene.close()


def test_a_stack_that_makes_other_tables_alone_doesn_t_fit(loop: Loop, path: Path) -> None:
    from harness.errors import ProfileError

    scene = Scene(loop, path, ddl="SELECT 1", late=True).start()
    scene.execute("CREATE TABLE mesages (id)")
    with pytest.raises(ProfileError, match=r"'messages' does not exist in this file; did you mean 'mesages'\?"):
        scene.run(scene.probe.ready())
    scene.close()


def test_a_table_that_never_comes_is_unseen(loop: Loop, path: Path) -> None:
    scene = Scene(loop, path, ddl="SELECT 1", journal="delete", late=True).start()
    (reason,) = scene.gaps()
    assert reason == f"there is no SQLite file {path}; mend [database] url, or start what makes it"
    scene.close()


@pytest.mark.parametrize("how", ["replaced by another", "deleted"])
def test_a_file_that_goes_is_said(loop: Loop, path: Path, how: str) -> None:
    scene = Scene(loop, path, journal="delete").start()
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]
    scene.stack.close()
    reason = f"the file {path} was {how} under the run"
    if how == "deleted":
        path.unlink()
        assert scene.gaps() == [reason]
        scene.stack = scene.connect()
        scene.stack.executescript(TABLE)
    else:
        other = Scene(loop, path.with_name("other.db"), journal="delete")
        other.stack.close()
        other.path.replace(path)
        scene.stack = scene.connect()
    assert scene.gaps()[-1] == reason
    scene.execute("INSERT INTO messages (id, status) VALUES ('m2', 'pending')")
    assert scene.moves()[1:] == [("inserted", "m2", None, "pending")]
    first, second = scene.seen()
    assert first.data["sequence"] < second.data["sequence"]
    scene.close()


def test_a_file_that_is_no_database_any_more_ends_nothing(loop: Loop, path: Path) -> None:
    scene = Scene(loop, path, journal="delete").start()
    scene.stack.close()
    path.write_bytes(b"something else" * 500)
    assert "file is not a database" in " ".join(scene.gaps())
    scene.close()


# past the trigger


@pytest.mark.parametrize(("kind", "kept"), [("TEXT", ID), ("CHAR(32)", BARE), ("BLOB", uuid.UUID(ID).bytes)])
def test_a_row_of_which_no_trigger_told_is_found(loop: Loop, path: Path, kind: str, kept: Any) -> None:
    """As of a connection that has switched triggers off."""
    scene = Scene(loop, path, ddl=TABLE.replace("TEXT PRIMARY KEY", f"{kind} PRIMARY KEY")).start()
    scene.execute("INSERT INTO messages (id, status) VALUES ('m0', 'pending')")
    scene.history.append("api.answered", source="api", message_id="m0", data={"operation": "send", "status": 202})
    assert scene.gaps() == []
    name = f"{scene.probe._watch.name}_insert_0"
    sql = scene.value("SELECT sql FROM sqlite_master WHERE name = ?", name)
    scene.execute("BEGIN")
    scene.execute(f"DROP TRIGGER {name}")
    scene.execute("INSERT INTO messages (id, status) VALUES (?, 'pending')", kept)
    scene.execute(sql)
    scene.execute("COMMIT")
    scene.history.append("api.answered", source="api", message_id=ID, data={"operation": "send", "status": 202})
    (reason,) = scene.gaps()
    assert reason.startswith(f"row {ID} stands in its table, and no trigger told of it")
    assert scene.history.events("probe.gap")[0].data["lasting"]
    assert len(scene.gaps()) == 1
    scene.close()


def test_a_message_whose_row_is_still_to_come_is_no_matter(loop: Loop, path: Path) -> None:
    scene = Scene(loop, path).start()
    scene.history.append("queue.appended", source="queue", message_id="m1", data={"entry": "x"})
    assert scene.gaps() == []
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]
    assert scene.gaps() == []
    scene.close()
