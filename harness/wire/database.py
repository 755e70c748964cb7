"""One connection to PostgreSQL through the wire: its statements are read on the side, and stop at closed gates.

Whatever can't be read (it is encrypted, or no protocol that we know) is passed on all the same, and said once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from harness.wire.link import Link
from harness.wire.pump import Pump, Said, Tell
from harness.wire.shapes import shape_of
from harness.wire.statement_gates import StatementGate, StatementGates
from harness.wire.statements import CANCELS, Conversation, Statement


@dataclass
class Listening:
    """Whether each statement is told, which costs a line each."""

    on: bool = False


class DatabaseConnection(Pump):
    """Both halves of one proxied connection of one process to PostgreSQL."""

    def __init__(
        self,
        *,
        process: str,
        number: int,
        gates: StatementGates,
        listening: Listening,
        tell: Tell,
        on_end: Callable[[Pump], None] = lambda _: None,
        link: Link | None = None,
    ) -> None:
        super().__init__(process=process, number=number, tell=tell, on_end=on_end, link=link)
        self.said = Conversation()
        self._gates = gates
        self._listening = listening
        self._complained = False
        self._withheld: Statement | None = None  # the first that PostgreSQL doesn't get
        self._gated: dict[Statement, StatementGate] = {}  # whose answers are withheld

    def from_client(self, data: bytes) -> None:
        sent = 0
        for statement in self.said.sent(data, time.time()):
            gate = self._gates.at(self.process, statement) if self._gates else None
            if gate is None:
                continue
            if gate.side == "command":
                self.to_server.send(data[sent : statement.begin])
                sent = statement.begin
                if not self.to_server.held:
                    self._withheld = statement
                self.to_server.hold(gate)
                self._reached(gate, statement)
            else:
                self._gated[statement] = gate
        self.to_server.send(data[sent:])
        self._complain()

    def from_server(self, data: bytes) -> None:
        sent = 0
        for statement, said, begin in self.said.received(data, time.time()):
            gate = self._gated.get(statement) if statement is not None else None
            if gate is not None and gate.number not in self.to_client.held:
                self.to_client.send(data[sent:begin])
                sent = begin
                self.to_client.hold(gate)
            if said is not None and self._listening.on:
                more = told_of(statement) if statement is not None else {}
                self._tell({**said, **more, "process": self.process, "connection": self.number})
        self.to_client.send(data[sent:])
        if self._gated and not self.said.waits:
            for statement in [one for one in self._gated if one.done]:
                self._reached(self._gated.pop(statement), statement)
        self._complain()

    def _reached(self, gate: StatementGate, statement: Statement) -> None:
        gate.reached += 1
        self.tell_gate("gate", gate.number, statement=shape_of(statement.text))

    def _complain(self) -> None:
        if self.said.lost and self.said.lost != CANCELS and not self._complained:
            self._complained = True
            self._tell({"what": "unheard", "process": self.process, "reason": self.said.lost, "at": time.time()})

    def withheld_is_lost(self) -> None:
        if self._withheld is not None:
            self.said.forget(self._withheld)
            self._withheld = None


def told_of(statement: Statement) -> Said:
    """A statement, as it is told to the harness; values and rows as the bytes that they were, in hexadecimal."""
    return {
        "text": statement.text,
        "shape": shape_of(statement.text),
        "before": shape_of(statement.before),
        "kind": statement.kind,
        "values": [value.hex() for value in statement.values],
        "rows": bytes(statement.rows).hex(),
        "tags": statement.tags,
        "error": statement.error,
        "asked": statement.at,
    }
