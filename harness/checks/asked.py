"""What a check was asked, of which part of a record: enough to ask it again without a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final, Protocol, runtime_checkable

from harness.history import Event, Flow, History
from harness.profile import Profile

TOLD_AS: Final = {"token": "mark"}
"""Under another name: what is called a token looks like a secret, and would be hidden."""


@runtime_checkable
class Derived(Protocol):
    """What was made of the history alone, and can be made of it again."""

    def as_asked(self) -> dict[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question: the check's full name, its arguments, and how much was recorded by then.

    `events` is how many events the history had, `until` the monotonic time up to which it was read; `more` is what was
    added to the reason later.
    """

    check: str
    given: Sequence[object]
    named: Mapping[str, object]
    events: int
    until: float
    more: str = ""

    def to_json(self) -> dict[str, Any]:
        """The question as it stands in verdicts.json."""
        return {
            "check": self.check,
            "given": [as_json(value) for value in self.given],
            "named": {name: as_json(value) for name, value in self.named.items()},
            "events": self.events,
            "until": round(self.until, 6),
            **({"more": self.more} if self.more else {}),
        }


def as_json(value: object) -> Any:
    """An argument of a check: an event by its place, a flow by the places of its events, a message by its parts.

    What has no such form is `{"is": "unknown"}`, and its question can't be asked again.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case History():
            return {"is": "history"}
        case Profile():
            return {"is": "profile"}
        case Flow():
            return {"is": "flow", "name": value.name, "events": [event.seq for event in value.events]}
        case Event():
            return {"is": "event", "seq": value.seq}
        case Derived():
            return value.as_asked()
        case Mapping():
            return {"is": "table", "of": {str(name): as_json(one) for name, one in value.items()}}
        case list() | tuple():
            return [as_json(one) for one in value]
        case AbstractSet():
            return [as_json(one) for one in sorted(value, key=str)]
    if not is_dataclass(value):
        return {"is": "unknown", "type": type(value).__name__}
    parts = {TOLD_AS.get(one.name, one.name): as_json(getattr(value, one.name)) for one in fields(value)}
    return {"is": "message", **parts}
