"""A process with all that it brought forth: found in /proc, stopped, continued and killed as one.

A process belongs to a tree when its parent does, when the leader of its session does, when it was once seen to, or
when it has the tree's mark in its environment; so neither a new session nor a dead parent leads out of it. A number
alone names nobody: each process is known by its number and the time of its start, which are compared before every
signal.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Unobservable

DEAD = frozenset("ZXx")
STOPPED = frozenset("Tt")
ROUNDS = 50
"""How often a tree is looked through for what was born, or continued by somebody else, while it was being stopped."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """A process as it was when we looked; `start` is in the kernel's ticks since boot."""

    pid: int
    parent: int
    session: int
    start: int
    state: str


Tell = Callable[[Look], None]
"""Is told of a process before it is stopped; what it raises keeps us from doing so."""


def look(pid: int) -> Look | None:
    """One process; None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    if not fields:
        return None
    state = fields[0]
    if state in DEAD:  # its first thread has ended; others may go on
        state = next(iter(threads(pid) - DEAD), state)
    return Look(pid=pid, parent=int(fields[1]), session=int(fields[3]), start=int(fields[19]), state=state)


def threads(pid: int) -> set[str]:
    """The states of all its threads."""
    states = set()
    with contextlib.suppress(OSError):  # the process has ended meanwhile
        for task in Path(f"/proc/{pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError, IndexError):  # a thread that has ended meanwhile
                states.add(task.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0])
    return states


def everybody() -> list[Look]:
    """All processes of this machine, parents before children."""
    numbers = (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - reason: names are wanted
    found = (look(pid) for pid in numbers)
    return sorted((one for one in found if one), key=lambda one: (one.start, one.pid))


def has_mark(pid: int, beginning: str) -> bool:
    """Whether a process was started with a setting (NAME=VALUE) that begins so."""
    try:
        settings = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(setting.startswith(beginning.encode()) for setting in settings)


def kill_marked(beginning: str) -> None:
    """Ends every process with such a setting in its environment, until none is left."""
    for _ in range(ROUNDS):
        found = [one for one in everybody() if one.state not in DEAD and one.pid != os.getpid()]
        left = [one for one in found if has_mark(one.pid, beginning)]
        if not left:
            return
        for one in left:
            with contextlib.suppress(Unobservable):
                send(one.pid, one.start, signal.SIGKILL)
        await_end(left, within=1.0)


def send(pid: int, start: int, number: signal.Signals) -> bool:
    """Sends a signal to the process of that number and start; False when it has gone. Raises Unobservable."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        now = look(pid)  # after the handle: from here on the number can't become somebody else's unseen
        if now is None or now.start != start:
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    except PermissionError as error:
        raise Unobservable(f"process {pid} is not ours to signal: {error}") from error
    finally:
        os.close(handle)
    return True


def await_stopped(pid: int, *, within: float = 2.0) -> None:
    """Returns when every thread has stopped, as /proc tells, or none is left; Unobservable when it doesn't stop."""
    deadline = time.monotonic() + within
    while threads(pid) - DEAD - STOPPED:
        if time.monotonic() > deadline:
            raise Unobservable(f"process {pid} did not stop within {within:g} s")
        time.sleep(0.0005)  # reason: the kernel tells a stop to the parent only, and we aren't that


def await_end(processes: Iterable[Look], *, within: float) -> bool:
    """Waits until all have ended; False when some haven't in that time."""
    deadline = time.monotonic() + within
    for one in processes:
        try:
            handle = os.pidfd_open(one.pid)
        except ProcessLookupError:
            continue
        try:
            now = look(one.pid)
            if now is not None and now.start == one.start:
                poll = select.poll()
                poll.register(handle, select.POLLIN)
                if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                    return False
        finally:
            os.close(handle)
    return True


