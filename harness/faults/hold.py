"""A hold: all processes of a role stopped, from a quiescent state, until it is released."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from harness.deploy.driver import Role
from harness.faults.record import began, ended
from harness.steps import step

if TYPE_CHECKING:
    from harness.stack import Stack

__all__ = ["Hold", "RoleControl", "began", "ended"]


class Hold:
    """A hold that lasts; `standing` claims are judged again when it ends."""

    def __init__(self) -> None:
        self.standing: list[Callable[[], None]] = []


class RoleControl:
    """What a scenario can do to the processes of one role."""

    def __init__(self, stack: Stack, role: Role) -> None:
        self._stack = stack
        self._role = role

    @property
    def names(self) -> list[str]:
        return [member.name for member in self._stack.driver.members(self._role)]

    @contextlib.contextmanager
    @step(lambda self, **_: f"hold {self._role}")
    def held(self, *, quiescent: bool = True) -> Iterator[Hold]:
        """Stops the role's processes for as long as the block runs.

        From a quiescent state, so that nothing is stopped half done; `quiescent=False` stops them as they are. Raises
        Unobservable where the deployment can't.
        """
        stack = self._stack
        if quiescent:
            stack.quiesce()
        stack.loop.run(stack.driver.hold(self._role))
        hold = Hold()
        number = began(stack.history, "hold", self._role)
        stack.holds.append(hold)
        try:
            yield hold
            stack.settle()
            for claim in hold.standing:
                claim()
        finally:
            stack.holds.remove(hold)
            # the window ends before the processes go on: what they do next is not "while held"
            ended(stack.history, "hold", self._role, number)
            stack.loop.run(stack.driver.release(self._role))

    @step(lambda self: f"kill {self._role}")
    def kill(self) -> None:
        """Ends the role's processes without warning (SIGKILL)."""
        with self._disturbed("kill"):
            self._stack.loop.run(self._stack.driver.kill(self._role))

    @step(lambda self: f"terminate {self._role}")
    def terminate(self) -> None:
        """Asks the role's processes to stop (SIGTERM) and waits until they have."""
        with self._disturbed("terminate"):
            self._stack.loop.run(self._stack.driver.terminate(self._role))

    @step(lambda self, **_: f"start {self._role}")
    def start(self, *, count: int | None = None) -> None:
        """Starts `count` processes of the role, by default as many as the profile says."""
        self._stack.loop.run(self._stack.driver.launch(self._role, count=count))

    @step(lambda self: f"restart {self._role}")
    def restart(self) -> None:
        """Ends the role's processes gracefully and starts as many again."""
        count = len(self.names)
        self.terminate()
        self.start(count=count)

    @contextlib.contextmanager
    def _disturbed(self, fault: str) -> Iterator[None]:
        number = began(self._stack.history, fault, self._role)
        try:
            yield
        finally:
            ended(self._stack.history, fault, self._role, number)
