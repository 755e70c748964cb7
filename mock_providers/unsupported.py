"""What was asked for and isn't here: operations of the vendors that this server lacks, counted by their shape."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

MOST_SHAPES = 500
"""Shapes that are told apart; what comes after them is counted as one."""
MOST_PARTS = 12
LONGEST_PART = 40

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
_NUMBER = re.compile(r"\+?\d+|%2[Bb]\d+", re.ASCII)
_OTHER_ID = re.compile(r"(?:d-)?[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_WORD = re.compile(r"[A-Za-z0-9_\-]+(?:\.json|\.xml|\.csv)?", re.ASCII)
_VERSION = re.compile(r"v\d+|\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(slots=True)
class Lack:
    """One operation that isn't here: how often it was asked for, and when it was last (Unix seconds)."""

    provider: str
    method: str
    path: str
    count: int = 0
    last: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            "provider": self.provider,
            "method": self.method,
            "path": self.path,
            "count": self.count,
            "last_seen": self.last,
        }


class Unsupported:
    """The operations that were asked for in vain since the server began, or was reset."""

    def __init__(self) -> None:
        self._lacks: dict[tuple[str, str, str], Lack] = {}

    def count(self, provider: str, method: str, path: str) -> None:
        """Counts a call of a path that its vendor may know and this server doesn't."""
        key = (provider, method[:10], shape(path))
        if key not in self._lacks and len(self._lacks) >= MOST_SHAPES:
            key = (provider, "", "(others)")
        lack = self._lacks.setdefault(key, Lack(*key))
        lack.count += 1
        lack.last = time.time()

    def clear(self) -> None:
        self._lacks.clear()

    def to_json(self) -> list[dict[str, Any]]:
        """What is lacked, the most wanted first."""
        return [lack.to_json() for lack in sorted(self._lacks.values(), key=lambda one: (-one.count, one.path))]


def shape(path: str) -> str:
    """A path without what names single things: `/2010-04-01/Accounts/{sid}/Calls.json`."""
    parts = path.split("/", MOST_PARTS + 1)
    cut = parts[: MOST_PARTS + 1]
    return "/".join(map(_part, cut)) + ("/…" if len(parts) > len(cut) else "")


def _part(part: str) -> str:
    bare, dot, suffix = part.partition(".")
    if _SID.fullmatch(bare):
        return f"{{sid}}{dot}{suffix}" if suffix in {"", "json", "xml", "csv"} else "{sid}"
    if _VERSION.fullmatch(part):
        return part
    if _NUMBER.fullmatch(part):
        return "{number}"
    if not part or (len(part) <= LONGEST_PART and _WORD.fullmatch(part) and not _OTHER_ID.fullmatch(part)):
        return part
    return "{id}"
