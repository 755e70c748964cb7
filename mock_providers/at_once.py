"""Webhooks that arrive together: none goes out before all have their connection, and then all do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from mock_providers.checked import Checked

PATIENCE_S = 5.0
"""Seconds that a delivery waits for the others if nothing else is said."""
LONGEST_S = 30.0
MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AtOnce:
    """A delivery's wish to go out together with others: with the `of` deliveries that name the same `name`."""

    name: str
    of: int
    within_s: float = PATIENCE_S

    @classmethod
    def read(cls, value: object) -> AtOnce | None:
        """What a request's `at_once` says; None where it has none."""
        if value is None:
            return None
        given = Checked(value, where="at_once")
        name, of = given.text("name"), given.integer("of", least=2)
        within_s = given.number("within_s", PATIENCE_S)
        given.done()
        if not name:
            raise given.wrong("name", "a name that the deliveries share", name)
        if of is None or of > MOST:
            raise given.wrong("of", f"how many deliveries it is of, 2 to {MOST}", of)
        if within_s is None or within_s > LONGEST_S:
            raise given.wrong("within_s", f"0 to {LONGEST_S:g} seconds", within_s)
        return cls(name=name, of=of, within_s=within_s)


@dataclass(slots=True, kw_only=True)
class Barrier:
    """Where deliveries wait for each other."""

    of: int
    came: int = 0
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def to_json(self) -> dict[str, Any]:
        """How many went out together, and whether that is all that should have."""
        return {"of": self.of, "came": self.came, "together": self.came >= self.of}


class Barriers:
    """The barriers at which somebody waits. One opens when all have come, or when the first has waited long enough."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, int], Barrier] = {}
        self._closing = False

    async def wait(self, wanted: AtOnce) -> Barrier:
        """Returns when the others have come too; all that wait at one barrier return in one turn of the event loop."""
        key = (wanted.name, wanted.of)
        barrier = self._waiting.setdefault(key, Barrier(of=wanted.of))
        barrier.came += 1
        if self._closing or barrier.came >= barrier.of:
            self._open(key)
        try:
            async with asyncio.timeout(wanted.within_s):
                await barrier.opened.wait()
        except TimeoutError:
            # those that came go out together all the same, and say how many they were
            if self._waiting.get(key) is barrier:
                self._open(key)
        except asyncio.CancelledError:
            barrier.came -= 0 if barrier.opened.is_set() else 1
            if not barrier.came:
                self._waiting.pop(key, None)
            raise
        return barrier

    def _open(self, key: tuple[str, int]) -> None:
        self._waiting.pop(key).opened.set()

    def close(self) -> None:
        """Lets everybody go, those who come later too: the server ends."""
        self._closing = True
        for key in list(self._waiting):
            self._open(key)
