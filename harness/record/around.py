"""What was done to the stack meanwhile, out of a long record: of its disturbances only those that were on are read."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import Final

from harness.record.lines import Lines
from harness.record.rows import Row, row_at, run_of

FAULTS: Final = b'"kind":"fault.'
OTHERS: Final = (b'"kind":"process.', b'"kind":"probe.started"')
"""Who lived when, and who is who."""
SEEN: Final = re.compile(rb'"seen":(\d{1,15}(?:\.\d{1,15})?),')
NUMBER: Final = re.compile(rb'"number":(\d{1,15})\b')
EDGE: Final = re.compile(rb'"kind":"fault\.(began|ended)"')

Span = tuple[int, int]


def around(lines: Lines, run: str, own: Sequence[Row]) -> list[Row]:
    """The rows of one run that say what else happened while these did."""
    first = min((row.event.seen for row in own), default=0.0)
    last = max((row.event.seen for row in own), default=inf)
    faults: list[Span] = []
    wanted: list[Span] = []
    for span in lines.holding([FAULTS, *OTHERS]):
        (faults if FAULTS in lines.content[span[0] : span[1]] else wanted).append(span)
    wanted += meanwhile(lines.content, faults, first, last)
    found = (row_at(lines.content, begin, end) for begin, end in wanted)
    return [row for row in found if row is not None and row.run == run]


def meanwhile(content: bytes | mmap.mmap, spans: Iterable[Span], first: float, last: float) -> Iterator[Span]:
    """The lines of disturbances that may have been on between two times, by what can be told without reading them."""
    groups: dict[tuple[str, bytes], list[tuple[Span, float, bool]]] = {}
    for span in spans:
        line = content[span[0] : span[1]]
        edge, seen, numbers = EDGE.search(line), SEEN.search(line), NUMBER.findall(line)
        if edge is None or seen is None or len(numbers) != 1:
            yield span  # a gate that was met, or a line that has to be read to know
            continue
        told = (span, float(seen[1]), edge[1] == b"began")
        groups.setdefault((run_of(line), numbers[0]), []).append(told)
    for group in groups.values():
        still_on = sum(1 if begins else -1 for _, _, begins in group) > 0
        if min(at for _, at, _ in group) <= last and (still_on or max(at for _, at, _ in group) >= first):
            yield from (span for span, _, _ in group)
