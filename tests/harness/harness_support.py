"""Real servers and the real command, for the harness's own tests."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import in_process
import redis

from harness.commands import cli
from harness.deploy import postgres, valkey
from harness.deploy.ports import Ports
from harness.deploy.processes import Process, Processes
from harness.history import Event, History
from harness.loop import Loop

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = secrets.token_hex(12)
T = TypeVar("T")
_numbers = itertools.count(1)


def await_output(process: Process, text: str) -> None:
    """Returns once a process has printed `text`; goes on reading it, so that its pipe never fills."""
    ready = threading.Event()
    kept: list[str] = []

    def read() -> None:
        with os.fdopen(process.output, "r", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                kept.append(line)
                if text in line:
                    ready.set()

    threading.Thread(target=read, daemon=True).start()
    assert ready.wait(30), "".join(kept)


class Postgres:
    """A real PostgreSQL, started as the embedded deployment starts it."""

    def __init__(self, processes: Processes, loop: Loop, ports: Ports) -> None:
        self._loop = loop
        self.port = ports.free()
        directory = processes.directory()
        server = postgres.start(processes, bin_directory=postgres.binaries(), directory=directory, port=self.port)
        await_output(server.process, postgres.READY)
        self._socket = str(directory)
        self.execute(f"ALTER ROLE {postgres.SUPERUSER} PASSWORD '{PASSWORD}'")

    def execute(self, sql: str, *, database: str = "postgres") -> None:
        async def run() -> None:
            connection = await asyncpg.connect(
                host=self._socket, port=self.port, user=postgres.SUPERUSER, database=database
            )
            await connection.execute(sql)
            await connection.close()

        self._loop.run(run(), timeout=30)

    def database(self) -> str:
        name = f"t{os.getpid()}_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return f"postgresql://{postgres.SUPERUSER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"


class Valkey:
    """A real Valkey, started as the embedded deployment starts it."""

    def __init__(self, processes: Processes, ports: Ports) -> None:
        self.port = ports.free()
        self.process = valkey.start(processes, binary=valkey.binary(), directory=processes.directory(), port=self.port)
        await_output(self.process, valkey.READY)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self, port: int | None = None, **more: Any) -> Any:
        return redis.Redis(port=port or self.port, decode_responses=True, socket_timeout=20, **more)


class Harness:
    """The `harness` command as a user calls it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.build = directory / "build" / "verify"

    def command(self, *words: str | Path) -> list[str]:
        return [sys.executable, "-m", "harness", *map(str, words)]

    def run(self, *words: str | Path, env: dict[str, str] | None = None, cwd: Path = ROOT) -> Done:
        done = subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=cwd,
            env={**os.environ, "COLUMNS": "140", **(env or {})},
        )
        return Done(done)

    def call(self, *words: str | Path, cwd: Path = ROOT) -> Done:
        """The command in this process, for what ends at once."""
        with contextlib.chdir(cwd):
            return Done(in_process.call(cli.main, *words))

    def refuse(self, *words: str | Path) -> Done:
        """`verify`, called for what it refuses before it starts anything."""
        return self.call("verify", "--build", self.build, *words)

    def verify(self, *words: str | Path, env: dict[str, str] | None = None) -> Done:
        return self.run("verify", "--build", self.build, *words, env=env)

    def profile(self, text: str) -> Path:
        """A profile of the test's own."""
        path = self.directory / "profile.toml"
        path.write_text(text, encoding="utf-8")
        return path


class Done:
    """What a finished command said."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr
        self.text = done.stdout + done.stderr

    def __str__(self) -> str:
        return f"exit code {self.code}\n{self.text}"

    def one_line_error(self, *parts: str) -> str:
        """The only `error:` line; fails on another exit code than 3, on a traceback, and where a part is missing."""
        assert self.code == 3, str(self)
        assert "Traceback" not in self.text, str(self)
        errors = [line for line in self.text.splitlines() if line.startswith(("error: ", "ERROR: "))]
        assert len(errors) == 1, str(self)
        for part in parts:
            assert part in errors[0], str(self)
        return errors[0]


def until(history: History, look: Callable[[], T | None], *, within: float = 20.0) -> T:
    """Waits for what the history is to show; fails when it doesn't."""
    found = history.wait_until(look, deadline=time.monotonic() + within)
    assert found is not None, [event.to_json() for event in history.events()]
    return found


def arrives(history: History, match: Callable[[Event], bool], *, within: float = 20.0) -> Event:
    """Waits for an event; fails when it doesn't come."""
    found = history.wait_for(match, within=within)
    assert found is not None, [event.to_json() for event in history.events()]
    return found


def awaits(look: Callable[[], bool], *, within: float = 10.0) -> None:
    """Returns when something that announces itself to nobody has come; fails when it doesn't."""
    deadline = time.monotonic() + within
    while not look():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.005)  # reason: it is told to nobody


def await_death(pid: int, *, within: float = 5.0) -> bool:
    """Waits until a process has ended, by its pidfd; False when it has not."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], within)[0])
    finally:
        os.close(watched)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
