"""Entries in memory: bytes in chunks, with one index an account; dropped a chunk at a time.

Bytes are invisible to the garbage collector, so a million entries cost it nothing.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
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
    __slots__ = ("entries", "newest", "size")

    def __init__(self) -> None:
        self.entries: list[bytes] = []
        self.size = 0
        self.newest = 0.0


class Store:
    """Entries by sequence number."""

    def __init__(self, retention: Retention) -> None:
        self._retention = retention
        self._chunks: deque[_Chunk] = deque()
        self._by_account: dict[Key, array[int]] = {}
        self._first = 1
        self._count = 0
        self.size = 0

    @property
    def first(self) -> int:
        """The sequence number of the oldest entry that is kept."""
        return self._first

    @property
    def last(self) -> int:
        return self._first + self._count - 1

    def __len__(self) -> int:
        return self._count

    def skip_to(self, seq: int) -> None:
        """Makes `seq` the number of the next entry (numbers are missing where a file was damaged)."""
        if not self._count:
            self._first = seq
        while self.last + 1 < seq:
            self._push(b"", 0.0)

    def add(self, entry: bytes, key: Key, at: float) -> None:
        index = self._by_account.get(key)
        if index is None:
            index = self._by_account[key] = array("Q")
        index.append(self._first + self._count)
        self._push(entry, at)

    def _push(self, entry: bytes, at: float) -> None:
        chunks = self._chunks
        if not chunks or len(chunks[-1].entries) == CHUNK:
            chunks.append(_Chunk())
        chunk = chunks[-1]
        chunk.entries.append(entry)
        chunk.size += len(entry)
        chunk.newest = at
        self.size += len(entry)
        self._count += 1

    def get(self, seq: int) -> bytes:
        """The entry, or b"" if it was dropped or forgotten."""
        offset = seq - self._first
        if not 0 <= offset < self._count:
            return b""
        return self._chunks[offset // CHUNK].entries[offset % CHUNK]

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
            for number in range(min(seq - 1, self.last), self._first - 1, -1):
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
        while number <= self.last:
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
            self._first += self._count
            self._count = self.size = 0
            self._chunks.clear()
            self._by_account.clear()
            return
        for seq in self._by_account.pop(key, ()):
            offset = seq - self._first
            if offset >= 0:
                chunk = self._chunks[offset // CHUNK]
                gone = len(chunk.entries[offset % CHUNK])
                chunk.entries[offset % CHUNK] = b""
                chunk.size -= gone
                self.size -= gone

    def trim(self, now: float) -> bool:
        """Drops the oldest chunks past the retention; true if any was dropped."""
        keep = self._retention
        dropped = False
        while len(self._chunks) > 1:
            oldest = self._chunks[0]
            if not (
                (keep.entries is not None and self._count - CHUNK >= keep.entries)
                or (keep.size is not None and self.size - oldest.size >= keep.size)
                or (keep.age_s is not None and now - oldest.newest >= keep.age_s)
            ):
                break
            self._chunks.popleft()
            self._first += CHUNK
            self._count -= CHUNK
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
