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
NUMBER: Final = r"-?\d{1,15}(?:\.\d{1,15})?"
TEXT: Final = r'"[^"\\\x00-\x1f]*"'
EDGE_LINE: Final = (
    rf'\{{"seq":\d{{1,15}},"at":{NUMBER},"seen":({NUMBER}),"source":{TEXT},"kind":"fault\.(began|ended)",'
    rf'"message_id":null,"data":\{{"fault":{TEXT},"target":{TEXT},"number":(\d{{1,15}})'
    rf'(?:,"\w+":(?:{TEXT}|{NUMBER}|true|false|null))*\}},"keys":\[\](?:,"\w+":(?:{TEXT}|{NUMBER}))*\}}'
).encode()
EDGE: Final = re.compile(EDGE_LINE)
"""A whole line of a disturbance's begin or end, as it is written: what it says is known without reading its JSON."""

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
    groups: dict[tuple[str, int], list[tuple[Span, float, bool]]] = {}
    for span in spans:
        told = edge_of(content, span)
        if told is None:
            yield span  # a gate that was met, or what says nothing
            continue
        run, number, seen, begins = told
        groups.setdefault((run, number), []).append((span, seen, begins))
    for group in groups.values():
        still_on = sum(1 if begins else -1 for _, _, begins in group) > 0
        if min(at for _, at, _ in group) <= last and (still_on or max(at for _, at, _ in group) >= first):
            yield from (span for span, _, _ in group)


def edge_of(content: bytes | mmap.mmap, span: Span) -> tuple[str, int, float, bool] | None:
    """The run and number of a disturbance, when this was seen, and whether it is the begin; None where it is neither.

    A line in another form than it is written in is read: a damaged one may be no event, and ends nothing then.
    """
    line = content[span[0] : span[1]]
    whole = EDGE.fullmatch(line)
    if whole is not None:
        return run_of(line), int(whole[3]), float(whole[1]), whole[2] == b"began"
    row = row_at(content, *span)
    number = row.event.data.get("number") if row is not None else None
    if row is None or row.event.kind not in ("fault.began", "fault.ended") or not isinstance(number, int):
        return None
    return row.run, number, row.event.seen, row.event.kind == "fault.began"
