"""The journal on disk: a file that is appended to, and full segments beside it that age away."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mock_providers.errors import JournalError
from mock_providers.journal.condition import Condition
from mock_providers.journal.lines import Entry, Line, header, salvage, understand
from mock_providers.journal.opening import make_journal, open_journal, put_aside
from mock_providers.journal.reading import Reader
from mock_providers.journal.segments import Segments
from mock_providers.own_files import (
    ANOTHER_PATH,
    NotPlainError,
    shown,
    write_all,
)

SEGMENT_BYTES = 256 * 1024 * 1024
LOOK_EVERY_S = 0.25
"""How old the knowledge may be that the file is still in its place: a look costs a system call or two."""


class JournalFile:
    """`journal.jsonl` takes what comes; once full it is renamed to `journal.jsonl.<last seq>` and begun anew.

    A file that isn't surely a journal of ours is refused (JournalError), and neither it nor its time or mode is
    changed. Segments are only ever deleted whole, when every entry in them is past the retention.
    """

    def __init__(self, path: Path, *, segment_bytes: int = SEGMENT_BYTES, condition: Condition | None = None) -> None:
        self.path = path
        self.condition = condition if condition is not None else Condition(file=path.name)
        self._segment_bytes = segment_bytes
        self._rotate_from = segment_bytes
        self._segments = Segments(path, self.condition)
        self._torn: Line | None = None
        self._left = 0
        """Bytes of a write that failed, behind what is known to be good."""
        self._since: list[bytes] = []
        """What was written since the file was last seen in its place, …"""
        self._after = 0
        """… and the number before it."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NotPlainError(path, str(error.strerror)) from None
        self._fd = open_journal(path)
        self._size = os.fstat(self._fd).st_size
        self._look_at = 0.0

    def read(self, reader: Reader) -> Iterator[tuple[Entry, bool]]:
        """Every whole entry as the files have them, oldest file first, and whether it comes after all before it."""
        yield from self._segments.read(reader)
        with open(os.dup(self._fd), "rb") as file:  # noqa: PTH123  # reason: of a descriptor that is locked, not a path
            file.seek(0)
            yield from reader.read(file, name=self.path.name, torn_is_cut=True)
        self._torn = reader.torn

    def begin(self, seq: int) -> None:
        """Readies the file for entries after `seq`: a torn last record is put aside, an empty file gets its header."""
        try:
            if self._torn is not None:
                self._mend_end(self._torn)
            if self._size == 0:
                self._write(header(seq))
        except OSError as error:
            raise JournalError(
                f"the journal {shown(self.path)} can't be readied: {error.strerror}; free the disk, or {ANOTHER_PATH}"
            ) from None
        self._after = seq
        self._look_at = time.monotonic() + LOOK_EVERY_S

    def append(self, lines: bytes, *, seq: int, sync: bool) -> None:
        """Writes entries, the last of which is `seq`; raises OSError or JournalError, with nothing of them left."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look(now, sync=sync)
            self._after = seq - lines.count(b"\n")
        self._write(lines, sync=sync)
        self._since.append(lines)
        if self._size >= self._rotate_from:
            self._rotate(seq)

    def resume(self, seq: int) -> None:
        """Takes up writing after it failed, and says in the file that the numbers up to `seq` won't come."""
        self._look(time.monotonic(), sync=False)
        self._write(header(seq))
        self._after = seq

    def drop_before(self, seq: int) -> None:
        """Deletes the segments whose entries all come before `seq`."""
        self._segments.drop_before(seq)

    def close(self) -> None:
        try:
            os.fsync(self._fd)
        except OSError as error:
            self.condition.note(f"the end of {shown(self.path)} may not be on the disk: {error.strerror}")
        os.close(self._fd)

    def _write(self, lines: bytes, *, sync: bool = False) -> None:
        if self._left:
            self._take_back()
        try:
            write_all(self._fd, lines)
            if sync:
                os.fdatasync(self._fd)
        except OSError:
            self._left = len(lines)
            with suppress(OSError):
                self._take_back()
            raise
        self._size += len(lines)

    def _take_back(self) -> None:
        """Cuts off what a failed write left; where others wrote behind it, it stays and its line is ended."""
        there = os.fstat(self._fd).st_size
        if self._size <= there <= self._size + self._left:
            os.ftruncate(self._fd, self._size)
        else:
            write_all(self._fd, b"\n")
            self._size = there + 1
            self.condition.note(f"the journal {shown(self.path)} was written to by others while it was in use")
        self._left = 0

    def _look(self, now: float, *, sync: bool) -> None:
        """Sees whether the file is in its place, as it was left; if it isn't, writes again what came since it was."""
        if self._left:
            self._take_back()
        try:
            there: os.stat_result | None = os.lstat(self.path)
        except FileNotFoundError:
            there = None
        mine = os.fstat(self._fd)
        same = there is not None and (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino)
        if not same or mine.st_size != self._size:
            self._recover(same=same)
            if self._since:
                self._write(b"".join(self._since), sync=sync)
        self._since.clear()
        self._look_at = now + LOOK_EVERY_S

    def _recover(self, *, same: bool) -> None:
        """Makes the file one that can be appended to."""
        name = shown(self.path)
        if same:
            size = os.fstat(self._fd).st_size
            done = "cut" if size < self._size else "written to"
            self.condition.note(f"the journal {name} was {done} by others while it was in use")
        else:
            fd = open_journal(self.path)
            os.close(self._fd)
            self._fd, size = fd, os.fstat(fd).st_size
            self.condition.note(
                f"the journal {name} was moved or deleted by others while it was in use: "
                f"entries up to {self._after} aren't in the file that is written now"
            )
        self._size = size
        if size == 0:
            self._write(header(self._after))
        elif os.pread(self._fd, 1, size - 1) != b"\n":
            self._write(b"\n")

    def _rotate(self, seq: int) -> None:
        """Puts the full file aside and begins a new one; where that can't be, goes on with the one there is."""
        aside = self._segments.name(seq)
        if aside is None:
            return  # another file has that name; the next number has another one
        try:
            os.fsync(self._fd)
            self._look(time.monotonic(), sync=False)
            self.path.rename(aside)
            try:
                fd = make_journal(self.path, seq)
            except OSError:
                # not over one that another has made there in the meantime
                os.link(aside, self.path)
                aside.unlink()
                raise
        except (OSError, JournalError) as error:
            self._rotate_from = self._size + self._segment_bytes // 4 + 1
            said = error.strerror if isinstance(error, OSError) else error
            self.condition.note(f"the full journal {shown(self.path)} can't be put aside, and grows on: {said}")
            return
        self._segments.add(aside, seq, self._fd)
        os.close(self._fd)
        self._fd, self._size = fd, os.fstat(fd).st_size
        self._rotate_from = self._segment_bytes
        self._since.clear()
        self._after = seq

    def _mend_end(self, torn: Line) -> None:
        """Ends a last line that has a whole record; any other is moved into a file beside the journal."""
        if understand(torn.text + b"\n") is not None or salvage(torn.text):
            self._write(b"\n")
            return
        kept = put_aside(self._fd, torn.start, beside=self.path)
        os.ftruncate(self._fd, torn.start)
        self._size = torn.start
        self.condition.note(
            f"the last record of the journal {shown(self.path)} was torn: its {torn.end - torn.start} bytes were "
            f"cut off, and are kept in {kept.name}"
        )
