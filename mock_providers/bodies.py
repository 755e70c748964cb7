"""Request bodies that are too long for a journal's entry, kept beside it as files."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

IN_MEMORY = 64 * 1024 * 1024
"""Bytes kept where there is no journal to keep them beside; the oldest go first."""


class Bodies:
    """Long bodies by the number of their call."""

    def __init__(self, journal: Path | None) -> None:
        self._folder = journal.with_name(f"{journal.name}.bodies") if journal is not None else None
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._size = 0

    def keep(self, call: int, body: bytes) -> None:
        if self._folder is not None:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            (self._folder / str(call)).write_bytes(body)
            return
        self._kept[call] = body
        self._size += len(body)
        while self._size > IN_MEMORY:
            self._size -= len(self._kept.popitem(last=False)[1])

    def get(self, call: int) -> bytes | None:
        if self._folder is None:
            return self._kept.get(call)
        try:
            return (self._folder / str(call)).read_bytes()
        except OSError:
            return None

    def forget(self, before: int) -> None:
        """Drops the bodies of calls that the journal no longer has."""
        if self._folder is not None and self._folder.is_dir():
            for file in self._folder.iterdir():
                if file.name.isdigit() and int(file.name) < before:
                    file.unlink(missing_ok=True)
