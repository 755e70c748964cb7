"""A history read from its file: many lines at once, and what repeats from line to line is kept once."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.history.event import Event, Known
from harness.history.history import History

AT_ONCE = 1000
"""Lines that are read together, and share what is equal in them: names of fields, ids, what is said again and again."""

NO_EVENT = (ValueError, KeyError, TypeError, AttributeError)
"""What is raised where a line is something else than an event."""


def read(path: Path) -> History:
    """The history in a file; a torn last line is dropped, anything else that is no event is a UsageError."""
    with nothing_is_waste():
        return History.of(event for event, _ in told(path))


def read_runs(path: Path) -> list[History]:
    """The histories in a file that `merge` may have made: one for each run.

    Runs number their requests, calls and faults alike, so their events must never meet in one history.
    """
    runs: dict[str, list[Event]] = {}
    with nothing_is_waste():
        for event, run in told(path):
            runs.setdefault(run, []).append(event)
        return [History.of(events) for events in runs.values()]


def read_events(path: Path) -> list[Event]:
    return [event for event, _ in told(path)]


def told(path: Path) -> Iterator[tuple[Event, str]]:
    """The events in a file, each with the run that it is of, "" where the file holds just one."""
    number = 0
    try:
        with path.open(encoding="utf-8") as file:
            while lines := list(islice(file, AT_ONCE)):
                rows = together(lines)
                yield from rows if rows is not None else one_by_one(lines, file, path, number)
                number += len(lines)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"no history can be read from {path}: {error}; run `harness verify` first") from error


def together(lines: Sequence[str]) -> list[tuple[Event, str]] | None:
    """The events of some lines; None where one of them isn't an event."""
    try:
        rows, known = json.loads(f"[{','.join(lines)}]"), Known()
        return [event_of(row, known) for row in rows] if len(rows) == len(lines) else None
    except NO_EVENT:
        return None


def one_by_one(lines: Sequence[str], rest: Iterator[str], path: Path, before: int) -> Iterator[tuple[Event, str]]:
    """The same, up to the line that is no event; it may only be the last of all, since its writer was killed there."""
    known = Known()
    for number, line in enumerate(lines, start=1):
        try:
            yield event_of(json.loads(line), known)
        except NO_EVENT as error:
            if number < len(lines) or next(rest, None) is not None:
                where = f"{path}, line {before + number}"
                raise UsageError(f"{where} is no event ({error}); is it a history.jsonl?") from error


def event_of(row: Mapping[str, Any], known: Known) -> tuple[Event, str]:
    return Event.from_json(row, known), str(row.get("run", ""))


@contextmanager
def nothing_is_waste() -> Iterator[None]:
    """No search for waste among what is read: none of it is, and each search would look at all of it."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()
