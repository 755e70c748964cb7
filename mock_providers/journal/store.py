"""Entries in memory: bytes in chunks, with one index an account; dropped a chunk at a time.

Bytes are invisible to the garbage collector, so a million entries cost it nothing.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

CHUNK = 1024

Key = tuple[str | None, str | None]
"""Provider and account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How much is kept in memory: a number of entries, of bytes, and an age in seconds; None is no limit."""

    entries: int | None = 1_000_000
    size: int | None = 512 * 1024 * 1024
    age_s: float | None = None


class _Chunk:
    """Neighbours by number; b"" where there is none, or where it was forgotten."""

    __slots__ = ("count", "entries", "newest", "size")

    def __init__(self, before: int) -> None:
        self.entries: list[bytes] = [b""] * before
        self.count = 0
        self.size = 0
        self.newest = 0.0


class Store:
    """Entries by sequence number, which may have gaps of any length."""

    def __init__(self, retention: Retention) -> None:
        self._retention = retention
        self._chunks: dict[int, _Chunk] = {}
        """By `(seq - 1) // CHUNK`, in their order; where all numbers of one are missing it isn't there."""
        self._tail: _Chunk | None = None
        self._by_account: dict[Key, array[int]] = {}
        self._first = 1
        self._last = 0
        self._count = 0
        self.size = 0

    @property
    def first(self) -> int:
        """The sequence number of the oldest entry that is kept."""
        return self._first

    @property
    def last(self) -> int:
        return self._last

    def __len__(self) -> int:
        return self._count

    def skip_to(self, seq: int) -> None:
        """Makes `seq` the number of the next entry (numbers are missing where a file was damaged)."""
        if seq <= self._last + 1:
            return
        if not self._chunks:
            self._first = seq
        number, before = divmod(seq - 1, CHUNK)
        if self._tail is not None and self._chunks.get(number) is self._tail:
            self._tail.entries.extend([b""] * (before - len(self._tail.entries)))
        else:
            self._tail = None
        self._last = seq - 1

    def add(self, entry: bytes, key: Key, at: float) -> None:
        seq = self._last = self._last + 1
        index = self._by_account.get(key)
        if index is None:
            index = self._by_account[key] = array("Q")
        index.append(seq)
        chunk = self._tail
        if chunk is None or len(chunk.entries) == CHUNK:
            number, before = divmod(seq - 1, CHUNK)
            chunk = self._tail = self._chunks[number] = _Chunk(before)
        chunk.entries.append(entry)
        chunk.count += 1
        chunk.size += len(entry)
        chunk.newest = at
        self.size += len(entry)
        self._count += 1

    def get(self, seq: int) -> bytes:
        """The entry, or b"" if it was dropped or forgotten, or never was."""
        if seq < self._first:
            return b""
        number, offset = divmod(seq - 1, CHUNK)
        chunk = self._chunks.get(number)
        if chunk is None or offset >= len(chunk.entries):
            return b""
        return chunk.entries[offset]

    def keys(self) -> list[Key]:
        return list(self._by_account)

    def after(self, seq: int, keys: list[Key] | None) -> Iterator[tuple[int, bytes]]:
        """Entries after a sequence number, oldest first; of the given accounts, or (None) of all."""
        if keys is None:
            yield from self._all_after(seq)
        elif len(keys) == 1:
            yield from self._indexed(keys[0], seq)
        else:
            from heapq import merge

            yield from merge(*(self._indexed(key, seq) for key in keys))

    def before(self, seq: int, keys: list[Key] | None) -> Iterator[tuple[int, bytes]]:
        """Entries before a sequence number, newest first."""
        if keys is None:
            for chunk in sorted(self._chunks, reverse=True):
                latest = min(seq - 1, self._last, (chunk + 1) * CHUNK)
                for number in range(latest, max(self._first - 1, chunk * CHUNK), -1):
                    entry = self.get(number)
                    if entry:
                        yield number, entry
            return
        from heapq import merge

        yield from merge(*(self._indexed_before(key, seq) for key in keys), reverse=True)

    def _indexed_before(self, key: Key, seq: int) -> Iterator[tuple[int, bytes]]:
        index = self._by_account.get(key, ())
        for position in range(bisect_right(index, seq - 1) - 1, -1, -1):
            number = index[position]
            if number < self._first:
                return
            entry = self.get(number)
            if entry:
                yield number, entry

    def _all_after(self, seq: int) -> Iterator[tuple[int, bytes]]:
        number = max(seq + 1, self._first)
        while number <= self._last:
            if (number - 1) // CHUNK not in self._chunks:
                there = [chunk * CHUNK + 1 for chunk in self._chunks if chunk * CHUNK >= number]
                number = max(min(there, default=self._last + 1), self._first)
                continue
            entry = self.get(number)
            if entry:
                yield number, entry
            # entries may be dropped while a reader is between two of them
            number = max(number + 1, self._first)

    def _indexed(self, key: Key, seq: int) -> Iterator[tuple[int, bytes]]:
        while True:
            index = self._by_account.get(key)
            if index is None:
                return
            position = bisect_right(index, max(seq, self._first - 1))
            # a slice at a time: the index may be trimmed while a reader holds it
            numbers = index[position : position + CHUNK]
            if not numbers:
                return
            for seq in numbers:  # noqa: PLR1704  # reason: the cursor moves on with what was read
                entry = self.get(seq)
                if entry:
                    yield seq, entry

    def forget(self, key: Key | None) -> None:
        """Drops the entries of one account, or (None) all; sequence numbers stay taken."""
        if key is None:
            self._first = self._last + 1
            self._count = self.size = 0
            self._chunks.clear()
            self._tail = None
            self._by_account.clear()
            return
        for seq in self._by_account.pop(key, ()):
            if seq >= self._first:
                number, offset = divmod(seq - 1, CHUNK)
                chunk = self._chunks[number]
                gone = len(chunk.entries[offset])
                chunk.entries[offset] = b""
                chunk.size -= gone
                self.size -= gone

    def trim(self, now: float) -> bool:
        """Drops the oldest chunks past the retention; true if any was dropped."""
        keep = self._retention
        dropped = False
        while len(self._chunks) > 1:
            first = next(iter(self._chunks))
            oldest = self._chunks[first]
            if not (
                (keep.entries is not None and self._count - oldest.count >= keep.entries)
                or (keep.size is not None and self.size - oldest.size >= keep.size)
                or (keep.age_s is not None and now - oldest.newest >= keep.age_s)
            ):
                break
            del self._chunks[first]
            self._first = next(iter(self._chunks)) * CHUNK + 1
            self._count -= oldest.count
            self.size -= oldest.size
            dropped = True
        if dropped:
            self._trim_indexes()
        return dropped

    def _trim_indexes(self) -> None:
        for key, index in list(self._by_account.items()):
            gone = bisect_right(index, self._first - 1)
            if gone == len(index):
                del self._by_account[key]
            elif gone > len(index) // 2:
                # not each time: what is dropped from the front moves all the rest
                self._by_account[key] = index[gone:]
