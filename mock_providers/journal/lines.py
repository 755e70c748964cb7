"""The journal's file format: one JSON object a line, its checksum the last key.

`{"seq":1,"at":…,…,"crc":"9ae0daaf"}`: the checksum covers the object without its `crc` key.
A line that was torn by a crash fails it, and so does one that rotted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from zlib import crc32

_TAIL = len(b',"crc":"00000000"}')


def seal(entry: bytes) -> bytes:
    """The entry as a line of the file."""
    return b'%b,"crc":"%08x"}\n' % (entry[:-1], crc32(entry))


def unseal(line: bytes) -> bytes | None:
    """The entry of a line, or None if the line is torn or damaged."""
    if not line.endswith(b'"}\n'):
        return None
    entry = line[: -_TAIL - 1] + b"}"
    return entry if seal(entry) == line else None


def read_entries(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Each line's end offset and its entry (None for a damaged line), from the file's beginning."""
    end = 0
    for line in file:
        end += len(line)
        yield end, unseal(line)
