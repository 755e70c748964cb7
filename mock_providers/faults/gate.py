"""Gates: the answers of matching calls are withheld until the gate is opened."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mock_providers.errors import ConfigError
from mock_providers.faults.match import Match


@dataclass(slots=True, kw_only=True)
class Gate:
    """Holds answers back; `withheld` are the calls waiting at it, each with the message it made, `met` all that did."""

    id: str
    match: Match
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    withheld: dict[int, str | None] = field(default_factory=dict)
    met: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def meet(self, number: int, message: str | None) -> None:
        """Counts a call that has to wait, and wakes who waits for one."""
        self.met += 1
        self.withheld[number] = message
        self._news.set()
        self._news = asyncio.Event()

    async def until(self, met: int, *, within: float) -> None:
        """Returns when so many calls were withheld, when the gate is open, or after so many seconds."""
        try:
            async with asyncio.timeout(within):
                while self.met < met and not self.opened.is_set():
                    await self._news.wait()
        except TimeoutError:
            pass  # the answer says how many there were

    def open(self) -> None:
        self.opened.set()
        self._news.set()

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "match": self.match.to_json(),
            "withheld": [{"call": n, "message": m} for n, m in self.withheld.items()],
            "met": self.met,
        }


MOST = 1000
"""Gates that may be closed."""


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
        if len(self._gates) >= MOST:
            raise ConfigError(f"there are {MOST} closed gates already; open some first")
        self._made += 1
        gate = Gate(id=f"gate-{self._made}", match=match)
        self._gates[gate.id] = gate
        return gate

    def meet(self, facts: Mapping[str, Any]) -> bool:
        """Whether a call has to wait at a gate."""
        return any(gate.match.matches(**facts) for gate in self._gates.values())

    @contextmanager
    def closed_to(self, facts: Mapping[str, Any], number: int, message: str | None) -> Iterator[list[Gate]]:
        """The gates at which a call has to wait, as one that is withheld at each of them for as long as it does."""
        gates = [gate for gate in self._gates.values() if gate.match.matches(**facts)]
        for gate in gates:
            gate.meet(number, message)
        try:
            yield gates
        finally:
            for gate in gates:
                del gate.withheld[number]

    def open(self, gate_id: str) -> Gate | None:
        """Opens a gate for good: everything withheld at it goes out."""
        gate = self._gates.pop(gate_id, None)
        if gate is not None:
            gate.open()
        return gate

    def get(self, gate_id: str) -> Gate | None:
        return self._gates.get(gate_id)

    def open_all(self, account: str | None = None) -> None:
        for gate in list(self._gates.values()):
            if account is None or gate.match.only_of(account):
                self.open(gate.id)
