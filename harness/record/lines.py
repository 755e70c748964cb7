"""The lines of a long history that hold certain words, found without reading the others: the C library's own search."""

from __future__ import annotations

import ctypes
import mmap
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

PLAIN: Final = re.compile(r"[ !#-\[\]-~]+")
"""Characters that stand in JSON as what they are."""
SHORTEST: Final = 4
"""A shorter piece of a name would find more lines than it spares."""
AT_ONCE: Final = 4
"""Searches side by side at most; each is outside of the interpreter."""
LARGE: Final = 1 << 25
"""Bytes from which several searches are worth a thread each."""
PIECE: Final = 1 << 20
"""Bytes that all words are looked for in, one after the other."""


class Lines:
    """The bytes of a history, and its lines by what stands in them."""

    def __init__(self, content: bytes | mmap.mmap) -> None:
        self.content = content
        self._search = search_in(content)

    def holding(self, needles: Iterable[bytes | None]) -> list[tuple[int, int]]:
        """Begin and end of each line that holds any of these, in order; of every line where one of them is None."""
        wanted = list(dict.fromkeys(needles))
        if None in wanted:
            return list(self.all())
        words, length = [one for one in wanted if one], len(self.content)
        parts = min(AT_ONCE, os.cpu_count() or 1) if length > LARGE else 1
        edges = [length * part // parts for part in range(parts + 1)]
        if parts == 1:
            return sorted(self._within(words, 0, length))
        with ThreadPoolExecutor(parts) as threads:
            found = threads.map(lambda part: self._within(words, edges[part], edges[part + 1]), range(parts))
            return sorted(set().union(*found))

    def all(self) -> Iterator[tuple[int, int]]:
        begin, length = 0, len(self.content)
        while begin < length:
            end = self.content.find(b"\n", begin)
            end = length if end < 0 else end
            if end > begin:
                yield begin, end
            begin = end + 1

    def _within(self, needles: Sequence[bytes], first: int, last: int) -> set[tuple[int, int]]:
        """The lines with a needle that begins in a part: piece by piece, since what was just read is near."""
        found: set[tuple[int, int]] = set()
        for low in range(first, last, PIECE):
            high = min(low + PIECE, last)
            for needle in needles:
                at = low
                while (at := self._search(needle, at, high + len(needle) - 1)) >= 0:
                    line = self._line_at(at)
                    found.add(line)
                    at = line[1]
        return found

    def _line_at(self, at: int) -> tuple[int, int]:
        begin, end = self.content.rfind(b"\n", 0, at) + 1, self.content.find(b"\n", at)
        return begin, len(self.content) if end < 0 else end


def quoted(name: str, *, open_end: bool = False) -> bytes | None:
    """How a key stands in a line; with `open_end`, how one begins. None where it stands in more ways than one.

    Of a name with characters that JSON writes in several ways its longest plain piece is looked for.
    """
    pieces = PLAIN.findall(name)
    longest = max(pieces, key=len, default="")
    if longest == name and name:
        return f'"{name}{"" if open_end else chr(34)}'.encode()
    return longest.encode() if len(longest) >= SHORTEST else None


def search_in(content: bytes | mmap.mmap) -> Callable[[bytes, int, int], int]:
    """A function that says where some bytes come next, between two places; -1 where they don't."""
    try:
        memmem = ctypes.CDLL(None).memmem
    except (OSError, AttributeError):
        return content.find
    memmem.restype = ctypes.c_void_p
    memmem.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)
    length = len(content)
    if not length:
        return content.find
    if isinstance(content, bytes):
        base = ctypes.cast(ctypes.c_char_p(content), ctypes.c_void_p).value or 0
    else:
        base = ctypes.addressof(ctypes.c_char.from_buffer(content))

    def search(needle: bytes, start: int, end: int) -> int:
        room = min(end, length) - start
        found = memmem(base + start, room, needle, len(needle)) if room >= len(needle) else None
        return found - base if found else -1

    return search
