"""The query of the Email Activity feed: conditions joined by AND, read from left to right in one pass."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mock_providers.glob import in_order
from mock_providers.sendgrid.errors import Problem, SendGridError

LONGEST = 10_000
"""Characters of a query."""
MOST = 100
"""Conditions of a query."""

# each step is taken at a place that is known, and gives nothing back of what it took
_NAMED = re.compile(r"\s*+(to_email|from_email|subject|status|msg_id)\s*+(=|!=|LIKE)\s*+\"", re.IGNORECASE)
_JOINED = re.compile(r"\s++AND(?=\s)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Condition:
    """A field of a message's summary, and what it has to be."""

    name: str
    operator: str
    value: str

    def holds(self, summary: Mapping[str, Any]) -> bool:
        actual = str(summary[self.name])
        if self.operator == "LIKE":
            return in_order(self.value.lower().split("%"), actual.lower())
        return (actual == self.value) == (self.operator == "=")


def conditions(query: str) -> list[Condition]:
    """What a query asks for; an empty one asks for all. Raises SendGridError 400 where it can't be read."""
    if len(query) > LONGEST:
        raise SendGridError(400, Problem(f"invalid query: longer than {LONGEST} characters", "query"))
    found: list[Condition] = []
    at = 0
    while query:
        named = _NAMED.match(query, at)
        end = query.find('"', named.end()) if named is not None else -1
        if named is None or end < 0 or len(found) == MOST:
            raise SendGridError(400, Problem(f"invalid query: {query[at : at + 100]}", "query"))
        found.append(Condition(named[1].lower(), named[2].upper(), query[named.end() : end]))
        at = end + 1
        joined = _JOINED.match(query, at)
        if joined is None:
            if query[at:].strip():
                raise SendGridError(400, Problem(f"invalid query: {query[at : at + 100]}", "query"))
            break
        at = joined.end()
    return found
