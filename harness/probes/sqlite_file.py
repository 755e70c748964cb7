"""A SQLite file: how it is opened, who holds its locks, and the lock of ours by which others see that we live."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import struct
from pathlib import Path
from urllib.parse import quote

import psutil

from harness.errors import DeployError

FAR = 1 << 62
"""Where our own locks begin in a file: far behind its data, and behind the bytes that SQLite locks (1 GiB)."""
LOCK = "hhqqi4x"
"""`struct flock` of Linux on 64 bits: type, whence, start, length, process."""
IDLE: dict[tuple[int, int], list[int]] = {}
"""Descriptors by file that no claim uses now, never closed: whoever closes one loses all POSIX locks that his process
has on the file, also those of its SQLite connections (https://sqlite.org/howtocorrupt.html, 2.2)."""
SQLITE_BYTES = range(1 << 30, (1 << 30) + 512)
"""Where all others lock (https://sqlite.org/lockingv3.html)."""
WAL_WRITES = range(120, 121)
"""Where who writes to a write-ahead log locks its index (https://sqlite.org/walformat.html, 2.3)."""


def opened(path: Path, *, write: bool = False, timeout: float = 0.0) -> sqlite3.Connection:
    """A connection that makes no file; raises sqlite3.Error. One that only reads can't be made to write.

    It is opened for writing all the same, as every reader's is: SQLite couldn't undo what a process that was killed had
    half written, nor clear the write-ahead log away in the end.
    """
    address = f"file:{quote(str(path.absolute()))}?mode=rw"
    connection = sqlite3.connect(address, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        # a body may hold bytes that are no UTF-8, and the id beside it is needed all the same
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        if not write:
            connection.execute("PRAGMA query_only = on")
    except BaseException:
        connection.close()
        raise
    return connection


def identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another of its name; None where there is none, or an empty one that may come to be one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None


def stamp(path: Path) -> tuple[int, ...]:
    """What changes when somebody commits: time and size of the file and of its write-ahead log.

    No descriptor is opened, and no lock taken, to see that nothing has happened.
    """
    seen: list[int] = []
    for name in (path, path.with_name(path.name + "-wal")):
        try:
            found = name.stat()
        except OSError:
            seen += [0, 0, 0]
        else:
            seen += [found.st_mtime_ns, found.st_size, found.st_ino]
    return tuple(seen)


class Claim:
    """The lock by which others see that the run of a number lives.

    A lock of one open file: it ends with our process, whatever becomes of that, is seen from other containers too, and
    a copy of the file has none.
    """

    def __init__(self, path: Path, number: int) -> None:
        found = path.stat()
        self._idle = IDLE.setdefault((found.st_dev, found.st_ino), [])
        self._descriptor = self._idle.pop() if self._idle else os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._number = number
        try:
            self._lock(fcntl.F_WRLCK)
            self.held = True
        except (BlockingIOError, PermissionError):
            self.held = False
            self._idle.append(self._descriptor)

    def _lock(self, kind: int) -> None:
        wanted = struct.pack(LOCK, kind, os.SEEK_SET, FAR + self._number, 1, 0)
        fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLK, wanted)

    def release(self) -> None:
        if self.held:
            self.held = False
            self._lock(fcntl.F_UNLCK)
            self._idle.append(self._descriptor)


def locking(path: Path) -> frozenset[int]:
    """The processes whose locks keep others from writing to a file, as the kernel tells."""
    log = path.with_name(path.name + "-shm")
    place, span = (log, WAL_WRITES) if log.exists() else (path, SQLITE_BYTES)
    try:
        number = place.stat().st_ino
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return frozenset()
    found: set[int] = set()
    for line in lines:
        match line.split():
            case [_, "POSIX", _, _, pid, where, start, *_] if where.endswith(f":{number}") and int(start) in span:
                found.add(int(pid))
    return frozenset(found)


def holders(path: Path) -> str:
    """The other processes that hold a file, by number and name; "" where none is seen."""
    return " and ".join(f"process {pid} ({named(pid)})" for pid in sorted(locking(path) - {0, os.getpid()}))


def named(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return "of another user"


def busy(error: sqlite3.Error) -> bool:
    """Whether somebody else has the file, who will let it go."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def unreadable(path: Path, error: sqlite3.Error) -> DeployError:
    """What to do about a file that can't be read."""
    hint = " (it may be encrypted, or another program's)" if "not a database" in str(error) else ""
    return DeployError(
        f"the SQLite file {path} can't be read: {error}{hint}; mend [database] url, or set [database] observe = 'api'"
    )
