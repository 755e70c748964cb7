"""The journal on disk: a file that is appended to, and full segments beside it that age away."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from mock_providers.errors import JournalError
from mock_providers.journal.lines import read_entries

SEGMENT_BYTES = 256 * 1024 * 1024


class JournalFile:
    """`journal.jsonl` takes what comes; once full it is renamed to `journal.jsonl.<last seq>` and begun anew.

    Segments are only ever deleted whole, when every entry in them is past the retention.
    """

    def __init__(self, path: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.path = path
        self._segment_bytes = segment_bytes
        self._fd = _open(path)
        self._size = os.fstat(self._fd).st_size

    def read(self) -> Iterator[bytes]:
        """Every undamaged entry, oldest first; cuts off a last line that a crash tore."""
        for segment in self._segments():
            with segment.open("rb") as file:
                for _, entry in read_entries(file):
                    if entry is not None:
                        yield entry
        good = 0
        with self.path.open("rb") as file:
            for end, entry in read_entries(file):
                if entry is not None:
                    good = end
                    yield entry
        if good < self._size:
            os.ftruncate(self._fd, good)
            self._size = good

    def append(self, lines: bytes, *, sync: bool) -> None:
        rest = lines
        while rest:
            rest = rest[os.write(self._fd, rest) :]
        if sync:
            os.fdatasync(self._fd)
        self._size += len(lines)

    def rotate_if_full(self, seq: int) -> None:
        """Begins a new file if this one, whose last entry is `seq`, is full."""
        if self._size < self._segment_bytes:
            return
        os.fsync(self._fd)
        self.path.rename(self.path.with_name(f"{self.path.name}.{seq:015d}"))
        os.close(self._fd)
        self._fd = _open(self.path)
        self._size = 0

    def drop_before(self, seq: int) -> None:
        """Deletes the segments whose entries all come before `seq`."""
        for segment in self._segments():
            if int(segment.suffix[1:]) < seq:
                segment.unlink(missing_ok=True)

    def close(self) -> None:
        os.fsync(self._fd)
        os.close(self._fd)

    def _segments(self) -> list[Path]:
        found = self.path.parent.glob(f"{self.path.name}.*")
        return sorted(path for path in found if path.suffix[1:].isdigit())


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(
            f"the journal {path} can't be opened for writing: {error.strerror}; give another path with --journal"
        ) from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise JournalError(
            f"the journal {path} is in use by another server; stop that one or give another path with --journal"
        ) from None
    return fd
