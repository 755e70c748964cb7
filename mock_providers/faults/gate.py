"""Gates: the answers of matching calls are withheld until the gate is opened."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mock_providers.faults.match import Match


@dataclass(slots=True, kw_only=True)
class Gate:
    """Holds answers back; `withheld` are the calls waiting at it, each with the message it made, `met` all that did."""

    id: str
    match: Match
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    withheld: dict[int, str | None] = field(default_factory=dict)
    met: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "match": self.match.to_json(),
            "withheld": [{"call": n, "message": m} for n, m in self.withheld.items()],
            "met": self.met,
        }


class Gates:
    """The gates that are closed."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}
        self._made = 0

    def __bool__(self) -> bool:
        return bool(self._gates)

    def __iter__(self) -> Iterator[Gate]:
        return iter(self._gates.values())

    def add(self, match: Match) -> Gate:
        self._made += 1
        gate = Gate(id=f"gate-{self._made}", match=match)
        self._gates[gate.id] = gate
        return gate

    @contextmanager
    def closed_to(self, facts: Mapping[str, Any], number: int, message: str | None) -> Iterator[list[Gate]]:
        """The gates at which a call has to wait, as one that is withheld at each of them for as long as it does."""
        gates = [gate for gate in self._gates.values() if gate.match.matches(**facts)]
        for gate in gates:
            gate.met += 1
            gate.withheld[number] = message
        try:
            yield gates
        finally:
            for gate in gates:
                del gate.withheld[number]

    def open(self, gate_id: str) -> Gate | None:
        """Opens a gate for good: everything withheld at it goes out."""
        gate = self._gates.pop(gate_id, None)
        if gate is not None:
            gate.opened.set()
        return gate

    def open_all(self, account: str | None = None) -> None:
        for gate in list(self._gates.values()):
            if account is None or gate.match.only_of(account):
                self.open(gate.id)
