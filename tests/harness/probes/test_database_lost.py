"""A server that is killed, stopped or restarted under the probe: nothing hangs, nothing is lost silently."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator

import pytest
from database_scene import SCHEMAS, Scene, Server
from harness_support import arrives

from harness.deploy.ports import Ports
from harness.deploy.processes import Processes
from harness.errors import PartDied
from harness.history import History
from harness.loop import Loop
from harness.probes.database import DatabaseProbe
from harness.profile import Database

END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'messaging-harness'"
DEAD = 8.0
"""Seconds: one answer that doesn't come, and all tries to reconnect."""


@pytest.fixture
def server(processes: Processes, ports: Ports) -> Iterator[Server]:
    server = Server(processes, ports, synchronous_commit="on")
    yield server
    server.kill()


@pytest.fixture
def scene(loop: Loop, server: Server) -> Iterator[Scene]:
    scene = Scene(loop, server.url).start()
    yield scene
    scene.close()


def test_a_connection_that_is_cut_is_taken_up_again(loop: Loop, database: str) -> None:
    """What happens while nobody is connected stands in the table."""
    scene = Scene(loop, database).start()
    for number in range(5):
        scene.execute("INSERT INTO messages VALUES ($1, 'pending')", f"before-{number}")
        scene.value(END)
        scene.execute("INSERT INTO messages VALUES ($1, 'pending')", f"after-{number}")
        assert scene.trail(f"before-{number}") == scene.trail(f"after-{number}") == ["pending"]
    assert len(scene.seen()) == 10
    other = DatabaseProbe(History(), Database(), url=database)
    scene.run(other.start())  # it must not sweep us: we hold our lock again
    assert scene.value(SCHEMAS) == 2
    scene.run(other.stop())
    scene.close()
    assert scene.gaps() == []
    assert scene.history.events("part.died") == []


def test_a_database_that_is_killed_ends_the_run(scene: Scene, server: Server) -> None:
    server.kill()
    began = time.monotonic()
    with pytest.raises(PartDied, match=rf"the database died under the run: 127\.0\.0\.1:{server.port}/postgres: .*"):
        scene.history.wait_for(lambda event: event.kind == "api.answered", within=20)
    assert time.monotonic() - began < DEAD
    (died,) = scene.history.events("part.died")
    assert died.data["part"] == "the database"
    assert "not to be reached again within 4 s" in died.data["reason"]
    scene.run(scene.probe.settle())
    assert "the database is lost" in scene.history.events("probe.gap")[-1].data["reason"]
    began = time.monotonic()
    scene.close()
    assert time.monotonic() - began < DEAD
    left = scene.history.events("probe.gap")[-1].data
    assert "the harness's trigger stays in the database, since the database doesn't answer" in left["reason"]
    assert left["kinds"] == ["probe.gap"]  # which hides nothing that the stack did


def test_a_database_that_is_stopped_hangs_nothing(scene: Scene, server: Server) -> None:
    server.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        scene.run(scene.probe.settle())
        assert time.monotonic() - began < DEAD
        assert arrives_died(scene.history)
        began = time.monotonic()
        scene.run(scene.probe.stop())
        assert time.monotonic() - began < DEAD
    finally:
        server.signal(signal.SIGCONT)


def arrives_died(history: History) -> bool:
    with pytest.raises(PartDied):
        history.wait_for(lambda _: False, within=10)
    return bool(history.events("part.died"))


def test_stopping_while_the_database_is_stopped_hangs_nothing(scene: Scene, server: Server) -> None:
    server.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        scene.run(scene.probe.stop())
        assert time.monotonic() - began < DEAD + 4
    finally:
        server.signal(signal.SIGCONT)


def test_a_database_that_stands_still_for_a_moment_is_read_on(scene: Scene, server: Server) -> None:
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    server.signal(signal.SIGSTOP)

    async def settle() -> None:
        settling = asyncio.create_task(scene.probe.settle())
        await asyncio.sleep(0)
        server.signal(signal.SIGCONT)
        await settling

    scene.run(settle())
    assert scene.trail() == ["pending"]
    assert scene.history.events("part.died") == []


def test_a_database_that_crashes_and_comes_back_says_what_it_lost(scene: Scene, server: Server) -> None:
    """Our table isn't in its write-ahead log, so a crash empties it."""
    scene.execute("INSERT INTO messages VALUES ('m1', 'pending')")
    assert scene.trail() == ["pending"]
    server.kill()
    server.start()
    gap = arrives(scene.history, lambda event: event.kind == "probe.gap")
    assert "recovered from a crash" in gap.data["reason"]
    scene.stack = scene.connect()
    scene.execute("UPDATE messages SET status = 'sent'")
    assert scene.trail() == ["pending", "sent"]
    assert scene.history.events("part.died") == []
