"""Gates: one thing withheld at the wire until it is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from harness.wire.commands import Command, Said, bare, name_of, text
from harness.wire.places import fits, places_of


@dataclass(slots=True)
class Gate:
    """Withholds a command, its answer, or a delivery, on the connections of one process, or of all of some kinds.

    `side` is "answer" (Redis gets the command, the process doesn't get the reply), "command" (Redis doesn't get it) or
    "delivery" (a reply that carries entries). `contains` narrows it to commands in which a text stands, `keys` to those
    that work on one of them (patterns, in which `*` stands for anything). `skip` so many commands pass first.
    """

    number: int
    process: str
    commands: frozenset[bytes]
    side: str
    contains: bytes
    times: int | None
    keys: tuple[bytes, ...] = ()
    skip: int = 0
    reached: int = 0
    release: list[Callable[[], None]] = field(default_factory=list)

    def guards(self, process: str) -> bool:
        return guards(self.process, process)

    def wants(self, command: Command) -> bool:
        if self.times is not None and self.reached >= self.times:
            return False
        if name_of(command) not in self.commands:
            return False
        if self.contains and not any(isinstance(part, bytes) and self.contains in part for part in command):
            return False
        if self.keys and not any(fits(key, word) for key in self.keys for word in places_of(command)):
            return False
        if self.skip:
            self.skip -= 1
            return False
        return True

    def wants_delivery(self, said: Said) -> bool:
        if said["what"] not in ("claimed", "took") or (self.times is not None and self.reached >= self.times):
            return False
        values = said["fields"].values() if "fields" in said else [said.get("value") or ""]
        return not self.contains or any(self.contains in bare(value) for value in values)


def guards(named: str, process: str) -> bool:
    """Whether a gate for some processes, or kinds of them, concerns one."""
    return not {process, process.rpartition("-")[0]}.isdisjoint(named.split())


class Closable(Protocol):
    """Whatever withholds something until it is opened."""

    number: int
    reached: int
    release: list[Callable[[], None]]


G = TypeVar("G", bound=Closable)


class Closed(Generic[G]):
    """The gates of one kind that are closed now."""

    def __init__(self) -> None:
        self._closed: dict[int, G] = {}

    def __bool__(self) -> bool:
        return bool(self._closed)

    def __contains__(self, number: int) -> bool:
        return number in self._closed

    @property
    def closed(self) -> list[G]:
        return list(self._closed.values())

    def close(self, gate: G) -> None:
        self._closed[gate.number] = gate

    def open(self, number: int) -> int:
        """Opens a gate and lets pass what it withheld; how many times it was reached."""
        gate = self._closed.pop(number, None)
        if gate is None:
            return 0
        for release in gate.release:
            release()
        return gate.reached


class Gates(Closed[Gate]):
    """The gates of commands, and of what Redis gives, that are closed now."""

    def at_command(self, process: str, command: Command) -> Gate | None:
        return next(
            (g for g in self._closed.values() if g.guards(process) and g.side != "delivery" and g.wants(command)),
            None,
        )

    def at_delivery(self, process: str, said: Said) -> Gate | None:
        return next(
            (g for g in self._closed.values() if g.guards(process) and g.side == "delivery" and g.wants_delivery(said)),
            None,
        )


def gate_of(request: dict[str, object]) -> Gate:
    return Gate(
        number=int(str(request["gate"])),
        process=text(request["process"]),
        commands=frozenset(str(command).upper().encode() for command in listed(request["command"])),
        side=str(request["side"]),
        contains=str(request.get("contains") or "").encode(),
        times=int(str(request["times"])) if request.get("times") is not None else None,
        keys=tuple(str(key).encode() for key in listed(request.get("keys") or [])),
        skip=int(str(request.get("skip") or 0)),
    )


def listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
