"""One thing that happened, as one source saw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as one source saw it.

    `at` is the source's own clock in Unix seconds (the earliest time that it may have been, where `data["until"]` says
    the latest), `seen` the harness's monotonic clock in seconds, `seq` the
    place in the history. `keys` say what the event is about: events that share a key belong to one flow, so a
    provider call (which knows only a token in the body) and a row (which knows only its id) find each other.
    """

    seq: int
    at: float
    seen: float
    source: str
    kind: str
    message_id: str | None = None
    data: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    keys: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The event as it stands in a history file, one object a line."""
        return {
            "seq": self.seq,
            "at": round(self.at, 6),
            "seen": round(self.seen, 6),
            "source": self.source,
            "kind": self.kind,
            "message_id": self.message_id,
            "data": dict(self.data),
            "keys": list(self.keys),
        }

    @classmethod
    def from_json(cls, line: Mapping[str, Any], known: Known | None = None) -> Event:
        """The inverse of `to_json`; raises KeyError or TypeError where a field is missing.

        The line's data is the event's from now on. Events that are made with the same `known` share what is equal in
        them.
        """
        known = Known() if known is None else known
        data = line.get("data")
        return cls(
            int(line["seq"]),
            float(line["at"]),
            float(line["seen"]),
            known[str(line["source"])],
            known[str(line["kind"])],
            known[line.get("message_id")],
            MappingProxyType(known.inside(data)) if data else EMPTY,
            known[tuple([known[name] for name in line.get("keys") or ()])],
        )


class Known(dict[Any, Any]):
    """The one object that stands for all that are equal to it: what repeats in a long record takes its room once."""

    def __missing__(self, value: Any) -> Any:
        self[value] = value
        return value

    def inside(self, table: dict[str, Any]) -> dict[str, Any]:
        """The table itself, with the texts in it replaced by those that are known."""
        for name, value in table.items():
            kind = type(value)
            if kind is str:
                table[name] = self[value]
            elif kind is dict:
                self.inside(value)
        return table


def key(space: str, *parts: object) -> str:
    """A correlation key such as `entry:message_queue:sms/1-0`; `space` keeps unlike things apart."""
    return space + ":" + "/".join(str(part) for part in parts)
