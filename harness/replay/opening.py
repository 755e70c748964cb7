"""Where the parts of a record are: a directory, its history file, or an archive as CI keeps it."""

from __future__ import annotations

import zipfile
import zlib
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


def parts_of(path: Path) -> Parts:
    """The parts of the record at a path; raises UsageError where there is none."""
    try:
        if path.is_dir():
            return in_directory(path)
        if zipfile.is_zipfile(path):
            return in_archive(path)
        beside = path.with_name(VERDICTS)
        return Parts(str(path), path.read_bytes(), beside.read_bytes() if beside.is_file() else None)
    except OSError as error:
        raise UsageError(f"no record can be read from {path}: {error.strerror or error}") from error


def in_directory(path: Path) -> Parts:
    found = sorted(path.rglob(HISTORY), key=lambda one: (len(one.parts), str(one)))
    if not found:
        raise UsageError(
            f"no {HISTORY} is in {path}; a record is what `harness verify` leaves, build/verify by default"
        )
    beside = found[0].with_name(VERDICTS)
    return Parts(str(found[0].parent), found[0].read_bytes(), beside.read_bytes() if beside.is_file() else None)


def in_archive(path: Path) -> Parts:
    """Of an archive's histories the one nearest to its top."""
    try:
        with zipfile.ZipFile(path) as archive:
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
