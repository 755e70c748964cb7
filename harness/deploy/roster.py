"""Which processes of the stack run now, under which names, and what the history is told of them."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from harness.deploy.driver import Member, Role
from harness.deploy.processes import Process
from harness.history import History
from harness.probes.log import record_line
from harness.profile.processes import kind_of
from harness.vitals import died

PARTS = {"database": "PostgreSQL", "queue": "Redis", "mocks": "the mock providers", "wire": "the wire"}
"""Parts without which nothing can be judged, by the role of their process; as people call them."""
KEEPER = "the keeper of this deployment's processes"
LAST = 3
"""Lines of its output that are told of what has died."""


def said(words: str) -> str:
    """The last of some lines, as it follows a reason."""
    lines = [line for line in words.splitlines() if line.strip()][-LAST:]
    return f", saying: {' | '.join(lines)}"[:600] if lines else ""


class Roster:
    """The stack's own processes: API, workers, and whatever else the profile names."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._processes: dict[str, Process] = {}
        self._told: set[Process] = set()
        self._early: set[Process] = set()
        self._lock = threading.RLock()
        self._expected: set[str] = set()
        self._closing = False
        self.last_words: Callable[[str], str] = lambda _: ""
        """The last lines of a process's output, by its name."""
        self.held: set[str] = set()

    def of(self, role: Role) -> list[Process]:
        """The processes of a role that run now."""
        return [p for p in self._processes.values() if p.role == role and p.alive]

    def members(self, role: Role) -> list[Member]:
        return [Member(name=p.name, role=role, pid=p.pid, held=p.name in self.held) for p in self.of(role)]

    def named(self, kind: str) -> list[Process]:
        """The processes that run now of what the profile calls so."""
        return [p for p in self._processes.values() if kind_of(p.name) == kind and p.alive]

    def free_name(self, kind: str, *, but: Collection[str] = ()) -> str:
        """The first name that no running process has, and none of `but`.

        So a restarted worker is again the consumer that it was, unless it is to be another.
        """
        taken = {*(process.name for process in self.named(kind)), *but}
        return next(name for name in (f"{kind}-{n}" for n in itertools.count(1)) if name not in taken)

    def started(self, process: Process, **more: object) -> None:
        """Takes a process in, and says that it has started."""
        data = {"process": process.name, "role": process.role, "pid": process.pid, **more}
        with self._lock:
            self._processes[process.name] = process
            self._expected.discard(process.name)
            self._history.append("process.started", source="deploy", data=data)
            self._told.add(process)
            if process in self._early:
                self.exited(process)

    def expect_exit(self, *names: str) -> None:
        """Whoever ends from now on does so because we asked; without names, all of the deployment."""
        self._expected.update(names)
        self._closing = self._closing or not names

    def expect_no_exit(self, name: str) -> None:
        """Whoever was ended runs again."""
        self._expected.discard(name)

    def exited(self, process: Process) -> None:
        """Says that a process has ended, and whether we asked for it; without a part that is everybody's, all ends."""
        expected = process.name in self._expected or self._closing
        part = None if process.member else PARTS.get(process.role)
        hung_up = process.name == "wire" and process.code == 0  # it ends so when a start that failed lets go of it
        if part is not None and not expected and not hung_up:
            died(self._history, part, self._end_of(process))
        if not process.member:
            return
        with self._lock:
            if process not in self._told:  # it ended before its start was told
                self._early.add(process)
                return
        self.held.discard(process.name)
        data: dict[str, object] = {"process": process.name, "role": process.role, "pid": process.pid}
        data |= {"code": process.code, "expected": expected}
        if not expected:
            data["said"] = self.last_words(process.name)
        self._history.append("process.exited", source="deploy", data=data)
        if process.role == "api" and not expected and not self.of("api"):
            died(self._history, f"the API ({process.name})", self._end_of(process))

    def _end_of(self, process: Process) -> str:
        """How a process has ended, and what it said last; who was killed had nothing to say of it."""
        killed = process.code == -signal.SIGKILL
        return f"it ended with {process.code}{'' if killed else said(self.last_words(process.name))}"

    def line(self, process: Process, line: str) -> None:
        """A line of a process's output; a worker's is an event."""
        if process.member and process.role == "worker":
            record_line(self._history, process=process.name, line=line)


def contract(
    *,
    name: str,
    listen: tuple[str, int],
    public_url: str,
    database: Mapping[str, str],
    redis: tuple[str, int],
    providers: Mapping[str, str],
) -> dict[str, str]:
    """The settings that a process of a stack is started with; `database` and `providers` are those of their makers."""
    return {
        "HOST": listen[0],
        "PORT": str(listen[1]),
        "PUBLIC_URL": public_url,
        **database,
        "REDIS_HOST": redis[0],
        "REDIS_PORT": str(redis[1]),
        "WORKER_NAME": name,
        **providers,
    }


def postgres_settings(host: str, port: int, *, user: str, password: str, database: str) -> dict[str, str]:
    """Where a stack finds its PostgreSQL."""
    return {
        "POSTGRES_HOST": host,
        "POSTGRES_PORT": str(port),
        "POSTGRES_USER": user,
        "POSTGRES_PASSWORD": password,
        "POSTGRES_DB": database,
    }


def sqlite_settings(path: Path) -> dict[str, str]:
    """Where a stack finds its SQLite file, also in SQLAlchemy's spelling."""
    return {"DATABASE_PATH": str(path), "DATABASE_URL": f"sqlite:///{path}"}
