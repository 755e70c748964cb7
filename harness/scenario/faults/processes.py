"""Faults of a role's processes: ended, stopped, or with another time on their clock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from harness.errors import Unobservable, UsageError
from harness.history import Event
from harness.scenario.disturbances import began, ended
from harness.scenario.faults.window import Window
from harness.scenario.steps import step

LIBRARY: Final = ("*/faketime/libfaketimeMT.so.1", "faketime/libfaketimeMT.so.1")
"""Where distributions put it, below /usr/lib."""


class Processes(Window):
    """What can be done to the processes of a role, beside holding and ending them (`stack.role(...)`)."""

    @contextlib.contextmanager
    @step(lambda _, role: f"the {role} is dead")
    def killed(self, role: str) -> Iterator[Event]:
        """Ends a role's processes without warning, and starts as many again at the end of the block."""
        role = self._role(role)

        def start(_: Event) -> None:
            self._loop.run(self._driver.kill(role))

        members = [member.name for member in self._driver.members(role)]

        def heal(_: Event) -> int:
            if members and not self._driver.members(role):
                self._loop.run(self._driver.launch(role, count=len(members)))
            return len(members)

        with self._window("kill", role, start=start, heal=heal, more={"members": members}) as begin:
            yield begin

    @contextlib.contextmanager
    @step(lambda _, role: f"stop the {role} where it stands")
    def stopped(self, role: str) -> Iterator[Event]:
        """Stops a role's processes in the middle of what they do, for as long as the block runs."""
        role = self._role(role)

        def start(_: Event) -> None:
            self._loop.run(self._driver.hold(role))

        members = [member.name for member in self._driver.members(role)]

        def heal(_: Event) -> int:
            self._loop.run(self._driver.release(role))
            return len(members)

        with self._window("stop", role, start=start, heal=heal, more={"members": members}) as begin:
            yield begin

    @contextlib.contextmanager
    @step(lambda _, role, seconds: f"shift the clock of the {role} by {seconds:+g} s")
    def clock(self, role: str, *, seconds: float) -> Iterator[Event]:
        """Restarts a role's processes with a clock that is so many seconds ahead (or behind), and again at the end.

        By libfaketime, where this machine has it; what counts how long something takes goes on as it does.
        """
        role = self._role(role)
        if seconds == 0:
            raise UsageError("seconds = 0: expected by how much the clock is to be wrong")
        shifts = library()
        shifted = {"LD_PRELOAD": shifts, "FAKETIME": f"{seconds:+g}", "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
        reached = 0

        def start(_: Event) -> None:
            nonlocal reached
            self._ended(role)
            self._loop.run(self._driver.launch_with(role, shifted))
            reached = sum(preloaded(member.pid, shifts) for member in self._driver.members(role))

        def heal(_: Event) -> int:
            self._ended(role)
            self._loop.run(self._driver.launch(role))
            return reached

        with self._window("clock", role, start=start, heal=heal, more={"seconds": seconds}) as begin:
            yield begin

    def _ended(self, role: str) -> None:
        history = self._waiting.history
        begin = began(history, "terminate", role, members=[one.name for one in self._driver.members(role)])
        try:
            self._loop.run(self._driver.terminate(role))
        finally:
            ended(history, begin)


def library() -> str:
    """The library that shifts a clock; raises Unobservable where this machine has none."""
    found = next((str(found) for place in LIBRARY for found in Path("/usr/lib").glob(place)), None)
    if found is None:
        raise Unobservable("no clock can be shifted here: there is no libfaketime", remedy="apt install faketime")
    return found


def preloaded(pid: int | None, shifts: str) -> bool:
    """Whether a process has a library in its memory."""
    maps = Path(f"/proc/{pid}/maps")
    try:
        return pid is not None and Path(shifts).name in maps.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
