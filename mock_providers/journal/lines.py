"""The journal's file format: one JSON object a line, its checksum the last key; the first line says what the file is.

`{"journal":"mock-providers","version":1,"after":0,"crc":"…"}`: a header. It begins each file, and the numbers up to
`after` are none of the entries behind it. In a file's middle it says that the numbers before were never written.
`{"seq":1,"at":…,…,"crc":"9ae0daaf"}`: an entry. The checksum covers the object without its `crc` key.
A line that was torn by a crash fails it, and so does one that rotted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any, BinaryIO, TypeGuard
from zlib import crc32

from mock_providers.client_json import DEEPEST, is_deep

VERSION = 1
MARK = b'{"journal":"mock-providers"'
"""How a header begins, of any version."""
LONGEST = 16 * 1024 * 1024
"""Bytes of a line that are looked at; an entry has a few hundred thousand at most, since long bodies lie elsewhere."""
LARGEST_SEQ = 10**15
_LATEST = 1e11
"""Unix seconds that no clock has."""

_TAIL = len(b',"crc":"00000000"}')
_END = re.compile(rb',"crc":"[0-9a-f]{8}"}')
_BEGIN = re.compile(rb'\{"seq":[0-9]{1,15},"at":|\{"journal":"mock-providers"')
_DEEPEST = DEEPEST + 10
"""Lists and objects inside one another: what a client may send, and what is around it."""
_TRIED = 64
"""How many ends of records are looked for in one damaged line; each costs a checksum."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is kept, and what the record is ordered by."""

    raw: bytes
    seq: int
    at: float
    type: str
    provider: str | None
    account: str | None


@dataclass(frozen=True, slots=True)
class Header:
    """What a file, or a place in one, says of itself."""

    version: int
    after: int


@dataclass(frozen=True, slots=True)
class Line:
    """Where a line begins and ends in its file, and its bytes: none where it is longer than any of ours."""

    start: int
    end: int
    text: bytes
    whole: bool
    """Whether its end was written."""


def seal(entry: bytes) -> bytes:
    """The entry as a line of the file."""
    return b'%b,"crc":"%08x"}\n' % (entry[:-1], crc32(entry))


def unseal(line: bytes) -> bytes | None:
    """The entry of a line, or None if the line is torn or damaged."""
    if not line.endswith(b'"}\n'):
        return None
    entry = line[: -_TAIL - 1] + b"}"
    return entry if seal(entry) == line else None


def header(after: int) -> bytes:
    """A line that begins a file whose entries come after a number."""
    return seal(b'%b,"version":%d,"after":%d}' % (MARK, VERSION, after))


def read_lines(file: BinaryIO) -> Iterator[Line]:
    """Each line of a file, from its beginning; a file without line ends is not held in memory."""
    start = end = 0
    while text := file.readline(LONGEST):
        end += len(text)
        whole = text.endswith(b"\n")
        if not whole and len(text) == LONGEST:
            text = b""
            while not whole and (more := file.readline(LONGEST)):
                end += len(more)
                whole = more.endswith(b"\n")
        yield Line(start, end, text, whole)
        start = end


def understand(line: bytes) -> Entry | Header | None:
    """What a line holds; None if it is damaged, or isn't ours."""
    raw = unseal(line)
    if raw is None:
        return None
    try:
        held = decode(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(held, dict) or (raw.count(b"[") + raw.count(b"{") > _DEEPEST and is_deep(held, _DEEPEST)):
        return None
    return _header(held) if raw.startswith(MARK) else _entry(raw, held)


def _in_words(text: str) -> float | str:
    value = float(text)
    return value if isfinite(value) else text


_decode = json.JSONDecoder(parse_constant=str, parse_float=_in_words).decode


def decode(raw: bytes) -> Any:
    """An entry's values; a number that is too large to be one, which earlier versions kept, is its text."""
    return _decode(raw.decode())


def entry_from(raw: bytes) -> Entry:
    """An entry that was read before, from its bytes."""
    entry = understand(seal(raw))
    assert isinstance(entry, Entry)  # noqa: S101  # reason: it was one when it was read
    return entry


def salvage(line: bytes) -> list[Entry | Header]:
    """The whole records in a damaged line: beside what was put between them, or where their line's end was lost."""
    found: list[Entry | Header] = []
    done = 0
    for end, _ in zip(_END.finditer(line), range(_TRIED), strict=False):
        begins = [one.start() for one in _BEGIN.finditer(line, done, end.start())]
        # what a client sent may look like the beginning of an entry, but not so often that ours is in the middle
        for begin in dict.fromkeys(begins[:3] + begins[-3:]):
            held = understand(line[begin : end.end()] + b"\n")
            if held is not None:
                found.append(held)
                done = end.end()
                break
    return found


def looks_damaged(line: bytes) -> bool:
    """Whether a line that can't be understood was one of ours once, as far as its beginning or its end tells."""
    if line.startswith(MARK) or _BEGIN.match(line) is not None:
        return True
    ended = line.removesuffix(b"\n")
    if _END.fullmatch(ended[-_TAIL:]) is not None:
        return True
    # a block that was never written, and the last of a record behind it
    return line.startswith(b"\0") and ended.endswith(b'"}')


def _header(held: dict[str, Any]) -> Header | None:
    version, after = held.get("version"), held.get("after", 0)
    if not _is_number(version) or not _is_number(after):
        return None
    return Header(version, after)


def _entry(raw: bytes, held: dict[str, Any]) -> Entry | None:
    seq, at, kind = held.get("seq"), held.get("at"), held.get("type")
    provider, account = held.get("provider", 0), held.get("account", 0)
    if (
        _is_number(seq)
        and seq > 0
        and isinstance(at, int | float)
        and 0 <= at < _LATEST
        and isinstance(kind, str)
        and isinstance(provider, str | None)
        and isinstance(account, str | None)
        and _is_number(held.get("call"))
    ):
        return Entry(raw, seq, at, kind, provider, account)
    return None


def _is_number(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < LARGEST_SEQ
