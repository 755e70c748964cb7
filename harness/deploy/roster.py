"""Which processes of the stack run now, under which names, and what the history is told of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from harness.deploy.driver import Member, Role
from harness.deploy.processes import Process
from harness.history import History
from harness.probes.log import record_line


class Roster:
    """The stack's own processes: API and workers."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._processes: dict[str, Process] = {}
        self._expected: set[str] = set()
        self.held: set[str] = set()

    def of(self, role: Role) -> list[Process]:
        """The processes of a role that run now."""
        return [p for p in self._processes.values() if p.role == role and p.alive]

    def members(self, role: Role) -> list[Member]:
        return [Member(name=p.name, role=role, pid=p.pid, held=p.name in self.held) for p in self.of(role)]

    def free_name(self, role: Role) -> str:
        """The first name that no running process has: a restarted worker is again the consumer that it was."""
        taken = {process.name for process in self.of(role)}
        return next(name for name in (f"{role}-{n}" for n in itertools.count(1)) if name not in taken)

    def started(self, process: Process, **more: object) -> None:
        """Takes a process in, and says that it has started."""
        self._processes[process.name] = process
        self._expected.discard(process.name)
        data = {"process": process.name, "role": process.role, "pid": process.pid, **more}
        self._history.append("process.started", source="deploy", data=data)

    def expect_exit(self, *names: str) -> None:
        """Whoever ends from now on does so because we asked."""
        self._expected.update(names or self._processes)

    def exited(self, process: Process) -> None:
        """Says that a process has ended, and whether we asked for it."""
        if process.role not in ("api", "worker"):
            return
        self.held.discard(process.name)
        data = {"process": process.name, "role": process.role, "pid": process.pid, "code": process.code}
        expected = process.name in self._expected
        self._history.append("process.exited", source="deploy", data=data | {"expected": expected})

    def line(self, process: Process, line: str) -> None:
        """A line of a process's output; a worker's is an event."""
        if process.role == "worker":
            record_line(self._history, process=process.name, line=line)


def contract(
    *,
    name: str,
    listen: tuple[str, int],
    public_url: str,
    postgres: tuple[str, int],
    credentials: tuple[str, str, str],
    redis: tuple[str, int],
    providers: Mapping[str, str],
) -> dict[str, str]:
    """The settings that a process of a stack is started with; `credentials` are the database's user, password, name."""
    user, password, database = credentials
    return {
        "HOST": listen[0],
        "PORT": str(listen[1]),
        "PUBLIC_URL": public_url,
        "POSTGRES_HOST": postgres[0],
        "POSTGRES_PORT": str(postgres[1]),
        "POSTGRES_USER": user,
        "POSTGRES_PASSWORD": password,
        "POSTGRES_DB": database,
        "REDIS_HOST": redis[0],
        "REDIS_PORT": str(redis[1]),
        "WORKER_NAME": name,
        **providers,
    }
