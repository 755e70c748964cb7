"""One line of a history file: the event, its run, and its place there."""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from harness.history import Event
from harness.history.reading import NO_EVENT
from harness.record.lines import Lines
from harness.record.reading import about_of

PLACE: Final = re.compile(rb'\{"seq":(\d{1,18}),')
JOINED: Final = re.compile(rb'"run":"([^"\\]{0,200})","place":(\d{1,18})\}\s*$')
TAIL: Final = 300
"""Bytes at a line's end that hold its run."""


@dataclass(frozen=True)
class Row:
    """One line of a history: the event, and where it stands. `place` is that in its own run."""

    run: str
    place: int
    begin: int
    event: Event


def row_at(content: bytes | mmap.mmap, begin: int, end: int) -> Row | None:
    """What a line says; None where it is no event. Raises UsageError for a record of a later form."""
    try:
        line: dict[str, Any] = json.loads(content[begin:end].decode("utf-8", errors="surrogateescape"))
        event = Event.from_json(line)
        row = Row(str(line.get("run", "")), int(line.get("place", event.seq)), begin, event)
    except (*NO_EVENT, RecursionError, OverflowError):
        return None
    if "record" in event.data:
        about_of(event.data["record"])
    return row if row.place >= 0 else None


def rows_with(lines: Lines, needles: Iterable[bytes | None]) -> list[Row]:
    """The events in whose lines any of these stands, in the file's order."""
    found = (row_at(lines.content, begin, end) for begin, end in lines.holding(needles))
    return [row for row in found if row is not None]


def in_order(rows: Iterable[Row], content: bytes | mmap.mmap) -> list[Row]:
    """Each event once, by its place: a line that stands there twice says one thing."""
    found: list[Row] = []
    for row in sorted({row.begin: row for row in rows}.values(), key=lambda row: (row.place, row.begin)):
        if not any(same_line(row, other, content) for other in at_place(found, row.place)):
            found.append(row)
    return found


def at_place(rows: Sequence[Row], place: int) -> Iterable[Row]:
    for row in reversed(rows):
        if row.place != place:
            return
        yield row


def same_line(one: Row, other: Row, content: bytes | mmap.mmap) -> bool:
    ends = [content.find(b"\n", row.begin) for row in (one, other)]
    first, second = (
        content[row.begin : end if end >= 0 else len(content)] for row, end in zip((one, other), ends, strict=True)
    )
    return first == second


def place_of(line: bytes) -> tuple[str, int]:
    """Whose event a line is, and where, without reading it; -1 where it doesn't say."""
    joined = JOINED.search(line[-TAIL:])
    if joined:
        return joined[1].decode("ascii", errors="replace"), int(joined[2])
    found = PLACE.match(line)
    return "", int(found[1]) if found else -1


def run_of(line: bytes) -> str:
    return place_of(line)[0] if b'"place":' in line else ""
