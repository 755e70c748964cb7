"""The full files of a journal, put aside under their last number: read again, and deleted once they are past."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mock_providers.journal.condition import Condition
from mock_providers.journal.lines import Entry
from mock_providers.journal.reading import Reader
from mock_providers.journal.whose import begins_whole, why_not_ours
from mock_providers.own_files import NotPlainError, open_plain, shown

_NUMBER = re.compile(r"\.[0-9]{15}")


@dataclass(frozen=True, slots=True)
class Segment:
    path: Path
    last: int
    identity: tuple[int, ...]
    """Device, inode, size and time: that it is still the file that was read or written."""


class Segments:
    """The segments beside one journal. What isn't surely one of them is neither read nor deleted, whatever its name."""

    def __init__(self, journal: Path, condition: Condition) -> None:
        self._journal = journal
        self._condition = condition
        self._kept: list[Segment] = []

    def read(self, reader: Reader) -> Iterator[tuple[Entry, bool]]:
        """The entries of all segments, as the reader gives them."""
        for path in self._found():
            try:
                fd = open_plain(path, write=False)
            except NotPlainError as error:
                self._leave(path, error.why)
                continue
            if fd is not None:
                with os.fdopen(fd, "rb") as file:
                    yield from self._read(path, file, reader)

    def _read(self, path: Path, file: BinaryIO, reader: Reader) -> Iterator[tuple[Entry, bool]]:
        why = why_not_ours(file)
        if why is not None:
            self._leave(path, why)
            return
        sure, last = begins_whole(file), 0
        file.seek(0)
        for entry, later in reader.read(file, name=path.name):
            last = max(last, entry.seq)
            yield entry, later
        if sure and last:
            self._kept.append(Segment(path, last, _identity(os.fstat(file.fileno()))))

    def name(self, last: int) -> Path | None:
        """Where a file with this last number is to be put; None if the name is taken."""
        path = self._journal.with_name(f"{self._journal.name}.{last:015d}")
        return None if os.path.lexists(path) else path

    def add(self, path: Path, last: int, fd: int) -> None:
        """Takes note of a file that was put aside."""
        self._kept.append(Segment(path, last, _identity(os.fstat(fd))))

    def drop_before(self, seq: int) -> None:
        """Deletes the segments whose entries all come before `seq`."""
        past = [one for one in self._kept if one.last < seq]
        self._kept = [one for one in self._kept if one.last >= seq]
        for one in past:
            with suppress(FileNotFoundError):
                if _identity(os.lstat(one.path)) != one.identity:
                    self._condition.note(f"{shown(one.path)} was changed by others, and isn't deleted")
                    continue
                try:
                    one.path.unlink()
                except OSError as error:
                    if not isinstance(error, FileNotFoundError):
                        self._condition.note(f"{shown(one.path)} is past and can't be deleted: {error.strerror}")

    def _leave(self, path: Path, why: str) -> None:
        self._condition.note(f"{shown(path)} has the name of a part of the journal, but is left aside: {why}")

    def _found(self) -> list[Path]:
        name = self._journal.name
        beside = self._journal.parent.iterdir()
        return sorted(p for p in beside if p.name.startswith(name) and _NUMBER.fullmatch(p.name[len(name) :]))


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
