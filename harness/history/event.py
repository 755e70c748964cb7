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
    def from_json(cls, line: Mapping[str, Any]) -> Event:
        """The inverse of `to_json`; raises KeyError or TypeError where a field is missing."""
        return cls(
            seq=int(line["seq"]),
            at=float(line["at"]),
            seen=float(line["seen"]),
            source=str(line["source"]),
            kind=str(line["kind"]),
            message_id=line.get("message_id"),
            data=MappingProxyType(dict(line.get("data") or {})),
            keys=tuple(line.get("keys") or ()),
        )


def key(space: str, *parts: object) -> str:
    """A correlation key such as `entry:message_queue:sms/1-0`; `space` keeps unlike things apart."""
    return space + ":" + "/".join(str(part) for part in parts)
