"""What can be done to one kind of process of a stack that runs already: by signals, or by the profile's commands."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from harness.deploy import orders
from harness.deploy.driver import Member, Reached
from harness.deploy.finding import found
from harness.deploy.tree import Look, Tree, await_end, look
from harness.deploy.unlocked import stop_unlocked
from harness.deploy.watchdog import Watchdog
from harness.errors import Unobservable
from harness.profile import Process, Profile

ENDED_WITHIN = 5.0
"""Seconds that what a command has ended may take to be gone."""
_debts = itertools.count(1)


class Undoing:
    """What we have stopped, told to a process that undoes it if we die; it is started with the first of it."""

    def __init__(self) -> None:
        self._watchdog: Watchdog | None = None

    def _awake(self) -> Watchdog:
        if self._watchdog is None:
            self._watchdog = Watchdog()
        return self._watchdog

    def stopping(self, one: Look) -> None:
        self._awake().stopping(one.pid, one.start)

    def continued(self, pid: int, start: int) -> None:
        if self._watchdog is not None:
            self._watchdog.continued(pid, start)

    def owing(self, command: Sequence[str]) -> int:
        number = next(_debts)
        self._awake().owing(number, command)
        return number

    def paid(self, number: int) -> None:
        if self._watchdog is not None:
            self._watchdog.paid(number)

    def close(self) -> None:
        """Ends it; what was left undone is undone."""
        if self._watchdog is not None:
            self._watchdog.close()
            self._watchdog = None


class Grip(ABC):
    """One kind of process; all its methods block, and raise Unobservable where it can't be told or done."""

    def __init__(self, kind: str, spec: Process, *, undoing: Undoing) -> None:
        self.kind = kind
        self.spec = spec
        self._undoing = undoing

    @abstractmethod
    def members(self) -> list[Member]: ...

    @abstractmethod
    def pids(self) -> frozenset[int]: ...

    @abstractmethod
    def hold(self) -> Reached: ...

    @abstractmethod
    def release(self) -> None:
        """Ends one hold; the last one's end lets them go on."""

    @abstractmethod
    def let_go(self) -> None:
        """Ends every hold."""

    def name_of_pid(self, pid: int) -> str | None:  # noqa: ARG002 - reason: who can't tell has no use for it
        return None

    def name_of_host(self, host: str) -> str | None:  # noqa: ARG002 - reason: the same
        return None

    def forget(self) -> None:  # noqa: B027 - reason: who remembers nothing has nothing to forget
        """Others may run under its numbers by now."""

    def await_gone(self) -> None:  # noqa: B027 - reason: what can't be told isn't waited for
        """Returns when what ran has ended; raises Unobservable where it goes on."""


class Signalled(Grip):
    """By SIGSTOP and SIGCONT, with all that they have started; `file` is the SQLite file on which nobody is held up."""

    def __init__(self, kind: str, spec: Process, *, undoing: Undoing, file: Path | None = None) -> None:
        super().__init__(kind, spec, undoing=undoing)
        self._tree = Tree()
        self._file = file

    def _found(self) -> Tree:
        pids = found(self.kind, self.spec)
        strangers = [pid for pid in pids if not self._tree.add(pid)]
        if strangers and self.spec.pid_file is None and not self._tree.held:
            self._tree = Tree(*pids)  # /proc and systemd say what runs now, so it was started again
        elif strangers:
            raise Unobservable(
                f"process {strangers[0]} in {self.spec.pid_file or 'its place'} is another one than before: the "
                f"{self.kind} was restarted, or its number given away; write the file anew and run again"
            )
        return self._tree

    def members(self) -> list[Member]:
        tree = self._found()
        pids = tree.pids
        first = [pid for pid in tree.roots if pid in pids]
        return [Member(name=f"{self.kind}-{pid}", role=self.spec.role, pid=pid, held=tree.held) for pid in first]

    def pids(self) -> frozenset[int]:
        return self._found().pids

    def name_of_pid(self, pid: int) -> str | None:
        origin = self._found().origin(pid)
        return None if origin is None else f"{self.kind}-{origin}"

    def hold(self) -> Reached:
        names = tuple(member.name for member in self.members())
        if not names:
            raise Unobservable(f"no process of the {self.kind} runs")
        undoing = self._undoing
        pids = stop_unlocked(self._tree, self._file, tell=undoing.stopping, told=undoing.continued)
        return Reached(names=names, pids=pids)

    def release(self) -> None:
        self._tree.resume(told=self._undoing.continued)

    def let_go(self) -> None:
        while self._tree.held:
            self.release()

    def forget(self) -> None:
        self.let_go()
        self._tree = Tree()

    def await_gone(self) -> None:
        left = [one for one in map(look, self._tree.pids) if one is not None]
        if not await_end(left, within=ENDED_WITHIN):
            names = ", ".join(str(one.pid) for one in left)
            raise Unobservable(f"of the processes {names} some are still there after the command that ends them")


class Commanded(Grip):
    """By the profile's own commands; who is held is known only where something else tells it.

    A command that has ended proves no stop, so whoever is named is told as *unsure*.
    """

    def __init__(self, kind: str, spec: Process, *, undoing: Undoing, profile: Profile, inner: Grip | None) -> None:
        super().__init__(kind, spec, undoing=undoing)
        self._inner = inner
        self._hold = orders.words(spec.hold or [], profile)
        self._release = orders.words(spec.release or [], profile)
        self._holds = 0
        self._debt = 0

    def members(self) -> list[Member]:
        known = self._inner.members() if self._inner else [Member(name=f"{self.kind}-1", role=self.spec.role)]
        return [Member(name=one.name, role=one.role, pid=one.pid, held=self._holds > 0) for one in known]

    def pids(self) -> frozenset[int]:
        return self._inner.pids() if self._inner else frozenset()

    def name_of_pid(self, pid: int) -> str | None:
        return self._inner.name_of_pid(pid) if self._inner else None

    def name_of_host(self, host: str) -> str | None:
        return self._inner.name_of_host(host) if self._inner else None

    def hold(self) -> Reached:
        names = tuple(member.name for member in self.members())
        if not self._holds:
            self._debt = self._undoing.owing(self._release)
            try:
                orders.run(self._hold, key=f"[processes.{self.kind}] hold")
            except Unobservable:
                self._undo()
                raise
        self._holds += 1
        return Reached(names=names, pids=self.pids(), unsure=frozenset(names))

    def release(self) -> None:
        if self._holds:
            self._holds -= 1
            if not self._holds:
                self._undo()

    def _undo(self) -> None:
        orders.run(self._release, key=f"[processes.{self.kind}] release")
        self._undoing.paid(self._debt)  # one that failed is run once more at the end

    def let_go(self) -> None:
        if self._holds:
            self._holds = 0
            self._undo()

    def forget(self) -> None:
        if self._inner:
            self._inner.forget()

    def await_gone(self) -> None:
        if self._inner:
            self._inner.await_gone()
