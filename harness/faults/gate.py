"""A gate: one thing withheld at the wire, so that an order of events is made and not hoped for."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from harness.deploy.driver import Role
from harness.errors import Unobservable
from harness.faults.record import began, ended
from harness.history import Event
from harness.steps import step

if TYPE_CHECKING:
    from harness.stack import Stack
    from harness.tracked import TrackedFlow

Side = Literal["answer", "command", "delivery"]


class Gate:
    """A gate that is closed; `reached` tells when something stands before it, `open` lets it pass."""

    def __init__(self, stack: Stack, number: int, role: Role) -> None:
        self._stack = stack
        self.number = number
        self._role = role
        self._open = False
        self._after = len(stack.history)

    @step(lambda _, flow, **__: f"wait until {flow.message.token} is at the gate")
    def reached(self, flow: TrackedFlow, *, within: float | None = None) -> Event | None:
        """Waits until something is withheld; None when `flow` ended without that, can't go on, or took too long."""
        stack = self._stack
        hit: list[Event] = []

        def look() -> bool | None:
            hits = stack.history.events("fault.hit", after=self._after)
            hit[:] = [event for event in hits if event.data.get("gate") == self.number]
            return True if hit or stack.at_rest(flow) or stack.facts.gone(self._role) else None

        stack.history.wait_until(look, deadline=time.monotonic() + stack.seconds(within))
        stack.settle()
        look()
        return hit[0] if hit else None

    @step(lambda _: "open the gate")
    def open(self) -> None:
        """Lets pass what is withheld and whatever follows; safe to call twice."""
        if not self._open:
            self._open = True
            ended(self._stack.history, "gate", self._role, self.number)
            self._stack.loop.run(self._stack.wire_control().ask("open", gate=self.number))


class Gates:
    """The gates that a scenario can close on the wires."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    @contextlib.contextmanager
    @step(lambda _, role, command, side="answer", **__: f"gate {role}: {side} of {command} withheld")
    def close(
        self, role: Role, command: str, *, side: Side = "answer", contains: str = "", times: int | None = None
    ) -> Iterator[Gate]:
        """Withholds a Redis command of a role's processes, its answer, or a delivery, until opened.

        The gate opens at the end of the block at the latest. Raises Unobservable where no wire is in between.
        """
        stack = self._stack
        if stack.wire is None:
            raise Unobservable("no wire stands between this stack and Redis, so nothing can be withheld there")
        number = began(stack.history, "gate", role, command=command, side=side)
        gate = Gate(stack, number, role)
        request = {"process": role, "command": command, "side": side, "contains": contains, "times": times}
        stack.loop.run(stack.wire_control().ask("gate", gate=number, **request))
        try:
            yield gate
        finally:
            gate.open()
