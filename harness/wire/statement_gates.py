"""Gates before statements: one withheld from PostgreSQL, or its answer from who asked, until the gate is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.wire.gates import Closed, guards
from harness.wire.shapes import kind_of, shape_of
from harness.wire.statements import Statement


@dataclass(slots=True, kw_only=True)
class StatementGate:
    """Withholds a statement of one process, or of all of some kinds, or its answer.

    `side` is "command" (PostgreSQL doesn't get it) or "answer" (it was run, in a transaction of its own also committed,
    and who asked doesn't hear so). `kind` is what it does ("insert", "commit"); `shape` the statement without its
    values, `before` of what ends a transaction that of its last statement; `contains` a text in it or in its values.
    What isn't said is any. `skip` so many pass first, `times` how many are withheld, None all.
    """

    number: int
    process: str
    side: str
    kind: str = ""
    shape: str = ""
    before: str = ""
    contains: bytes = b""
    skip: int = 0
    times: int | None = None
    met: int = 0
    reached: int = 0
    release: list[Callable[[], None]] = field(default_factory=list)

    def wants(self, process: str, statement: Statement) -> bool:
        """Whether it withholds a statement; one that it skips is counted."""
        if (self.times is not None and self.met >= self.times) or not guards(self.process, process):
            return False
        if not self._fits(statement):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.met += 1
        return True

    def _fits(self, statement: Statement) -> bool:
        if self.kind and kind_of(statement.text) != self.kind:
            return False
        if self.shape and shape_of(statement.text) != self.shape:
            return False
        if self.before and shape_of(statement.before) != self.before:
            return False
        said = (statement.text.encode(), *statement.values)
        return not self.contains or any(self.contains in one for one in said)


class StatementGates(Closed[StatementGate]):
    """The gates of statements that are closed now."""

    def at(self, process: str, statement: Statement) -> StatementGate | None:
        return next((gate for gate in self.closed if gate.wants(process, statement)), None)


def statement_gate(request: dict[str, Any]) -> StatementGate:
    return StatementGate(
        number=int(request["gate"]),
        process=str(request["process"]),
        side=str(request["side"]),
        kind=str(request.get("kind") or "").lower(),
        shape=str(request.get("shape") or ""),
        before=str(request.get("before") or ""),
        contains=str(request.get("contains") or "").encode(),
        skip=int(request.get("skip") or 0),
        times=int(request["times"]) if request.get("times") is not None else None,
    )
