"""Every way in which rows change: in bulk, prepared, late, in partitions, and past the trigger."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from database_scene import TABLE, Scene, Server

from harness.deploy.ports import Ports
from harness.deploy.processes import Processes
from harness.history import Event, key
from harness.loop import Loop
from harness.probes import trigger
from harness.probes.probe import new_token


@pytest.fixture
def scene(loop: Loop, database: str) -> Iterator[Scene]:
    scene = Scene(loop, database).start()
    yield scene
    scene.close()


def moves(events: list[Event]) -> list[tuple[str, str | None, str]]:
    return [(event.kind.split(".")[1], event.data["old"], event.data["new"]) for event in events]


def test_what_is_delivered_and_how_the_clock_differs_is_said_at_the_start(scene: Scene) -> None:
    (started,) = scene.history.events("probe.started")
    assert (started.source, started.data["kinds"]) == ("database", ["database.inserted", "database.status"])
    (measured,) = scene.history.events("clock.measured")
    assert measured.source == "database"
    assert abs(measured.data["offset_s"]) <= measured.data["error_s"]  # it is our own clock
    scene.run(scene.probe.stop())
    assert len(scene.history.events("clock.measured")) == 2


# much at once


@pytest.mark.parametrize("how", ["insert", "copy"])
def test_statements_about_many_rows_lose_nothing(scene: Scene, how: str) -> None:
    many = 10_000
    if how == "insert":
        scene.execute("INSERT INTO messages SELECT 'm' || n, 'pending' FROM generate_series(1, $1::int) AS n", many)
    else:
        rows = [(f"m{number}", "pending") for number in range(1, many + 1)]
        scene.run(scene.stack.copy_records_to_table("messages", records=rows, columns=("id", "status")))
    scene.execute("UPDATE messages SET status = 'sent'")
    seen = scene.seen()
    assert len({event.message_id for event in seen}) == many
    assert len({event.data["sequence"] for event in seen}) == len(seen) == 2 * many
    assert scene.trail("m1") == scene.trail(f"m{many}") == ["pending", "sent"]
    assert scene.gaps() == []


def test_a_long_id_and_a_long_status_are_recorded_whole(scene: Scene) -> None:
    scene.execute("INSERT INTO messages (id, status) VALUES (repeat('m', 2000), repeat('s', 200000))")
    (event,) = scene.seen()
    assert (event.message_id, len(event.data["new"])) == ("m" * 2000, 200_000)


def test_the_application_s_serializable_transactions_do_not_fail_for_us(scene: Scene) -> None:
    async def write(number: int) -> None:
        connection = await asyncpg.connect(scene.url)
        for step in range(20):
            async with connection.transaction(isolation="serializable"):
                await connection.execute("INSERT INTO messages VALUES ($1, 'pending')", f"m{number}-{step}")
        await connection.close()

    async def all_at_once() -> None:
        await asyncio.gather(*(write(number) for number in range(6)))

    scene.run(all_at_once())
    assert len(scene.seen()) == 120


# two-phase commit


@pytest.fixture(scope="module")
def server(processes: Processes, ports: Ports) -> Iterator[Server]:
    server = Server(processes, ports, max_prepared_transactions=4)
    yield server
    server.kill()


def test_a_prepared_transaction_counts_when_it_is_committed(loop: Loop, server: Server) -> None:
    scene = Scene(loop, server.url).start()
    scene.execute("BEGIN")
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    scene.execute("UPDATE messages SET status = 'sent'")
    scene.execute("PREPARE TRANSACTION 'one'")
    for number in range(20):  # what came later was read long ago
        scene.execute("INSERT INTO messages VALUES ($1, 'pending')", f"later-{number}")
        assert scene.trail(f"later-{number}") == ["pending"]
    assert scene.trail() == []
    scene.execute("COMMIT PREPARED 'one'")
    assert scene.trail() == ["pending", "sent"]
    scene.execute("BEGIN")
    scene.execute("UPDATE messages SET status = 'delivered' WHERE id = 'm1'")
    scene.execute("PREPARE TRANSACTION 'two'")
    scene.execute("ROLLBACK PREPARED 'two'")
    assert scene.trail() == ["pending", "sent"]
    scene.close()
    scene = Scene(loop, server.url, ddl="DROP TABLE messages")
    scene.run(scene.stack.close())


# rows that go


def test_a_deleted_row_is_said_of_its_message_alone(scene: Scene) -> None:
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending'), ('m2', 'pending')")
    scene.execute("DELETE FROM messages WHERE id = 'm1'")
    scene.seen()
    (gap,) = scene.history.events("probe.gap")
    assert gap.message_id == gap.data["message_id"] == "m1"
    assert gap.data["kinds"] == ["database.status"]
    assert gap.data["reason"] == "row m1 was deleted when its status was 'pending'"


def test_clearing_away_rows_from_before_is_nothing(loop: Loop, database: str) -> None:
    scene = Scene(loop, database)
    scene.execute("INSERT INTO messages SELECT 'm' || n, 'sent' FROM generate_series(1, 100) AS n")
    scene.start()
    scene.execute("DELETE FROM messages")
    assert scene.gaps() == []
    scene.close()


def test_a_row_that_is_replaced_in_one_transaction_has_changed(scene: Scene) -> None:
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    scene.execute("BEGIN; DELETE FROM messages; INSERT INTO messages VALUES ('m1', 'sent'); COMMIT")
    assert moves(scene.seen()) == [("inserted", None, "pending"), ("status", "pending", "sent")]
    assert scene.gaps() == []


def test_truncating_is_a_gap(scene: Scene) -> None:
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    scene.execute("TRUNCATE messages")
    assert scene.gaps() == ["rows were truncated: what became of their messages can't be seen"]


# past the trigger


def test_rows_of_a_session_that_replicates_are_seen(scene: Scene) -> None:
    scene.execute("SET session_replication_role = replica")
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]


def test_what_the_harness_itself_writes_is_not_the_stack_s(scene: Scene) -> None:
    scene.execute("SET application_name = 'messaging-harness'")
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.seen() == []


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("ALTER TABLE messages DISABLE TRIGGER ALL", "the harness's trigger on public.messages is disabled"),
        (
            "ALTER TABLE messages DISABLE TRIGGER ALL; ALTER TABLE messages ENABLE TRIGGER ALL",
            "the harness's trigger on public.messages was disabled for a while",
        ),
        ("DROP TABLE messages", "table public.messages was dropped"),
        (
            "ALTER TABLE messages RENAME TO letters; CREATE TABLE messages ()",
            "table public.messages was renamed to public.letters; rows of a new public.messages can't be seen",
        ),
        ("DROP TRIGGER {trigger} ON messages", "the harness's trigger on public.messages was dropped"),
    ],
)
def test_a_trigger_that_no_longer_stands_where_it_was_put(scene: Scene, sql: str, reason: str) -> None:
    assert scene.gaps() == []
    scene.execute(sql.format(trigger=f'"!{scene.probe._schema}"'))
    assert reason in scene.gaps()
    lasting = {event.data["reason"] for event in scene.history.events("probe.gap") if event.data.get("lasting")}
    assert lasting == (set() if "disabled" in reason else {reason})
    assert scene.gaps().count(reason) == (2 if reason.endswith("is disabled") else 1)  # a lasting one is said once


def test_the_application_may_change_its_columns(scene: Scene) -> None:
    scene.execute("INSERT INTO messages VALUES ('m1', '1')")
    scene.execute("ALTER TABLE messages ALTER COLUMN status TYPE smallint USING status::smallint")
    other = scene.connect()
    scene.run(other.execute("UPDATE messages SET status = 2"))
    assert scene.trail() == ["1", "2"]
    scene.run(other.close())
    scene.execute("UPDATE messages SET status = 3")  # PL/pgSQL keeps its plans for as long as a session lives
    (reason,) = scene.gaps()
    assert "the trigger could not record a change: type of parameter" in reason
    scene.execute("ALTER TABLE messages DROP COLUMN body")
    scene.execute("INSERT INTO messages VALUES ('m2', 1)")
    assert scene.value("SELECT count(*) FROM messages") == 2
    assert len(scene.gaps()) == 2


def test_an_application_that_may_do_nothing_else_is_recorded(loop: Loop, database: str) -> None:
    scene = Scene(loop, database).start()
    role = "app_" + database.rsplit("/", 1)[-1]
    scene.execute(f"CREATE ROLE {role}; GRANT INSERT, UPDATE, SELECT ON messages TO {role}; SET ROLE {role}")
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    scene.execute("RESET ROLE")
    assert scene.trail() == ["pending"]
    scene.close()


def test_what_the_application_s_own_trigger_does_comes_after(loop: Loop, database: str) -> None:
    own = """;
    CREATE FUNCTION at_once() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN UPDATE messages SET status = 'sent' WHERE id = NEW.id; RETURN NULL; END $$;
    CREATE TRIGGER "A" AFTER INSERT ON messages FOR EACH ROW EXECUTE FUNCTION at_once()
    """
    scene = Scene(loop, database, ddl=TABLE + own).start()
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending", "sent"]
    scene.close()


# without a reader


def test_a_trigger_without_a_reader_stops_writing(loop: Loop, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger, "UNREAD", 50)
    scene = Scene(loop, database).start()
    reader: Any = scene.probe._reader
    scene.run(reader.stop())  # as if the harness were stopped: nobody reads
    scene.execute("INSERT INTO messages SELECT 'm' || n, 'pending' FROM generate_series(1, 1000) AS n")
    kept = scene.value(f"SELECT count(*) FROM {scene.probe._schema}.transition")
    assert 40 <= kept <= 60
    assert scene.value("SELECT count(*) FROM messages") == 1000
    scene.close()


def test_a_reader_that_came_too_late_says_so(loop: Loop, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("harness.probes.trigger.UNREAD", "harness.probes.reader.UNREAD", "harness.probes.reader.SIGN"):
        monkeypatch.setattr(name, 50)
    scene = Scene(loop, database).start()
    scene.execute("INSERT INTO messages SELECT 'm' || n, 'pending' FROM generate_series(1, 1000) AS n")
    assert set(scene.gaps()) == {"more than 50 changes came before they could be read"}
    scene.execute("INSERT INTO messages VALUES ('afterwards', 'pending')")
    assert scene.trail("afterwards") == ["pending"]
    scene.close()


@pytest.mark.parametrize("noted", ["on", "off"])
def test_a_change_is_dated_by_its_commit(loop: Loop, processes: Processes, ports: Ports, noted: str) -> None:
    """Nobody else can see it before; where PostgreSQL doesn't note the time, it is known by its bounds alone."""
    server = Server(processes, ports, track_commit_timestamp=noted)
    scene = Scene(loop, server.url).start()
    clock = "SELECT extract(epoch FROM clock_timestamp())::float8"
    try:
        scene.execute("BEGIN; INSERT INTO messages VALUES ('m1', 'pending')")
        begun = scene.value(clock)
        scene.execute("UPDATE messages SET status = 'sent'")
        written = scene.value(clock)
        scene.execute("COMMIT")
        ended = scene.value(clock)
        first, second = scene.seen()
    finally:
        scene.close()
    assert [event.data["new"] for event in (first, second)] == ["pending", "sent"]
    if noted == "on":
        assert written <= first.at == second.at <= ended
        assert "until" not in second.data
    else:
        assert first.at <= begun <= second.at <= written <= ended
        assert second.data["until"] >= ended


