"""A database with the stack's table, a connection of the stack's, and a probe; servers and runs that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Coroutine
from typing import Any

import asyncpg
import psutil
from harness_support import await_output

from harness.deploy import postgres
from harness.deploy.ports import Ports
from harness.deploy.processes import Processes
from harness.history import Event, Flow, History, key
from harness.loop import Loop
from harness.probes.database import DatabaseProbe
from harness.probes.trigger import PREFIX
from harness.profile import Columns, Database

TABLE = """
CREATE TABLE messages (id text PRIMARY KEY, status text NOT NULL, direction text DEFAULT 'outbound',
    provider_message_id text, body text)
"""
SCHEMAS = f"SELECT count(*) FROM pg_namespace WHERE nspname LIKE '{PREFIX}%'"
LOCKS = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
TRIGGERS = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"


class Scene:
    """One probe and one connection of the stack's; `profile` are keys of [database] and of its columns."""

    def __init__(self, loop: Loop, url: str, *, ddl: str = TABLE, **profile: Any) -> None:
        self.loop, self.url, self.history = loop, url, History()
        self.stack: Any = self.connect()
        self.execute(ddl)
        columns = {name: profile.pop(name) for name in Columns.model_fields if name in profile}
        self.probe = DatabaseProbe(self.history, Database(columns=Columns(**columns), **profile), url=url)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work, timeout=30)

    def connect(self, url: str = "", name: str = "the-stack") -> Any:
        return self.run(asyncpg.connect(url or self.url, server_settings={"application_name": name}))

    def execute(self, sql: str, *args: object) -> Any:
        return self.run(self.stack.execute(sql, *args))

    def value(self, sql: str, *args: object) -> Any:
        return self.run(self.stack.fetchval(sql, *args))

    def start(self) -> Scene:
        self.run(self.probe.start())
        return self

    def trail(self, message_id: str = "m1") -> list[str]:
        self.run(self.probe.settle())
        return [value for value, _ in Flow(self.history.flow(key("message", message_id))).statuses]

    def seen(self) -> list[Event]:
        self.run(self.probe.settle())
        return self.history.events("database.inserted", "database.status")

    def gaps(self) -> list[str]:
        self.run(self.probe.settle())
        return [event.data["reason"] for event in self.history.events("probe.gap")]

    def close(self) -> None:
        self.run(self.probe.stop())
        if not self.stack.is_closed():
            self.run(self.stack.close(timeout=2))


class Server:
    """A PostgreSQL of the test's own: with other settings, and it may be stopped, killed and started again."""

    def __init__(self, processes: Processes, ports: Ports, **settings: object) -> None:
        self._processes, self.port = processes, ports.free()
        self._directory = processes.directory()
        binaries = postgres.binaries()
        first = postgres.start(processes, bin_directory=binaries, directory=self._directory, port=self.port)
        self._command = (str(binaries / "postgres"), "-D", str(self._directory / "postgres"), "-p", str(self.port))
        self._process = first.process
        await_output(self._process, postgres.READY)
        # connections from 127.0.0.1 need no password here
        (self._directory / "postgres" / "pg_hba.conf").write_text("host all all 127.0.0.1/32 trust\n")
        with (self._directory / "postgres" / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in settings.items())
        self.kill()
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://{postgres.SUPERUSER}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        self._process = self._processes.spawn(
            *(*self._command, "-k", str(self._directory)),
            name="postgres",
            role="database",
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            cwd=self._directory,
            stop_signal=signal.SIGQUIT,
            unprivileged=True,
        )
        await_output(self._process, postgres.READY)

    def kill(self) -> None:
        """Ends it as a crash does: nothing is written down first."""
        self._processes.stop([self._process])

    def signal(self, number: signal.Signals) -> None:
        """To the server and each of its processes."""
        main = psutil.Process(self._process.pid)
        for process in [main, *main.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)


RUN = """
import sys, threading
from harness.history import History
from harness.loop import Loop
from harness.probes.database import DatabaseProbe
from harness.profile import Database
loop = Loop()
loop.run(DatabaseProbe(History(), Database(), url=sys.argv[1]).start())
print("started", flush=True)
threading.Event().wait()  # reason: it is killed
"""


def killed_run(url: str) -> None:
    """A harness that put its trigger up and was killed."""
    with subprocess.Popen([sys.executable, "-c", RUN, url], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.kill()


async def gone(connection: Any) -> None:
    """Returns when the server has noticed that a killed run's connection is gone, and has freed its locks."""
    async with asyncio.timeout(10):
        while await connection.fetchval(LOCKS):  # noqa: ASYNC110 - reason: as below
            await asyncio.sleep(0.01)  # reason: a backend that has ended tells nobody
