"""Tables and columns of every make: partitions, inheritance, rows that move, ids and statuses of any type."""

from __future__ import annotations

import pytest
from database_scene import TABLE, Scene

from harness.history import Event
from harness.loop import Loop

PARTITIONED = """
CREATE TABLE messages (id text, status text NOT NULL, direction text, provider_message_id text, body text)
    PARTITION BY LIST (status);
CREATE TABLE messages_open PARTITION OF messages FOR VALUES IN ('pending', 'sending');
CREATE TABLE messages_done PARTITION OF messages DEFAULT;
"""


def moves(events: list[Event]) -> list[tuple[str, str | None, str]]:
    return [(event.kind.split(".")[1], event.data["old"], event.data["new"]) for event in events]


def test_partitions(loop: Loop, database: str) -> None:
    scene = Scene(loop, database, ddl=PARTITIONED).start()
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    scene.execute("INSERT INTO messages_open (id, status) VALUES ('m2', 'pending')")
    scene.execute("UPDATE messages SET status = 'sending' WHERE id = 'm1'")
    scene.execute("UPDATE messages SET status = 'sent' WHERE id = 'm1'")  # moves it to the other partition
    scene.execute("CREATE TABLE messages_dead PARTITION OF messages FOR VALUES IN ('dead')")
    scene.execute("INSERT INTO messages (id, status) VALUES ('m3', 'dead')")
    assert scene.trail("m1") == ["pending", "sending", "sent"]
    assert [event.kind for event in scene.seen()].count("database.inserted") == 3
    assert (scene.trail("m2"), scene.trail("m3")) == (["pending"], ["dead"])
    assert scene.gaps() == []
    scene.execute("TRUNCATE messages_done")
    assert len(scene.gaps()) == 1
    scene.close()
    scene.close()


def test_tables_that_inherit(loop: Loop, database: str) -> None:
    scene = Scene(loop, database, ddl=TABLE + "; CREATE TABLE old_messages () INHERITS (messages)").start()
    scene.execute("INSERT INTO old_messages VALUES ('m1', 'pending')")
    scene.execute("UPDATE messages SET status = 'sent'")
    assert scene.trail() == ["pending", "sent"]
    scene.close()


ARCHIVED = TABLE + "; CREATE TABLE archive AS TABLE messages WITH NO DATA"
BOTH = ["messages", "archive"]


@pytest.mark.parametrize(
    "move",
    [
        ["WITH ended AS (DELETE FROM messages RETURNING *) INSERT INTO archive SELECT * FROM ended"],
        ["BEGIN; INSERT INTO archive SELECT * FROM messages; DELETE FROM messages; COMMIT"],
        ["BEGIN; DELETE FROM messages; INSERT INTO archive VALUES ('m1', 'sent'); COMMIT"],
        ["INSERT INTO archive SELECT * FROM messages", "DELETE FROM messages"],
    ],
)
def test_a_row_that_moves_to_another_table_of_the_profile(loop: Loop, database: str, move: list[str]) -> None:
    scene = Scene(loop, database, ddl=ARCHIVED, rows=BOTH).start()
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending'), ('m2', 'pending')")
    scene.execute("UPDATE messages SET status = 'sent' WHERE id = 'm1'; DELETE FROM messages WHERE id = 'm2'")
    for statement in move:
        scene.execute(statement)
        scene.seen()
    scene.execute("UPDATE archive SET status = 'delivered'")
    assert scene.trail() == ["pending", "sent", "delivered"]
    assert [event.kind for event in scene.seen()].count("database.inserted") == 2
    assert scene.gaps() == ["row m2 was deleted when its status was 'pending'"]
    scene.execute("DELETE FROM archive")
    assert scene.gaps()[1:] == ["row m1 was deleted when its status was 'delivered'"]
    scene.close()


def test_two_rows_of_one_id_in_one_table_are_two(loop: Loop, database: str) -> None:
    scene = Scene(loop, database, ddl=ARCHIVED.replace("PRIMARY KEY", ""), rows=BOTH).start()
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert [event.kind for event in scene.seen()] == ["database.inserted"] * 2
    scene.close()


# types


@pytest.mark.parametrize(
    ("kind", "given", "shown"),
    [
        ("int", "7", "7"),
        ("bigint GENERATED ALWAYS AS IDENTITY", "DEFAULT", "1"),
        ("uuid", "'11111111222243338444555555555555'", "11111111-2222-4333-8444-555555555555"),
        ("numeric(20)", "12345678901234567890", "12345678901234567890"),
        ("char(4)", "'m1'", "m1"),
        ("varchar(40)", "'m1'", "m1"),
    ],
)
def test_an_id_of_any_type(loop: Loop, database: str, kind: str, given: str, shown: str) -> None:
    scene = Scene(loop, database, ddl=TABLE.replace("id text", f"id {kind}")).start()
    scene.execute(f"INSERT INTO messages VALUES ({given}, 'pending')")
    assert [event.message_id for event in scene.seen()] == [shown]
    scene.close()


def test_a_status_of_an_enum_that_grows(loop: Loop, database: str) -> None:
    ddl = "CREATE TYPE state AS ENUM ('QUEUED', 'SENT');" + TABLE.replace("status text", "status state")
    scene = Scene(loop, database, ddl=ddl).start()
    scene.execute("INSERT INTO messages VALUES ('m1', 'QUEUED')")
    scene.execute("ALTER TYPE state ADD VALUE 'Gone away'")
    scene.execute("UPDATE messages SET status = 'Gone away'")
    assert scene.trail() == ["QUEUED", "Gone away"]
    scene.close()


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [("smallint", "0", "1"), ("char(12)", "'pending'", "'sent'"), ("boolean", "false", "true"), ("json", "'1'", "'2'")],
)
def test_a_status_of_any_type(loop: Loop, database: str, kind: str, first: str, second: str) -> None:
    scene = Scene(loop, database, ddl=TABLE.replace("status text", f"status {kind}")).start()
    scene.execute(f"INSERT INTO messages VALUES ('m1', {first})")
    scene.execute("UPDATE messages SET body = 'changed'")
    scene.execute(f"UPDATE messages SET status = {second}")
    assert scene.trail() == [first.strip("'"), second.strip("'")]
    scene.close()


def test_a_status_that_is_null_at_first(loop: Loop, database: str) -> None:
    scene = Scene(loop, database, ddl=TABLE.replace("status text NOT NULL", "status text")).start()
    scene.execute("INSERT INTO messages VALUES ('m1', NULL)")
    scene.execute("UPDATE messages SET status = 'sent'")
    assert moves(scene.seen()) == [("inserted", None, None), ("status", None, "sent")]
    scene.close()