@pytest.mark.parametrize(
    ("status", "direction", "its"),
    [("received", "inbound", False), ("received", None, False), ("new", "inbound", False), ("new", "outbound", True)],
)
def test_a_reply_that_quotes_a_message_is_a_flow_of_its_own(
    loop: Loop, database: str, status: str, direction: str | None, its: bool
) -> None:
    scene, token = Scene(loop, database).start(), new_token()
    scene.history.append("api.requested", source="api", data={"operation": "send"}, keys=[key("token", token)])
    row = "INSERT INTO messages (id, status, direction, body) VALUES ('r1', $1, $2, $3)"
    scene.execute(row, status, direction, f"> hello {token}\nyes")
    scene.execute("UPDATE messages SET status = 'seen' WHERE id = 'r1'")
    assert scene.trail("r1") == [status, "seen"]
    assert scene.history.same_flow(key("message", "r1"), key("token", token)) is its
    scene.close()


@pytest.mark.parametrize(
    ("kind", "incoming", "values"),
    [("smallint", ["0"], (0, 1)), ("text", ["IN", "in"], ("in", "out")), ("boolean", ["true"], (True, False))],
)
def test_a_direction_is_told_in_one_word_whatever_the_column_says(
    loop: Loop, database: str, kind: str, incoming: list[str], values: tuple[object, object]
) -> None:
    ddl = TABLE.replace("direction text DEFAULT 'outbound'", f"direction {kind}")
    scene = Scene(loop, database, ddl=ddl, incoming=incoming).start()
    for name, value in zip(("in", "out"), values, strict=True):
        scene.execute("INSERT INTO messages (id, status, direction) VALUES ($1, 'new', $2)", name, value)
    assert [event.data["direction"] for event in scene.seen()] == ["inbound", "outbound"]
    scene.close()
