"""Locks that others hold on a SQLite file: we wait a little, hold nothing meanwhile, and say who has them."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_scene import MINE, OURS, Holder, Scene

from harness.errors import DeployError
from harness.loop import Loop
from harness.probes import sqlite_ddl
from harness.probes.sqlite_file import Claim

WRITES = ("BEGIN IMMEDIATE", "UPDATE messages SET status = status")
READS = ("BEGIN", "SELECT count(*) FROM messages")


@pytest.fixture(params=["wal", "delete"])
def scene(loop: Loop, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    scene = Scene(loop, tmp_path / "stack.db", journal=request.param)
    scene.execute("INSERT INTO messages (id, status) VALUES ('m0', 'pending')")
    yield scene
    scene.close()


def test_a_writer_that_stays_is_named(scene: Scene) -> None:
    holder = Holder(scene.path, *WRITES)
    pid = holder.process.pid
    with pytest.raises(DeployError, match=rf"its lock is held by process {pid} \(python.*; end that, or wait for it"):
        scene.start()
    assert scene.value("SELECT count(*) FROM messages") == 1  # who reads isn't kept waiting
    holder.go()
    assert scene.value(OURS) == 0


def test_a_writer_that_ends_in_time_is_waited_for(scene: Scene) -> None:
    holder = Holder(scene.path, *WRITES)

    async def attach() -> None:
        starting = asyncio.create_task(scene.probe.start())
        await asyncio.sleep(0)
        await asyncio.to_thread(holder.go)
        await starting

    scene.run(attach())
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]


def test_who_reads_for_long_keeps_no_reader_waiting_for_us(scene: Scene) -> None:
    """A writer that waits for a reader lets no new one in: each of our tries is short."""
    holder = Holder(scene.path, *READS)

    async def attach() -> float:
        starting = asyncio.create_task(scene.probe.start())
        slowest = await asyncio.to_thread(slowest_look, scene, starting)
        if scene.value("PRAGMA journal_mode") == "delete":
            with pytest.raises(DeployError, match=f"held by process {holder.process.pid}"):
                await starting
        else:
            await starting  # in a write-ahead log readers keep nobody waiting
        return slowest

    assert scene.run(attach()) < 1.0
    holder.go()


def slowest_look(scene: Scene, until: asyncio.Task[None]) -> float:
    """The longest that a new reader of the file took while something else went on."""
    slowest = 0.0
    while not until.done():
        connection = scene.connect(timeout=5)
        began = time.monotonic()
        connection.execute("SELECT count(*) FROM messages").fetchone()
        slowest = max(slowest, time.monotonic() - began)
        connection.close()
    return slowest


def test_what_is_committed_under_a_lock_is_read_when_it_is_free(scene: Scene) -> None:
    scene.start()
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    holder = Holder(scene.path, "BEGIN EXCLUSIVE", "UPDATE messages SET status = 'sent' WHERE id = 'm1'", "SELECT 1")

    async def settle() -> None:
        settling = asyncio.create_task(scene.probe.settle())
        await asyncio.sleep(0)
        await asyncio.to_thread(holder.go)  # it rolls back
        await settling

    scene.run(settle())
    assert scene.trail() == ["pending"]
    assert scene.gaps() == []


def test_a_file_that_stays_locked_is_a_gap(loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.probes.sqlite.SETTLES", 0.2)
    scene = Scene(loop, tmp_path / "stack.db", journal="delete").start()
    holder = Holder(scene.path, "BEGIN EXCLUSIVE")
    assert scene.gaps() == [f"{scene.path} could not be read within 0 s: database is locked"]
    holder.go()
    assert len(scene.gaps()) == 1
    scene.close()


def test_triggers_that_can_not_be_taken_off_are_told(
    scene: Scene, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_ddl, "WITHIN", 0.5)
    monkeypatch.setattr(sqlite_ddl.remove, "__kwdefaults__", {"within": 0.5})
    scene.start()
    holder = Holder(scene.path, *WRITES)
    scene.run(scene.probe.stop())
    told = capsys.readouterr().err
    assert f"harness: the harness's trigger stays in {scene.path}, since the file's lock is held by process" in told
    last = scene.history.events("probe.gap")[-1].data
    assert last["kinds"] == ["probe.gap"]
    holder.go()
    assert scene.value(OURS) == MINE
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")  # and harms nobody
    remedy = last["reason"].rpartition("remove it with: ")[2]
    scene.stack.executescript(remedy.partition('"')[2].rpartition('"')[0])
    assert scene.value(OURS) == 0


def test_a_writer_that_was_killed_in_the_middle_is_undone(scene: Scene) -> None:
    """What it left half written is undone by whoever reads next, and that may be us."""
    scene.start()
    holder = Holder(
        scene.path,
        "PRAGMA cache_size = 1",
        "BEGIN IMMEDIATE",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 20000) "
        "INSERT INTO messages (id, status) SELECT 'k' || i, 'pending' FROM n",
    )
    holder.kill()
    assert scene.seen() == []
    assert scene.gaps() == []
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]


def test_closing_what_is_ours_takes_nobody_s_lock(scene: Scene) -> None:
    """Whoever closes a descriptor of a file loses the locks that his whole process has on it."""
    scene.start()
    scene.execute("BEGIN IMMEDIATE")
    scene.execute("INSERT INTO messages (id, status) VALUES ('m1', 'pending')")
    Claim(scene.path, 7).release()
    other = Holder(scene.path, "PRAGMA busy_timeout = 1")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        sqlite3.connect(scene.path, timeout=0).execute("BEGIN IMMEDIATE")
    other.go()
    scene.execute("COMMIT")
    assert scene.trail() == ["pending"]


def test_no_two_live_runs_share_a_lock(scene: Scene) -> None:
    first, second = Claim(scene.path, 1), Claim(scene.path, 2)
    again = Claim(scene.path, 1)
    assert (first.held, second.held, again.held) == (True, True, False)
    first.release()
    assert Claim(scene.path, 1).held
