"""A long history made of a real one: copy after copy, each with names, numbers and a time of its own.

A copy is a run in itself: what belongs together in the original belongs together in it, and nothing of it belongs to
another copy. So a check says of the whole what it says of the original, with every number multiplied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

WORD: Final = re.compile(r"#?[\w-]+")
PLACE: Final = re.compile(
    r'"(?:seq|request|number|gate|journal|sequence)":(?P<number>\d+)'
    r"|(?:\b(?:twilio|sendgrid)/|\brequest:)(?P<named>\d+)"
    r'|"(?:at|seen|until)":(?P<seconds>[\d.]+)'
    r"|\b(?P<milliseconds>\d{13})(?=-\d+\b)"
    rf"|(?P<word>{WORD.pattern})"
)
"""What a copy says anew, wherever it stands in a line: numbers, times, an entry's id, and the names of messages."""
KEPT: Final = ("request", "call", "entry")
"""The spaces of keys whose names are numbers, or times."""
PAUSE_S: Final = 10.0
"""Seconds from the end of a copy to the beginning of the next."""


@dataclass(frozen=True)
class Copy:
    """By how much the numbers and times of one copy are moved on, and what its names end with."""

    number: int
    seconds: float
    ending: str

    def said(self, kind: str, text: str) -> str:
        """What stands in the copy for a piece of the original."""
        match kind:
            case "number" | "named":
                return str(int(text) + self.number)
            case "seconds":
                return f"{float(text) + self.seconds:.6f}"
            case "milliseconds":
                return str(int(text) + round(self.seconds * 1000))
            case "word":
                return text + self.ending
        return text


def multiply(source: Path, target: Path, *, events: int) -> int:
    """Writes a history of at least so many events to `target`, in whole copies of the one in `source`.

    Returns how many copies that took.
    """
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    told = [json.loads(line) for line in lines]
    names = {name for line in told for key in line["keys"] if (name := named(key))}
    known: dict[tuple[str, str], int] = {}
    rows = [[known.setdefault(piece, len(known)) for piece in pieces(line, names)] for line in lines]
    length = told[-1]["seen"] - told[0]["seen"] + PAUSE_S
    most = 1 + max(int(text) for kind, text in known if kind in ("number", "named"))
    copies = ceil(events / len(lines))
    with target.open("w", encoding="utf-8") as file:
        for at in range(copies):
            copy = Copy(number=at * most, seconds=at * length, ending=f"c{at:05}")
            said = [copy.said(*piece) for piece in known]
            file.writelines("".join([said[place] for place in row]) for row in rows)
    return copies


def named(key: str) -> str:
    """The word by which a key knows a message, without what stands around it; "" where it is a number or a time."""
    space, _, name = key.partition(":")
    found = WORD.search(name)
    return found[0] if found and space not in KEPT else ""


def pieces(line: str, names: set[str]) -> Iterator[tuple[str, str]]:
    """A line cut where copies differ: each piece with its kind, "" for what all have alike."""
    end = 0
    for found in PLACE.finditer(line):
        kind = found.lastgroup or ""
        if kind == "word" and found[kind] not in names:
            continue
        yield "", line[end : found.start(kind)]
        yield kind, found[kind]
        end = found.end(kind)
    yield "", line[end:]
