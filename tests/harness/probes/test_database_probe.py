"""The trigger in a real PostgreSQL: no transition is lost, nothing is left, and the stack is never broken."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from database_scene import SCHEMAS, TRIGGERS, Scene, gone, killed_run
from harness_support import arrives

from harness.errors import DeployError, ProfileError
from harness.history import History, key
from harness.loop import Loop
from harness.probes.database import DatabaseProbe
from harness.profile import Database


@pytest.fixture
def scene(loop: Loop, database: str) -> Any:
    scene = Scene(loop, database).start()
    yield scene
    scene.close()


def test_an_insert_and_each_change_are_notified(scene: Scene) -> None:
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending', 'outbound', NULL, 'hello #habcdefghij')")
    inserted = arrives(scene.history, lambda event: event.kind == "database.inserted")
    assert inserted.message_id == "m1"
    assert inserted.data["by"] == "the-stack"
    assert inserted.data["direction"] == "outbound"
    assert scene.history.same_flow(key("token", "#habcdefghij"), key("message", "m1"))
    scene.execute("UPDATE messages SET status = 'sent', provider_message_id = 'SM1'")
    moved = arrives(scene.history, lambda event: event.kind == "database.status")
    assert (moved.data["old"], moved.data["new"], moved.data["provider_id"]) == ("pending", "sent", "SM1")
    assert scene.history.same_flow(key("provider", "SM1"), key("message", "m1"))


def test_no_transition_of_one_transaction_is_lost(scene: Scene) -> None:
    """Nobody else ever saw these states: they were never committed but together."""

    async def work() -> None:
        async with scene.stack.transaction():
            await scene.stack.execute("INSERT INTO messages VALUES ('m1', '0')")
            for number in range(1, 200):
                await scene.stack.execute("UPDATE messages SET status = $1", str(number))

    scene.run(work())
    assert scene.trail() == [str(number) for number in range(200)]


def test_no_transition_of_concurrent_writers_is_lost(scene: Scene) -> None:
    async def write(name: str) -> None:
        connection = await asyncpg.connect(scene.url)
        await connection.execute("INSERT INTO messages VALUES ($1, '0')", name)
        for number in range(1, 40):
            await connection.execute("UPDATE messages SET status = $1 WHERE id = $2", str(number), name)
        await connection.close()

    async def all_at_once() -> None:
        await asyncio.gather(*(write(f"m{number}") for number in range(8)))

    scene.run(all_at_once())
    for number in range(8):
        assert scene.trail(f"m{number}") == [str(step) for step in range(40)]


def test_a_transaction_that_commits_late_is_not_missed(scene: Scene) -> None:
    """It took its sequence number before others that were read already."""

    async def work() -> None:
        late = await asyncpg.connect(scene.url)
        transaction = late.transaction()
        await transaction.start()
        await late.execute("INSERT INTO messages VALUES ('late', 'pending')")
        await scene.stack.execute("INSERT INTO messages VALUES ('m1', 'pending')")
        await scene.probe.settle()
        await transaction.commit()
        await late.close()

    scene.run(work())
    assert scene.trail("late") == ["pending"]


def test_what_is_rolled_back_did_not_happen(scene: Scene) -> None:
    async def work() -> None:
        transaction = scene.stack.transaction()
        await transaction.start()
        await scene.stack.execute("INSERT INTO messages VALUES ('m1', 'pending')")
        await transaction.rollback()

    scene.run(work())
    assert scene.trail() == []


def test_settling_twice_repeats_nothing(scene: Scene) -> None:
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.trail() == scene.trail() == ["pending"]
    assert len(scene.seen()) == 1


def test_a_change_of_nothing_that_matters_is_no_event(scene: Scene) -> None:
    scene.execute("INSERT INTO messages VALUES ('m1', 'sent', 'outbound', 'SM1')")
    scene.execute("UPDATE messages SET body = 'changed'")
    scene.execute("UPDATE messages SET provider_message_id = NULL")
    assert scene.trail() == ["sent"]
    assert len(scene.seen()) == 1


def test_nothing_is_left_behind(loop: Loop, database: str) -> None:
    scene = Scene(loop, database)
    scene.run(scene.probe.start())
    assert scene.value(SCHEMAS) == 1
    scene.run(scene.probe.stop())
    assert scene.value(SCHEMAS) == 0
    assert scene.value(TRIGGERS) == 0
    scene.run(scene.probe.stop())  # twice is harmless
    scene.run(scene.probe.settle())
    scene.run(scene.stack.close())


def test_what_a_killed_run_left_is_removed_and_a_living_one_spared(loop: Loop, database: str) -> None:
    scene = Scene(loop, database)
    killed_run(database)
    scene.run(gone(scene.stack))
    assert scene.value(SCHEMAS) == 1
    scene.execute("INSERT INTO messages VALUES ('m0', 'pending')")  # its trigger stands in nobody's way
    scene.start()
    assert scene.value(SCHEMAS) == 1  # its own
    other = DatabaseProbe(History(), Database(), url=database)
    scene.run(other.start())
    assert scene.value(SCHEMAS) == 2
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]
    scene.run(other.stop())
    scene.close()
    assert scene.history.events("probe.gap") == []


def test_the_stack_goes_on_when_nothing_can_be_written_down(scene: Scene) -> None:
    """Whoever reads finds out as well, so nothing needs to be said by the trigger."""
    scene.execute(f"DROP TABLE {scene.probe._schema}.transition CASCADE")
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.value("SELECT count(*) FROM messages") == 1
    gap = arrives(scene.history, lambda event: event.kind == "probe.gap")
    assert "the harness's own table can't be read any more: relation" in gap.data["reason"]
    assert gap.data["lasting"] is True


def test_the_stack_goes_on_when_a_column_is_gone(scene: Scene) -> None:
    scene.execute("ALTER TABLE messages RENAME COLUMN status TO state")  # which our trigger must not forbid either
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.value("SELECT count(*) FROM messages") == 1
    gap = arrives(scene.history, lambda event: event.kind == "probe.gap")
    assert 'the trigger could not record a change: record "new" has no field "status"' in gap.data["reason"]


def test_a_stack_without_optional_columns(loop: Loop, database: str) -> None:
    scene = Scene(loop, database, provider_id=None, direction=None, body=None)
    scene.run(scene.probe.start())
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    scene.execute("UPDATE messages SET status = 'sent'")
    assert scene.trail() == ["pending", "sent"]
    scene.close()


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        (
            {"table": "letters"},
            "doesn't fit the stack: table 'letters' does not exist .*; it has messages",
        ),
        ({"table": "message"}, r"table 'message' does not exist in this database; did you mean 'messages'\?"),
        ({"status": "state"}, r"status = 'state', but table messages has no such column; did you mean 'status'\?"),
        ({"body": "text"}, r'body = \'text\', but table messages .*, or set body = "" if it has none'),
        ({"table": "messages; DROP TABLE x"}, "table 'messages; DROP TABLE x' does not exist"),
    ],
)
def test_a_profile_that_does_not_fit(loop: Loop, database: str, profile: dict[str, str], message: str) -> None:
    scene = Scene(loop, database, **profile)
    with pytest.raises(ProfileError, match=message):
        scene.run(scene.probe.start())
    scene.close()


def test_a_user_who_may_not_is_told_what_to_do(loop: Loop, database: str) -> None:
    scene = Scene(loop, database)
    scene.execute(f"CREATE ROLE {(role := 'low_' + database.rsplit('/', 1)[-1])} LOGIN PASSWORD 'low-secret'")
    low = f"postgresql://{role}:low-secret@{database.rsplit('@', 1)[-1]}"
    probe = DatabaseProbe(History(), Database(), url=low)
    with pytest.raises(DeployError, match=r"may not create the harness's trigger .* observe = 'api'"):
        scene.run(probe.start())
    scene.run(probe.stop())
    scene.close()


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:top-secret@127.0.0.1:1/x", "postgresql://harness:top-secret@{where}", "not a url:top-secret@x"],
    ids=["nobody listens", "wrong password", "no URL"],
)
def test_a_database_that_can_not_be_reached(loop: Loop, database: str, url: str) -> None:
    probe = DatabaseProbe(History(), Database(), url=url.format(where=database.rsplit("@", 1)[-1]))
    with pytest.raises(DeployError, match=r"can't be reached: .*; check \[database\] url") as caught:
        loop.run(probe.start())
    assert "top-secret" not in str(caught.value)
