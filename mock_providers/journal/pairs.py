"""Entries with the other half of their exchange: a call or webhook with its answer, an answer with what it answers."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator

ANSWER_WITHIN = 2000
"""How many entries after a call its answer is looked for."""

Entries = Iterator[tuple[int, bytes]]
Pairs = Iterator[tuple[int, bytes, bytes]]
"""Sequence number, entry, and its other half; b"" where there is none, or none yet."""

_CALL = re.compile(rb'"call":(\d+)')


def forward(entries: Entries, get: Callable[[int], bytes]) -> Pairs:
    """Entries oldest first; `get` gives an earlier one by its number. It reads ahead, for the answers."""
    answers: dict[int, bytes] = {}
    window: deque[tuple[int, bytes, int]] = deque()

    def oldest() -> tuple[int, bytes, bytes]:
        seq, entry, call = window.popleft()
        return seq, entry, answers.pop(seq, b"") if call == seq else get(call)

    for seq, entry in entries:
        call = _call_of(seq, entry)
        if call != seq:
            answers[call] = entry
        window.append((seq, entry, call))
        if len(window) > ANSWER_WITHIN:
            yield oldest()
    while window:
        yield oldest()


def backward(entries: Entries, get: Callable[[int], bytes]) -> Pairs:
    """Entries newest first: an answer comes before what it answers."""
    answers: dict[int, bytes] = {}
    for seq, entry in entries:
        call = _call_of(seq, entry)
        if call == seq:
            yield seq, entry, answers.pop(seq, b"")
        else:
            answers[call] = entry
            yield seq, entry, get(call)


def _call_of(seq: int, entry: bytes) -> int:
    """The number of the call or webhook that an entry belongs to; its own, if it is one."""
    found = _CALL.search(entry)
    return int(found[1]) if found else seq
