"""Reading what earlier servers wrote: every whole record, wherever damage is; what isn't one is counted and told."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from mock_providers.journal.condition import Condition
from mock_providers.journal.lines import VERSION, Entry, Header, Line, read_lines, salvage, understand


class Reader:
    """Reads the files of one journal, in their order."""

    def __init__(self, condition: Condition) -> None:
        self._condition = condition
        self._last: int | None = None
        """The largest number so far; None before any is known."""
        self._gaps: list[tuple[int, int]] = []
        """The first and last of the numbers that were passed over."""
        self._places: dict[int, tuple[str, Line]] = {}
        """Where entries stand that came behind later ones, for who has to name one."""
        self.torn: Line | None = None
        """The last line of the file that was read, if its end wasn't written."""

    @property
    def last(self) -> int:
        """The largest number that was given away."""
        return self._last or 0

    def read(self, file: BinaryIO, *, name: str, torn_is_cut: bool = False) -> Iterator[tuple[Entry, bool]]:
        """The entries of a file as they stand there, and whether each comes after all that were before.

        A last line that has no end is left to who asked (`torn`), if it is to be cut off.
        """
        self.torn = None
        for line in read_lines(file):
            held = understand(line.text if line.whole else line.text + b"\n")
            if not line.whole:
                self.torn = line
            if held is not None:
                yield from self._take(held, line, name)
            else:
                found = salvage(line.text)
                if self.torn is not None and torn_is_cut and not found:
                    return
                self._condition.damaged += 1
                self._condition.place(name, line.start, line.end - line.start)
                for one in found:
                    yield from self._take(one, line, name)

    def sorted(self, kept: Iterable[Entry], late: list[Entry]) -> Iterator[Entry]:
        """All entries in the order of their numbers, one of each; the others are counted."""
        before: Entry | None = None
        for entry in sorted([*kept, *late], key=lambda one: one.seq):
            if before is not None and before.seq == entry.seq:
                if before.raw == entry.raw:
                    self._condition.duplicates += 1
                else:
                    self._condition.conflicting += 1
                    name, line = self._places.get(entry.seq, ("", None))
                    if line is not None:
                        self._condition.place(name, line.start, line.end - line.start)
                continue
            before = entry
            yield entry

    def done(self, late: list[Entry]) -> None:
        """Counts what is missing, and what stands out of order."""
        firsts = [first for first, _ in self._gaps]
        filled = 0
        for seq in {entry.seq for entry in late}:
            at = bisect_right(firsts, seq) - 1
            filled += at >= 0 and seq <= self._gaps[at][1]
        condition = self._condition
        condition.missing = sum(last - first + 1 for first, last in self._gaps) - filled
        condition.disordered = len(late) - condition.duplicates - condition.conflicting

    def _take(self, held: Entry | Header, line: Line, name: str) -> Iterator[tuple[Entry, bool]]:
        if isinstance(held, Header):
            self._begin(held, line)
            return
        last = self._last
        if last is not None and held.seq <= last:
            self._places[held.seq] = (name, line)
            yield held, False
            return
        if last is not None and held.seq > last + 1:
            self._gaps.append((last + 1, held.seq - 1))
        self._last = held.seq
        yield held, True

    def _begin(self, held: Header, line: Line) -> None:
        if held.version != VERSION:
            self._condition.damaged += 1
            return
        last = self._last
        if last is None:
            self._last = held.after
        elif held.after > last:
            if line.start == 0:
                # what was in the files between this one and the one before
                self._gaps.append((last + 1, held.after))
            self._last = held.after
