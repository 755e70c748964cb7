"""Request bodies that are too long for a journal's entry, kept beside it as files.

A file is named after its call, its length and its checksum, `17-81920-9ae0daaf.body`: so it can be told from a file of
others, and from one that was cut. Those of an earlier version have the call's number alone; they are read, and left.
"""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from pathlib import Path
from zlib import crc32

from mock_providers.errors import JournalError
from mock_providers.own_files import NotPlainError, beside, make_plain, shown, sync_folder, write_all

IN_MEMORY = 64 * 1024 * 1024
"""Bytes kept where there is no journal to keep them beside; the oldest go first."""

_OURS = re.compile(r"([0-9]{1,15})-([0-9]{1,12})-([0-9a-f]{8})\.body")
_EARLIER = re.compile(r"[0-9]{1,15}")


class Bodies:
    """Long bodies by the number of their call; raises JournalError where something else is in the folder's place.

    With `fsync` a body is on the disk before its call is answered, as the journal is.
    """

    def __init__(self, journal: Path | None, *, fsync: bool = False) -> None:
        self._folder = beside(journal, ".bodies") if journal is not None else None
        self._fsync = fsync
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._size = 0
        self._files: dict[int, Path] = {}
        self.cut = 0
        """How many of the files that were found aren't as long as their name says."""
        if self._folder is not None and os.path.lexists(self._folder) and not _is_folder(self._folder):
            raise NotPlainError(self._folder, "long bodies are kept there, and it isn't a folder")

    def find(self, last: int) -> None:
        """Takes note of the bodies that an earlier server left, which gave numbers up to `last` to its calls."""
        if self._folder is not None and _is_folder(self._folder):
            try:
                self._find(self._folder, last)
            except OSError as error:
                raise NotPlainError(self._folder, str(error.strerror)) from None

    def keep(self, call: int, body: bytes) -> None:
        """Keeps a call's body; raises JournalError where it can't be written."""
        if self._folder is not None:
            try:
                self._files[call] = self._write(self._folder, call, body)
            except OSError as error:
                raise JournalError(
                    f"the body of call {call} can't be written into {shown(self._folder)}: {error.strerror}"
                ) from None
            return
        self._kept[call] = body
        self._size += len(body)
        while self._size > IN_MEMORY:
            self._size -= len(self._kept.popitem(last=False)[1])

    def get(self, call: int) -> bytes | None:
        """A call's body as it came; None where none is kept. Raises JournalError for one that is damaged."""
        if self._folder is None:
            return self._kept.get(call)
        path = self._files.get(call)
        if path is None:
            return None
        try:
            body = path.read_bytes()
        except OSError as error:
            raise JournalError(f"the body of call {call} can't be read: {error.strerror} ({path.name})") from None
        if _OURS.fullmatch(path.name) is not None and path.name != _name(call, body):
            raise JournalError(f"the body of call {call} is damaged: {path.name} isn't what its name says")
        return body

    def forget(self, before: int) -> None:
        """Drops the bodies of calls that the journal no longer has."""
        for call in [call for call in self._files if call < before]:
            path = self._files.pop(call)
            try:
                # what has been changed, or is of an earlier version, isn't surely ours
                if _OURS.fullmatch(path.name) is not None and path.name == _name(call, path.read_bytes()):
                    path.unlink()
            except OSError:
                # it stays where it is; nothing asks for it any more
                continue

    def _write(self, folder: Path, call: int, body: bytes) -> Path:
        try:
            folder.mkdir(mode=0o700)
            sync_folder(folder)
        except FileExistsError:
            pass
        path = folder / _name(call, body)
        try:
            fd = make_plain(path)
        except FileExistsError:
            # of a call of this number that was never answered, before the server was killed
            if path.is_symlink() or path.read_bytes() != body:
                raise
            return path
        try:
            write_all(fd, body)
            if self._fsync:
                os.fsync(fd)
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(fd)
        if self._fsync:
            sync_folder(path)
        return path

    def _find(self, folder: Path, last: int) -> None:
        cut: set[int] = set()
        for path in sorted(folder.iterdir()):
            ours = _OURS.fullmatch(path.name)
            if (ours is None and _EARLIER.fullmatch(path.name) is None) or path.is_symlink() or not path.is_file():
                continue
            call = int(ours[1]) if ours is not None else int(path.name)
            if call > last:
                # of a call that was never answered
                if ours is not None and path.name == _name(call, path.read_bytes()):
                    # the number will be given to another call
                    path.rename(path.with_suffix(".unanswered"))
            elif ours is None:
                self._files.setdefault(call, path)
            elif path.stat().st_size == int(ours[2]):
                self._files[call] = path
            else:
                cut.add(call)
        self.cut = len(cut - self._files.keys())


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _name(call: int, body: bytes) -> str:
    return f"{call}-{len(body)}-{crc32(body):08x}.body"
