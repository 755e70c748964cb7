"""A gate: one thing withheld at the wire, so that an order of events is made and not hoped for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Literal

from harness.deploy.driver import Role
from harness.errors import Unobservable
from harness.history import Event
from harness.loop import Loop
from harness.probes.wire import WireControl, WireProbe
from harness.profile import Spoken
from harness.scenario.disturbances import began, ended
from harness.scenario.steps import step
from harness.scenario.tracked import TrackedFlow
from harness.scenario.waiting import Waiting

Side = Literal["answer", "command", "delivery"]
WANTED = '`harness verify --deep` with [deploy] driver = "embedded" and a database that is PostgreSQL'
UNGATED = "[queue] finish and taken say how an entry is finished; what a script does can't be told from its other work"


class Gate:
    """A gate that is closed; `reached` tells when something stands before it, `open` lets it pass."""

    def __init__(self, begin: Event, role: Role, *, waiting: Waiting, control: WireControl, loop: Loop) -> None:
        self._begin = begin
        self._role = role
        self._waiting = waiting
        self._control = control
        self._loop = loop
        self._open = False

    @property
    def number(self) -> int:
        return int(self._begin.data["number"])

    @step(lambda _, flow, **__: f"wait until {flow.name} is at the gate")
    def reached(self, flow: TrackedFlow, *, within: float | None = None) -> Event | None:
        """Waits until something is withheld; None when `flow` ended without that, can't go on, or took too long."""
        waiting = self._waiting

        def look() -> bool | None:
            return True if self._hits() or waiting.at_rest(flow) or waiting.facts.gone(self._role) else None

        waiting.until(look, what="gate", within=within)
        waiting.settle()
        return next(iter(self._hits()), None)

    def _hits(self) -> list[Event]:
        hits = self._waiting.history.events("fault.hit", after=self._begin.seq)
        return [event for event in hits if event.data.get("gate") == self.number]

    @step(lambda _: "open the gate")
    def open(self) -> None:
        """Lets pass what is withheld and whatever follows; safe to call twice."""
        if not self._open:
            self._open = True
            # the window ends before anything passes: what comes next is not "while withheld"
            ended(self._waiting.history, self._begin, hits=len(self._hits()))
            self._loop.run(self._control.ask("open", gate=self.number))


class Gates:
    """The gates that a scenario can close on the wires."""

    def __init__(self, *, waiting: Waiting, wire: WireProbe | None, loop: Loop) -> None:
        self._waiting = waiting
        self._wire = wire
        self._loop = loop

    @contextlib.contextmanager
    @step(lambda _, role, command, side="answer", **__: f"gate {role}: {side} of {command} withheld")
    def close(
        self,
        role: Role,
        command: str | Spoken,
        *,
        side: Side = "answer",
        contains: str = "",
        times: int | None = None,
        skip: int = 0,
    ) -> Iterator[Gate]:
        """Withholds a Redis command of a role's processes, its answer, or a delivery, until opened; `skip` pass first.

        `command` is one by its name, or what the profile calls so: `[queue]`'s `append_commands`, `finish_commands`.
        The gate opens at the end of the block at the latest. Raises Unobservable where no wire is in between, or the
        profile knows no such command.
        """
        spoken = Spoken((command,)) if isinstance(command, str) else command
        if not spoken.commands:
            elsewhere = self._waiting.profile.queue.base == "none"
            remedy = "[queue] kind, where it is in Redis after all" if elsewhere else UNGATED
            raise Unobservable("nothing that this queue is told can be withheld for that", remedy=remedy)
        what = {"command": list(spoken.commands), "keys": list(spoken.keys), "contains": contains, "skip": skip}
        with self._closed(role, "Redis", {"command": str(spoken), "side": side}, {**what, "times": times}) as gate:
            yield gate

    @contextlib.contextmanager
    @step(lambda _, role, side="command", **what: f"gate {role}: {side} of {told(what)} withheld")
    def statement(
        self,
        role: Role,
        *,
        side: Literal["answer", "command"] = "command",
        kind: str = "",
        shape: str = "",
        before: str = "",
        contains: str = "",
        times: int | None = None,
        skip: int = 0,
    ) -> Iterator[Gate]:
        """Withholds a statement of a role's processes from PostgreSQL, or its answer, until opened; `skip` pass first.

        `kind` is what it does ("insert", "commit"), `shape` the whole of it with `?` for its values, `before` the shape
        of the last statement of a transaction that it ends, `contains` a text in it or in its values. Behind its
        "answer" it was run, and committed where it is a transaction of its own. Raises Unobservable where no wire is
        in between.
        """
        what = {"kind": kind, "shape": shape, "before": before, "contains": contains, "skip": skip, "times": times}
        label = {"command": told(what), "side": side}
        with self._closed(role, "PostgreSQL", label, {"part": "postgres", **what}) as gate:
            yield gate

    @contextlib.contextmanager
    def _closed(
        self, role: Role, server: str, label: Mapping[str, object], what: Mapping[str, object]
    ) -> Iterator[Gate]:
        waiting = self._waiting
        here = server == "Redis" or (self._wire is not None and self._wire.has_database)
        if self._wire is None or self._wire.control is None or not here:
            reason = f"no wire stands between this stack and {server}, so nothing can be withheld there"
            ours = waiting.facts.manages_processes
            remedy = '[queue] observe = "wire"' if ours else "let the harness deploy the stack"
            raise Unobservable(reason, remedy=remedy if server == "Redis" else WANTED)
        control = self._wire.control
        begin = began(waiting.history, "gate", role, at=None, **label)
        gate = Gate(begin, role, waiting=waiting, control=control, loop=self._loop)
        kinds = " ".join(waiting.profile.of_role(role) or [role])
        asked = {"gate": gate.number, "process": kinds, "side": label["side"], **what}
        self._loop.run(control.ask("gate", **asked))
        try:
            yield gate
        finally:
            gate.open()


def told(what: Mapping[str, object]) -> str:
    """Which statement is meant, in a few words."""
    return str(what.get("shape") or what.get("kind") or "a statement")[:80]
