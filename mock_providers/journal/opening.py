"""Opening a journal: locked, recognised as one of ours before anything is written, and made where there is none."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from mock_providers.errors import JournalError
from mock_providers.journal.lines import header
from mock_providers.journal.whose import why_not_ours
from mock_providers.own_files import (
    ANOTHER_PATH,
    NotPlainError,
    make_plain,
    open_plain,
    shown,
    sync_folder,
    write_all,
)

_PIECE = 1024 * 1024


def put_aside(fd: int, start: int, *, beside: Path) -> Path:
    """Copies the end of a file into a new one, and gives its path."""
    n = 1
    while True:
        kept = beside.with_name(f"{beside.name}.torn-{n}")
        try:
            out = make_plain(kept)
            break
        except FileExistsError:
            n += 1
    try:
        while piece := os.pread(fd, _PIECE, start):
            write_all(out, piece)
            start += len(piece)
        os.fsync(out)
    finally:
        os.close(out)
    sync_folder(beside)
    return kept


def open_journal(path: Path) -> int:
    """An own journal, locked; made if there is none. Raises JournalError, with nothing changed, if it can't be ours."""
    while True:
        fd = open_plain(path)
        if fd is None:
            try:
                fd = make_plain(path)
            except FileExistsError:
                continue  # another was quicker; who of the two has it, the lock says
            except OSError as error:
                raise NotPlainError(path, str(error.strerror)) from None
        try:
            _lock(fd, path)
            _refuse_others(fd, path)
        except OSError as error:
            os.close(fd)
            raise NotPlainError(path, str(error.strerror)) from None
        except JournalError:
            os.close(fd)
            raise
        return fd


def make_journal(path: Path, after: int) -> int:
    """A new journal, locked, with its header; raises OSError, with nothing made, if it can't be."""
    fd = make_plain(path)
    try:
        _lock(fd, path)
        write_all(fd, header(after))
        sync_folder(path)
    except (OSError, JournalError):
        os.close(fd)
        path.unlink()
        raise
    return fd


def _refuse_others(fd: int, path: Path) -> None:
    """Raises JournalError for a file that isn't surely a journal of ours, or that was moved since it was opened."""
    if not os.path.samestat(os.fstat(fd), os.lstat(path)):
        raise NotPlainError(path, "another server is putting it aside")
    with open(os.dup(fd), "rb") as file:  # noqa: PTH123  # reason: of a descriptor that is locked, not a path
        why = why_not_ours(file)
    if why is not None:
        raise JournalError(f"the file {shown(path)} can't be the journal: {why}; {ANOTHER_PATH}")


def _lock(fd: int, path: Path) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise JournalError(
            f"the journal {shown(path)} is in use by another server; stop that one or {ANOTHER_PATH}"
        ) from None