class Tree:
    """All processes that come from some first ones; holds of it may be nested, and the last release counts."""

    def __init__(self, *roots: int, mark: str = "") -> None:
        """`mark`: a setting (NAME=VALUE) that nobody but this tree has in its environment."""
        self._roots: dict[int, int] = {}  # a first process and its start
        self._seen: dict[int, int] = {}  # a member's number -> its start
        self._origin: dict[int, int] = {}  # a member's number -> the first process that it comes from
        self._stopped: dict[int, int] = {}  # by us, in that order
        self._holds = 0
        self._lock = threading.RLock()
        self._mark = mark
        self._marked: dict[tuple[int, int], bool] = {}  # a number and its start -> whether it has the mark
        for pid in roots:
            self.add(pid)

    def add(self, pid: int) -> bool:
        """Takes in one more first process; False where its number was another's when we first saw it."""
        now = look(pid)
        with self._lock:
            if now is not None and now.state not in DEAD:
                self._roots.setdefault(pid, now.start)
            return now is None or self._roots.get(pid, now.start) == now.start

    @property
    def roots(self) -> list[int]:
        """The numbers of its first processes."""
        return list(self._roots)

    @property
    def held(self) -> bool:
        return self._holds > 0

    def members(self) -> list[Look]:
        """The living processes of the tree, parents before children."""
        with self._lock:
            now = everybody()
            origin: dict[int, int] = {}
            known = len(origin) - 1
            while len(origin) > known:
                known = len(origin)
                for one in now:
                    if one.pid not in origin and (root := self._root_of(one, origin)) is not None:
                        origin[one.pid] = root
            self._origin = origin
            self._seen = {one.pid: one.start for one in now if one.pid in origin}
            return [one for one in now if one.pid in origin and one.state not in DEAD]

    def _root_of(self, one: Look, origin: dict[int, int]) -> int | None:
        if self._roots.get(one.pid) == one.start:
            return one.pid
        if self._seen.get(one.pid) == one.start:
            return self._origin[one.pid]
        found = origin.get(one.parent, origin.get(one.session))
        return found if found is not None or not self._has_mark(one) else next(iter(self._roots))

    def _has_mark(self, one: Look) -> bool:
        if not (self._mark and self._roots) or one.start < min(self._roots.values()):
            return False
        name = (one.pid, one.start)
        if name not in self._marked:
            self._marked[name] = has_mark(one.pid, self._mark)
        return self._marked[name]

    @property
    def pids(self) -> frozenset[int]:
        return frozenset(one.pid for one in self.members())

    def origin(self, pid: int) -> int | None:
        """The first process that a member comes from; None where it is no member."""
        return next((self._origin[pid] for one in self.members() if one.pid == pid), None)

    # acting

    def stop(self, *, tell: Tell = lambda _: None, within: float = 2.0) -> frozenset[int]:
        """Stops all of it, parents before children, until nothing runs that could bring forth more; returns whom.

        Raises Unobservable, and lets go what it has stopped, where one doesn't stop, isn't ours to signal, or was
        stopped by somebody else before.
        """
        with self._lock:
            before = dict(self._stopped)
            try:
                met = self._stop(tell, within)
            except BaseException:
                self._let_go({pid: start for pid, start in self._stopped.items() if pid not in before})
                raise
            self._holds += 1
            return met

    def _stop(self, tell: Tell, within: float) -> frozenset[int]:
        for _ in range(ROUNDS):
            now = self.members()
            running = [one for one in now if one.pid not in self._stopped or one.state not in STOPPED]
            if not running:
                return frozenset(one.pid for one in now)
            if any(one.pid == os.getpid() for one in running):
                raise Unobservable(
                    f"process {now[0].pid} has started this harness too; name the one that does the work"
                )
            for one in running:
                if one.pid not in self._stopped and one.state in STOPPED:
                    raise Unobservable(f"process {one.pid} is stopped already, by somebody else")
            for one in running:
                tell(one)
                self._stopped[one.pid] = one.start
                send(one.pid, one.start, signal.SIGSTOP)
                await_stopped(one.pid, within=within)
        raise Unobservable(f"process {running[0].pid} doesn't stay stopped: somebody continues it, or starts more")

    def resume(self, *, told: Callable[[int, int], None] = lambda *_: None) -> None:
        """Ends one hold; the last one's end continues all that we stopped, children before parents."""
        with self._lock:
            self._holds = max(0, self._holds - 1)
            if not self._holds:
                self._let_go(self._stopped, told)

    def _let_go(self, whom: dict[int, int], told: Callable[[int, int], None] = lambda *_: None) -> None:
        for pid, start in reversed(list(whom.items())):  # a parent that goes on finds no stopped child
            send(pid, start, signal.SIGCONT)
            self._stopped.pop(pid, None)
            told(pid, start)

    def kill(self, *, within: float = 5.0) -> frozenset[int]:
        """Ends all of it and returns whom; it stands still before, so that nobody starts another one in between.

        Raises Unobservable where some are still there after that.
        """
        deadline = time.monotonic() + within
        met: set[int] = set()
        with self._lock:
            for one in self._stand_still():
                met.add(one.pid)
            while left := self.members():
                for one in left:
                    met.add(one.pid)
                    send(one.pid, one.start, signal.SIGKILL)
                if not await_end(left, within=deadline - time.monotonic()):
                    names = ", ".join(str(one.pid) for one in left)
                    raise Unobservable(f"of the processes {names} some are still there after SIGKILL")
            self._stopped.clear()
            self._holds = 0
        return frozenset(met)

    def _stand_still(self) -> list[Look]:
        stopped: dict[int, Look] = {}
        for _ in range(ROUNDS):
            fresh = [one for one in self.members() if one.pid not in stopped]
            if not fresh:
                break
            for one in fresh:
                stopped[one.pid] = one
                send(one.pid, one.start, signal.SIGSTOP)
                with contextlib.suppress(Unobservable):  # it will be killed however it is
                    await_stopped(one.pid, within=0.5)
        return list(stopped.values())
