"""The trigger in a real PostgreSQL: no transition is lost, nothing is left, and the stack is never broken."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import asyncpg
import pytest
from harness_support import arrives

from harness.errors import DeployError, ProfileError
from harness.history import Flow, History, key
from harness.loop import Loop
from harness.probes.database import PREFIX, DatabaseProbe
from harness.profile import Database

TABLE = """
CREATE TABLE messages (id text PRIMARY KEY, status text NOT NULL, direction text DEFAULT 'outbound',
    provider_message_id text, body text)
"""
SCHEMAS = f"SELECT count(*) FROM pg_namespace WHERE nspname LIKE '{PREFIX}%'"
Say = Any


class Scene:
    """A database with the stack's table, a connection of the stack's, and a probe."""

    def __init__(self, loop: Loop, url: str, **profile: Any) -> None:
        self.loop, self.url, self.history = loop, url, History()
        self.stack: Any = self.run(asyncpg.connect(url, server_settings={"application_name": "the-stack"}))
        self.execute(TABLE)
        self.probe = DatabaseProbe(self.history, Database(**profile), url=url)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work, timeout=30)

    def execute(self, sql: str, *args: object) -> Any:
        return self.run(self.stack.execute(sql, *args))

    def value(self, sql: str) -> Any:
        return self.run(self.stack.fetchval(sql))

    def trail(self, message_id: str = "m1") -> list[str]:
        self.run(self.probe.settle())
        return [value for value, _ in Flow(self.history.flow(key("message", message_id))).statuses]

    def close(self) -> None:
        self.run(self.probe.stop())
        self.run(self.stack.close())


@pytest.fixture
def scene(loop: Loop, database: str) -> Any:
    scene = Scene(loop, database)
    scene.run(scene.probe.start())
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
    assert len(scene.history) == 1


def test_a_change_of_nothing_that_matters_is_no_event(scene: Scene) -> None:
    scene.execute("INSERT INTO messages VALUES ('m1', 'sent', 'outbound', 'SM1')")
    scene.execute("UPDATE messages SET body = 'changed'")
    scene.execute("UPDATE messages SET provider_message_id = NULL")
    assert scene.trail() == ["sent"]
    assert len(scene.history) == 1


def test_nothing_is_left_behind(loop: Loop, database: str) -> None:
    scene = Scene(loop, database)
    scene.run(scene.probe.start())
    assert scene.value(SCHEMAS) == 1
    scene.run(scene.probe.stop())
    assert scene.value(SCHEMAS) == 0
    assert scene.value("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == 0
    scene.run(scene.probe.stop())  # twice is harmless
    scene.run(scene.probe.settle())
    scene.run(scene.stack.close())


def test_what_a_killed_run_left_is_removed_and_a_living_one_spared(scene: Scene) -> None:
    killed = DatabaseProbe(History(), Database(), url=scene.url)
    scene.run(killed.start())
    scene.run(killed._connection.close())  # as if it had died: its lock is free, its schema stands
    assert scene.value(SCHEMAS) == 2
    other = DatabaseProbe(History(), Database(), url=scene.url)
    scene.run(other.start())
    assert scene.value(SCHEMAS) == 2  # the living one's and the new one's
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]
    scene.run(other.stop())


def test_the_stack_goes_on_when_recording_fails(scene: Scene) -> None:
    scene.execute(f"DROP TABLE {scene.probe._schema}.transition CASCADE")
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.value("SELECT count(*) FROM messages") == 1
    gap = arrives(scene.history, lambda event: event.kind == "probe.gap")
    assert "the trigger could not record a change: relation" in gap.data["reason"]


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
        ({"table": "letters"}, r"doesn't fit the stack: relation .*letters.* does not exist; name its table"),
        ({"status": "state"}, r"doesn't fit the stack: column .*state does not exist; name its table"),
        ({"table": "messages; DROP TABLE x"}, "is no plain SQL name"),
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
