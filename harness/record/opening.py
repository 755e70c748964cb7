"""Where the parts of a record are: a directory, its history file, or an archive as CI keeps it."""

from __future__ import annotations

import mmap
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from harness.errors import UsageError

HISTORY: Final = "history.jsonl"
VERDICTS: Final = "verdicts.json"
LARGEST: Final = 8 << 30
"""Bytes of an archive's member that are unpacked at most."""


@dataclass(frozen=True)
class Parts:
    """The bytes of a record; `verdicts` is None where nothing was judged, or nothing of that was kept."""

    name: str
    history: bytes
    verdicts: bytes | None


@dataclass(frozen=True)
class Mapped:
    """A record of which nothing is read before it is looked at; `verdicts` as in `Parts`."""

    name: str
    history: bytes | mmap.mmap
    verdicts: bytes | None


def parts_of(path: Path) -> Parts:
    """The parts of the record at a path; raises UsageError where there is none."""
    file = history_at(path)
    if file is None:
        return in_archive(path)
    with told(path):
        return Parts(name_of(path, file), file.read_bytes(), beside(file))


def mapped(path: Path) -> Mapped:
    """The same, with the history as the file that it lies in; raises UsageError where there is none."""
    file = history_at(path)
    if file is None:
        parts = in_archive(path)
        return Mapped(parts.name, parts.history, parts.verdicts)
    with told(path), file.open("rb") as opened:
        # of its own, so that its address may be asked for; nothing is written to it
        whole = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY) if file.stat().st_size else b""
        return Mapped(name_of(path, file), whole, beside(file))


def history_at(path: Path) -> Path | None:
    """The history file at a path, or in the directory; None where it is in an archive. Raises UsageError."""
    with told(path):
        if path.is_dir():
            return in_directory(path)
        if zipfile.is_zipfile(path):
            return None
        if path.suffix == ".zip" and path.is_file():
            raise UsageError(
                f"{path} can't be unpacked: its end, where an archive says what is in it, is damaged or missing; "
                "fetch it again"
            )
        return path


def name_of(path: Path, file: Path) -> str:
    return str(path if path == file else file.parent)


def beside(file: Path) -> bytes | None:
    verdicts = file.with_name(VERDICTS)
    return verdicts.read_bytes() if verdicts.is_file() else None


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What the system says of a path that can't be read, as a line."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"no record can be read from {path}: {error.strerror or error}") from error


def in_directory(path: Path) -> Path:
    found = sorted(path.rglob(HISTORY), key=lambda one: (len(one.parts), str(one)))
    if not found:
        raise UsageError(
            f"no {HISTORY} is in {path}; a record is what `harness verify` leaves, build/verify by default"
        )
    return found[0]


def in_archive(path: Path) -> Parts:
    """Of an archive's histories the one nearest to its top."""
    try:
        with told(path), zipfile.ZipFile(path) as archive:
            known = {name: PurePosixPath(name) for name in archive.namelist()}
            found = sorted((len(one.parts), name) for name, one in known.items() if one.name == HISTORY)
            if not found:
                raise UsageError(
                    f"no {HISTORY} is in {path}; a record is what `harness verify` leaves in its directory"
                )
            name = found[0][1]
            beside = str(known[name].with_name(VERDICTS))
            verdicts = member(archive, beside) if beside in known else None
            return Parts(f"{path}:{name}", member(archive, name), verdicts)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise UsageError(f"{path} can't be unpacked: {error}") from error


def member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > LARGEST:
        raise UsageError(
            f"{name} in {archive.filename} has more than {LARGEST >> 30} GiB; unpack it, and name its folder"
        )
    return archive.read(name)
