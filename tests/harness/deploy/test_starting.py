"""What dies while a deployment starts ends the start with its name, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx
import pytest
from harness_support import await_death

from harness.deploy import postgres, valkey
from harness.deploy.embedded import Embedded
from harness.deploy.processes import Process, Processes
from harness.deploy.roster import KEEPER
from harness.deploy.starting import Start
from harness.errors import DeployError, ProfileError
from harness.history import History
from harness.loop import Loop
from harness.profile import parse
from harness.redact import Redactor
from harness.vitals import died

pytestmark = pytest.mark.unmeasured
MIGRATE = "import os, signal, sys; os.kill(int(open(sys.argv[1]).read()), signal.SIGKILL); sys.exit(3)"


def start(loop: Loop, history: History, work: Any) -> str:
    """What a start that fails says."""
    with pytest.raises(DeployError) as raised:
        Start(history, loop).run(work)
    return str(raised.value)


# which death is told


async def raises(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        httpx.ConnectError("All connection attempts failed"),
        DeployError("`migrate` ended with 3: check POSTGRES_HOST"),
        KeyError("what was half started"),
    ],
)
def test_whatever_is_raised_because_a_part_died_names_the_part(loop: Loop, error: Exception) -> None:
    history = History()

    async def work() -> None:
        # its connection is closed before the deployment hears of its end
        asyncio.get_running_loop().call_later(0.05, died, history, "PostgreSQL", "it ended with -9")
        raise error

    assert start(loop, history, work()) == "PostgreSQL died while the stack started: it ended with -9"


def test_of_several_deaths_the_keepers_is_the_cause(loop: Loop) -> None:
    history = History()

    async def work() -> None:
        died(history, "the wire", "its control connection was closed")
        asyncio.get_running_loop().call_later(0.05, died, history, KEEPER, "it has ended")
        await asyncio.Event().wait()  # reason: it would start for ever

    assert start(loop, history, work()) == f"{KEEPER} died while the stack started: it has ended"


def test_a_lost_connection_where_nobody_is_known_to_have_died_is_told_in_a_line(loop: Loop) -> None:
    said = start(loop, History(), raises(httpx.ConnectError("refused")))
    assert said == "the stack can't be deployed: ConnectError: refused"


@pytest.mark.parametrize("error", [ProfileError("mend it"), DeployError("no such program"), ZeroDivisionError()])
def test_what_no_death_explains_is_told_as_it_is(loop: Loop, error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        Start(History(), loop).run(raises(error))
    assert raised.value is error


def test_the_apis_own_end_is_told_by_who_waits_for_it(loop: Loop) -> None:
    history = History()

    async def work() -> None:
        died(history, "the API (api-1)", "it ended with 1")
        raise DeployError("the API ended with 1 at its start:\nno module named api")

    assert start(loop, history, work()) == "the API ended with 1 at its start:\nno module named api"


# real parts


def driver(history: History, logs: Path, **more: Any) -> Embedded:
    table = {"processes": {"api": {"command": [sys.executable, "-m", "http.server"]}}, **more}
    profile = parse(table, source="test", environ={})
    return Embedded(profile, history, redactor=Redactor(), logs=logs, stack_env={}, wire=None)


def left_of(driver: Embedded) -> list[object]:
    """Processes, directories and shared memory that a deployment has left."""
    processes = list(driver._processes._processes.values())
    segments = [one for process in processes for one in postgres.made_by(process.pid, since=int(time.time()) - 60)]
    directories = [one for one in driver._processes._directories if one.exists()]
    return [process.name for process in processes if not await_death(process.pid)] + directories + segments


def killed_once_started(
    monkeypatch: pytest.MonkeyPatch, name: str, whom: Callable[[Embedded], int] | None = None
) -> Any:
    """Kills a process, or somebody else, as soon as it was started."""
    spawn = Processes.spawn
    kept: dict[Processes, Embedded] = {}

    def spawned(self: Processes, *argv: str, **options: Any) -> Process:
        process = spawn(self, *argv, **options)
        if options["name"] == name:
            os.kill(process.pid if whom is None else whom(kept[self]), signal.SIGKILL)
        return process

    monkeypatch.setattr(Processes, "spawn", spawned)
    return kept


@pytest.mark.parametrize(
    ("process", "part"), [("redis", "Redis"), ("postgres", "PostgreSQL"), ("mocks", "the mock providers")]
)
def test_a_part_that_dies_before_it_is_ready(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, process: str, part: str
) -> None:
    killed_once_started(monkeypatch, process)
    history = History()
    stack = driver(history, tmp_path)
    began = time.monotonic()
    assert start(loop, history, stack.start_services()) == f"{part} died while the stack started: it ended with -9"
    assert time.monotonic() - began < 10
    loop.run(stack.stop())
    assert left_of(stack) == []


@pytest.mark.parametrize("at", ["redis", "postgres", "mocks", "migrate"])
def test_a_keeper_that_dies_is_the_cause_of_all_that_fails(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    history = History()
    kept = killed_once_started(monkeypatch, at, lambda stack: stack._processes._keeper.pid)
    stack = driver(history, tmp_path, migrate=[sys.executable, "-c", "import signal; signal.pause()"])
    kept[stack._processes] = stack
    assert start(loop, history, stack.start_services()).startswith(f"{KEEPER} died while the stack started: ")
    loop.run(stack.stop())
    assert left_of(stack) == []


def test_a_migration_that_fails_since_its_database_died(loop: Loop, tmp_path: Path) -> None:
    history = History()
    pid_file = tmp_path / "pid"
    stack = driver(history, tmp_path, migrate=[sys.executable, "-c", MIGRATE, str(pid_file)])
    migrate = stack._migrate

    async def named() -> None:
        pid_file.write_text(str(next(p.pid for p in stack._processes._processes.values() if p.name == "postgres")))
        await migrate()

    stack._migrate = named  # type: ignore[method-assign] # reason: its number is known by now
    assert start(loop, history, stack.start_services()) == "PostgreSQL died while the stack started: it ended with -9"
    loop.run(stack.stop())
    assert left_of(stack) == []


def test_what_was_being_copied_when_another_part_failed_goes_too(
    loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History()
    stack = driver(history, tmp_path)
    copy, close = shutil.copytree, stack._processes.close
    removed, copied = threading.Event(), threading.Event()

    def late(source: Path, to: Path) -> None:
        """Copies when all has been removed, where that doesn't wait for it."""
        removed.wait(1)
        copy(source, to)
        copied.set()

    def closes() -> None:
        close()
        removed.set()

    def fails(*_: object, **__: object) -> Process:
        raise DeployError("no such program")

    monkeypatch.setattr(postgres, "shutil", SimpleNamespace(copytree=late))
    monkeypatch.setattr(stack._processes, "close", closes)
    monkeypatch.setattr(valkey, "start", fails)
    assert start(loop, history, stack.start_services()) == "no such program"
    loop.run(stack.stop())
    assert copied.wait(10)
    assert left_of(stack) == []


def test_a_killed_servers_shared_memory_is_found_by_who_made_it(loop: Loop, tmp_path: Path) -> None:
    history = History()
    stack = driver(history, tmp_path)
    loop.run(stack.start_services())
    pid = next(p.pid for p in stack._processes._processes.values() if p.name == "postgres")
    assert len(postgres.made_by(pid, since=int(time.time()) - 60)) == 1
    assert postgres.made_by(pid, since=int(time.time()) + 60) == []
    os.kill(pid, signal.SIGKILL)
    loop.run(stack.stop())
    assert left_of(stack) == []
