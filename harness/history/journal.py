"""A history on disk: one JSON object a line, appended as events arrive."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from harness.errors import UsageError
from harness.history.event import Event
from harness.history.history import History
from harness.history.reading import read_events

ENCODER = json.JSONEncoder(separators=(",", ":"), default=str, check_circular=False)
"""One for all lines: `json.dumps` makes a new one for each."""
FORMAT = 1
"""The version of a record's form; a reader knows its own and all before."""


def encode(event: Event) -> str:
    return ENCODER.encode(event.to_json())


class Journal:
    """Writes a history's events to a file as they arrive; every line is out before the next event is taken.

    `redact` takes secrets out of each line. A disk that is full doesn't stop the run: the first error is kept in
    `error`, and the events stay in memory.
    """

    def __init__(self, history: History, path: Path, *, redact: Callable[[str], str] = str) -> None:
        self.path = path
        self._redact = redact
        self.error: OSError | None = None
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file: IO[str] = path.open("w", encoding="utf-8", buffering=1)
        except OSError as error:
            raise UsageError(
                f"the history can't be written to {path}: {error.strerror}; free the path or name another with --build"
            ) from error
        history.listen(self._write)

    def _write(self, event: Event) -> None:
        with self._lock:
            if self.error is not None or self._file.closed:
                return
            try:
                self._file.write(self._redact(encode(event)) + "\n")
            except OSError as error:
                self.error = error

    def close(self) -> None:
        """Flushes and closes the file; more events are ignored."""
        with self._lock:
            try:
                self._file.close()
            except OSError as error:
                self.error = self.error or error


def merge(parts: Iterable[tuple[str, Path]], target: Path) -> int:
    """Joins the histories of parallel runs into one file, by time, each event marked with its run and its place there.

    Returns the number of events written.
    """
    rows: list[tuple[float, str, Event]] = []
    for run, path in parts:
        rows.extend((event.at, run, event) for event in read_events(path))
    rows.sort(key=lambda row: (row[0], row[1], row[2].seq))
    with target.open("w", encoding="utf-8") as file:
        for seq, (_, run, event) in enumerate(rows):
            line: dict[str, Any] = {**event.to_json(), "seq": seq, "run": run, "place": event.seq}
            file.write(json.dumps(line, separators=(",", ":"), default=str) + "\n")
    return len(rows)
