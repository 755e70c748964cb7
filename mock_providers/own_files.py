"""Files beside others' files: what is opened is a plain file of one's own, and nothing else is touched."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from mock_providers.errors import JournalError

ANOTHER_PATH = "give another path with --journal"

_KINDS = (
    (stat.S_ISLNK, "it is a symbolic link; give the path that it leads to"),
    (stat.S_ISDIR, "it is a directory"),
    (stat.S_ISFIFO, "it is a named pipe"),
    (stat.S_ISSOCK, "it is a socket"),
    (lambda mode: not stat.S_ISREG(mode), "it is a device"),
)


def shown(path: Path) -> str:
    """A path in one line of a terminal, whatever characters its name has."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(path))


class NotPlainError(JournalError):
    """A path doesn't lead to a file that is surely one's own; `why` says what it leads to."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the file {shown(path)} can't be used: {why}; {ANOTHER_PATH}")
        self.why = why


def beside(path: Path, suffix: str) -> Path:
    """The path with something behind its name; raises NotPlainError where it has none (`.` and `/`)."""
    if not path.name:
        raise NotPlainError(path, "it is a directory")
    return path.with_name(f"{path.name}{suffix}")


def open_plain(path: Path, *, write: bool = True) -> int | None:
    """A descriptor of a plain file that belongs to this user; None where there is nothing.

    It is looked at before it is opened: a device or a pipe does something when it is. Raises NotPlainError.
    """
    try:
        _plain(path, os.lstat(path), write=write)
        flags = os.O_RDWR | os.O_APPEND if write else os.O_RDONLY
        fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        # another has put a link there since it was looked at
        reason = "it is a symbolic link" if error.errno == errno.ELOOP else str(error.strerror)
        raise NotPlainError(path, reason) from None
    try:
        _plain(path, os.fstat(fd), write=write)
    except NotPlainError:
        os.close(fd)
        raise
    return fd


def make_plain(path: Path) -> int:
    """A descriptor of a new file that only its owner may read; raises OSError, FileExistsError where there is one."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    return os.open(path, flags, 0o600)


def write_all(fd: int, data: bytes) -> None:
    """Writes all of it; raises OSError, with some of it written perhaps."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def sync_folder(path: Path) -> None:
    """Makes a name that was given in the folder of `path` outlast a loss of power."""
    fd = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _plain(path: Path, found: os.stat_result, *, write: bool) -> None:
    for is_one, why in _KINDS:
        if is_one(found.st_mode):
            raise NotPlainError(path, why)
    if found.st_uid != os.geteuid():
        raise NotPlainError(path, f"it belongs to another user (uid {found.st_uid})")
    if write and not found.st_mode & stat.S_IWUSR:
        # root could write it all the same: whoever made it read-only didn't want that
        raise NotPlainError(path, "it is read-only")
