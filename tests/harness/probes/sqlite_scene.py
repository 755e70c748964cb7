"""A SQLite file with the stack's table, a connection of the stack's, a probe; runs and writers that can be killed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from harness.history import Event, Flow, History, key
from harness.loop import Loop
from harness.probes.sqlite import SqliteProbe
from harness.profile import Columns, Database

TABLE = """
CREATE TABLE messages (id TEXT PRIMARY KEY, status TEXT NOT NULL, direction TEXT DEFAULT 'outbound',
    provider_message_id TEXT, body TEXT)
"""
OURS = "SELECT count(*) FROM sqlite_master WHERE name LIKE 'messaging_harness_%'"
MINE = 4
"""A table and three triggers."""


class Scene:
    """One probe and one connection of the stack's; `profile` are keys of [database] and of its columns."""

    def __init__(
        self, loop: Loop, path: Path, *, ddl: str = TABLE, journal: str = "wal", late: bool = False, **profile: Any
    ) -> None:
        self.loop, self.path, self.history = loop, path, History()
        self.stack = self.connect()
        self.value(f"PRAGMA journal_mode = {journal}")
        self.stack.executescript(ddl)
        columns = {name: profile.pop(name) for name in Columns.model_fields if name in profile}
        self.known = Database(columns=Columns(**columns), kind="sqlite", **profile)
        self.probe = SqliteProbe(self.history, self.known, path=path, late=late)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run(work, timeout=30)

    def connect(self, timeout: float = 5.0) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None, timeout=timeout, check_same_thread=False)

    def execute(self, sql: str, *args: object) -> sqlite3.Cursor:
        return self.stack.execute(sql, args)

    def value(self, sql: str, *args: object) -> Any:
        found = self.stack.execute(sql, args).fetchone()
        return found and found[0]

    def start(self) -> Scene:
        self.run(self.probe.start())
        return self

    def trail(self, message_id: str = "m1") -> list[str]:
        self.run(self.probe.settle())
        return [value for value, _ in Flow(self.history.flow(key("message", message_id))).statuses]

    def seen(self) -> list[Event]:
        self.run(self.probe.settle())
        return self.history.events("database.inserted", "database.status")

    def moves(self) -> list[tuple[str, str | None, str | None, str | None]]:
        """What was seen: whether inserted or moved, of whom, from which status to which."""
        return [(e.kind.split(".")[1], e.message_id, e.data["old"], e.data["new"]) for e in self.seen()]

    def gaps(self) -> list[str]:
        self.run(self.probe.settle())
        return [event.data["reason"] for event in self.history.events("probe.gap")]

    def close(self) -> None:
        self.run(self.probe.stop())
        self.stack.close()


RUN = """
import sys, threading
from pathlib import Path
from harness.history import History
from harness.loop import Loop
from harness.probes.sqlite import SqliteProbe
from harness.profile import Database
loop = Loop()
loop.run(SqliteProbe(History(), Database(kind="sqlite"), path=Path(sys.argv[1])).start())
print("started", flush=True)
threading.Event().wait()  # reason: it is killed
"""
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement).fetchone()
print("holds", flush=True)
sys.stdin.readline()
"""


def killed_run(path: Path) -> None:
    """A harness that put its triggers up and was killed."""
    with subprocess.Popen([sys.executable, "-c", RUN, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.kill()


class Holder:
    """Another process that has run some statements, and does nothing until it is let go or killed."""

    def __init__(self, path: Path, *statements: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path), *statements],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "holds\n"

    def go(self) -> None:
        self.process.communicate("\n", timeout=10)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=10)
