"""Whether a file is a journal of ours, and of a version that is known: what isn't surely one is never written to."""

from __future__ import annotations

import re
from typing import BinaryIO

from mock_providers.journal.lines import (
    LONGEST,
    MARK,
    VERSION,
    Entry,
    Header,
    looks_damaged,
    read_lines,
    salvage,
    understand,
)

_VERSION = re.compile(rb'\{"journal":"mock-providers","version":([0-9]{1,9})')
_TORN_HEADER = 200
"""Bytes that a header has at most."""


def why_not_ours(file: BinaryIO) -> str | None:
    """Why a file isn't to be written to; None if it is empty, or surely a journal that this version knows.

    Its first record says so: a header, or (before there were any) an entry with its checksum. Where that one is
    damaged, it must show by one of its ends what it was, and a whole entry must stand behind it.
    """
    file.seek(0)
    first = file.readline(LONGEST)
    if not first:
        return None
    held = understand(first)
    named = _VERSION.match(first)
    if named is not None and int(named[1]) != VERSION:
        # whatever a later version does with the rest of the line
        return f"it is a journal of version {int(named[1])}, and this program knows version {VERSION}"
    if held is None and not first.endswith(b"\n"):
        if first.startswith(MARK) and len(first) < _TORN_HEADER:
            return None
        # the only record may lack nothing but its line's end
        held = understand(first + b"\n")
    if held is not None:
        return None
    if looks_damaged(first) and _has_an_entry(file):
        return None
    return "it isn't a journal of mock-providers, and is left as it is"


def begins_whole(file: BinaryIO) -> bool:
    """Whether a file's first record is a whole one of ours, so that there can be no doubt."""
    file.seek(0)
    held = understand(file.readline(LONGEST))
    return isinstance(held, Entry) or (isinstance(held, Header) and held.version == VERSION)


def _has_an_entry(file: BinaryIO) -> bool:
    """Whether there is a whole entry in a file whose first line is damaged."""
    file.seek(0)
    for line in read_lines(file):
        held = understand(line.text)
        found = [held] if held is not None else salvage(line.text)
        if any(isinstance(one, Entry) for one in found):
            return True
    return False
