"""Locks that others hold: we wait a little, again and again, nobody stands behind us, and what is left is told."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncpg
import pytest
from database_scene import LOCKS, SCHEMAS, TRIGGERS, Scene, gone, killed_run

from harness.errors import DeployError
from harness.history import History
from harness.loop import Loop
from harness.probes import leftovers
from harness.probes.database import DatabaseProbe
from harness.probes.leftovers import SPACE, half_of, new_schema
from harness.profile import Database

TAKEN = "INSERT INTO messages VALUES ('held', 'pending')"
DEADLOCK_TIMEOUT = 1.0


@pytest.fixture
def scene(loop: Loop, database: str) -> Any:
    scene = Scene(loop, database)
    yield scene
    scene.close()


async def slowest_insert(url: str, until: asyncio.Task[Any]) -> float:
    """The longest that an INSERT of the application took while something else went on."""
    connection = await asyncpg.connect(url)
    slowest, number = 0.0, 0
    while not until.done():
        number += 1
        began = time.monotonic()
        await connection.execute("INSERT INTO messages VALUES ($1, 'pending')", f"other-{number}")
        slowest = max(slowest, time.monotonic() - began)
    await connection.close()
    assert number > 50
    return slowest


def test_a_transaction_that_stays_open_is_named_and_blocks_nobody_behind_us(scene: Scene) -> None:
    holder = scene.connect(name="long-runner")
    scene.run(holder.execute("BEGIN"))
    scene.run(holder.execute(TAKEN + " -- secret-text"))

    async def attach() -> float:
        starting = asyncio.create_task(scene.probe.start())
        slowest = await slowest_insert(scene.url, starting)
        pid = holder.get_server_pid()
        with pytest.raises(DeployError) as caught:
            await starting
        said = str(caught.value)
        assert "the harness's trigger can't be put on table public.messages: the lock that it takes is held by" in said
        assert f"process {pid} (long-runner, idle in transaction for " in said
        assert said.endswith(f"; end that of process {pid}, or wait for it")
        assert "secret-text" not in said
        return slowest

    slowest = scene.run(attach())
    assert slowest < DEADLOCK_TIMEOUT, "an INSERT stood behind our CREATE TRIGGER"
    assert scene.value(SCHEMAS) == 0
    scene.run(holder.close())


def test_a_transaction_that_ends_in_time_is_waited_for(scene: Scene) -> None:
    holder = scene.connect()
    scene.run(holder.execute("BEGIN"))
    scene.run(holder.execute(TAKEN))

    async def attach() -> None:
        starting = asyncio.create_task(scene.probe.start())
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not await scene.stack.fetchval(waiting):  # noqa: ASYNC110 - reason: a lock tells nobody who waits for it
            await asyncio.sleep(0)
        await holder.execute("COMMIT")
        await starting

    scene.run(attach())
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]
    scene.run(holder.close())


def test_a_reader_of_the_table_does_not_matter(scene: Scene) -> None:
    holder = scene.connect()
    scene.run(holder.execute("BEGIN"))
    scene.run(holder.execute("SELECT * FROM messages"))
    scene.start()
    scene.run(holder.close())


def test_a_trigger_that_can_not_be_taken_off_does_nothing_any_more(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.start()
    holder = scene.connect(name="long-runner")
    scene.run(holder.execute("BEGIN"))
    scene.run(holder.execute(TAKEN))

    async def detach() -> float:
        stopping = asyncio.create_task(scene.probe.stop())
        slowest = await slowest_insert(scene.url, stopping)
        await stopping
        return slowest

    assert scene.run(detach()) < DEADLOCK_TIMEOUT, "an INSERT stood behind our DROP"
    told = capsys.readouterr().err
    schema = scene.probe._schema
    assert (
        "harness: the harness's trigger stays in the database, since the lock that it takes is held by process" in told
    )
    assert "(long-runner, idle in transaction" in told
    remedy = told.strip().rpartition("remove it with: ")[2]
    assert (
        remedy == f"SET lock_timeout = '400ms'; DROP FUNCTION {schema}.record() CASCADE; DROP SCHEMA {schema} CASCADE"
    )
    assert remedy in scene.history.events("probe.gap")[-1].data["reason"]
    count = f"SELECT count(*) FROM {schema}.transition"
    before = scene.value(count)
    scene.execute("INSERT INTO messages VALUES ('m2', 'pending')")
    assert scene.value(count) == before
    scene.run(holder.close())
    scene.execute(remedy)
    assert (scene.value(SCHEMAS), scene.value(TRIGGERS)) == (0, 0)


def test_what_a_killed_run_left_under_a_lock_stops_no_start(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    killed_run(scene.url)
    scene.run(gone(scene.stack))
    holder = scene.connect()
    scene.run(holder.execute("BEGIN"))
    scene.run(holder.execute("SELECT * FROM messages"))  # a DROP TRIGGER waits for it, a CREATE TRIGGER doesn't
    scene.start()
    assert scene.value(SCHEMAS) == 2
    assert "harness: what a killed run left stays in the database, since the lock" in capsys.readouterr().err
    scene.run(holder.close())
    other = DatabaseProbe(History(), Database(), url=scene.url)
    scene.run(other.start())
    scene.run(other.stop())
    assert scene.value(SCHEMAS) == 1


def test_what_another_user_left_stops_no_start(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    name = scene.url.rsplit("/", 1)[-1]
    killed_run(scene.url)
    scene.run(gone(scene.stack))
    scene.execute(f"CREATE ROLE {(role := 'own_' + name)} LOGIN PASSWORD 'own-secret'")
    scene.execute(f"GRANT CREATE ON DATABASE {name} TO {role}; ALTER TABLE messages OWNER TO {role}")
    mine = DatabaseProbe(History(), Database(), url=f"postgresql://{role}:own-secret@{scene.url.rsplit('@', 1)[-1]}")
    scene.run(mine.start())
    assert "must be owner of" in (said := capsys.readouterr().err) or "permission denied" in said
    scene.run(mine.stop())
    assert scene.value(SCHEMAS) == 1


def test_a_user_with_the_trigger_privilege_alone_is_enough(scene: Scene) -> None:
    name = scene.url.rsplit("/", 1)[-1]
    scene.execute(f"CREATE ROLE {(role := 'few_' + name)} LOGIN PASSWORD 'few-secret'")
    scene.execute(f"GRANT CREATE ON DATABASE {name} TO {role}; GRANT TRIGGER ON messages TO {role}")
    url = f"postgresql://{role}:few-secret@{scene.url.rsplit('@', 1)[-1]}"
    scene.probe = DatabaseProbe(scene.history, Database(), url=url)
    scene.start()
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]
    scene.close()
    assert scene.history.events("probe.gap") == []


def test_an_advisory_lock_of_the_application_s_is_another_one(scene: Scene) -> None:
    schema = new_schema()
    scene.value("SELECT pg_advisory_lock(hashtext($1))", schema)
    scene.value("SELECT pg_advisory_lock($1)", half_of(schema))
    other = scene.connect()
    assert scene.run(leftovers.claim(other, schema))
    assert not scene.run(leftovers.claim(scene.stack, schema))
    assert scene.value(f"{LOCKS} AND classid = $1", SPACE) == 1
    scene.run(other.close())


def test_no_two_schemas_share_a_lock() -> None:
    assert half_of("messaging_harness_00000001") == 1
    assert half_of("messaging_harness_ffffffff") == -1
    with pytest.raises(ValueError, match="no schema of ours"):
        half_of("messaging_harness_of_mine")
