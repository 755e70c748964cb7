"""One message out of a record, however long: only the lines that can concern it are read, join after join.

What comes of it is what reading every line gives: an event is taken for what its keys say, never for what else stands
in its line, and the keys of each event lead to the next ones.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from harness.errors import UsageError
from harness.history import Flow, History, key
from harness.record.around import around
from harness.record.lines import PLAIN, Lines, quoted
from harness.record.rows import Row, in_order, rows_with

SPACES: Final = ("message", "token", "provider")
"""What a message may be named by: the stack's id, the token in its text, the provider's id."""
NAMED: Final = re.compile(rb'"message:([^"\\]{1,200})"')
LONG: Final = 6
"""Characters from which a name stands in few lines that aren't its own."""
MOST_KNOWN: Final = 3


@dataclass(frozen=True)
class Slice:
    """What of one run concerns some messages, as a history of just that; `flows` are these messages.

    `places` says of each of its events which place it has in the run.
    """

    run: str
    history: History
    flows: Sequence[Flow]
    places: Sequence[int]

    def places_of(self, flow: Flow) -> set[int]:
        return {self.places[event.seq] for event in flow.events}


def message_of(content: bytes | mmap.mmap, name: str, where: str) -> Slice:
    """The message that a name means; raises UsageError where it means none, or several."""
    if not name:
        raise UsageError("'' names no message; give its id, the beginning of that, its token or the provider's id")
    lines = Lines(content)
    rows = rows_with(lines, needles_of(name))
    exact = [(row.run, key(space, name)) for space in SPACES for row in rows if key(space, name) in row.event.keys]
    begins = key("message", name)
    known = dict.fromkeys((row.run, one) for row in rows for one in row.event.keys if one.startswith(begins))
    run, found = chosen(exact[:1] or list(known), name, where, content)
    return slice_of(lines, run, [found], known=rows)


def needles_of(name: str) -> list[bytes | None]:
    """What stands in each line whose event is of a message of this name."""
    if len(name) >= LONG and PLAIN.fullmatch(name):
        return [f":{name}".encode()]  # in whichever of the spaces it is
    return [quoted(key("message", name), open_end=True), *(quoted(key(space, name)) for space in SPACES[1:])]


def chosen(found: Sequence[tuple[str, str]], name: str, where: str, content: bytes | mmap.mmap) -> tuple[str, str]:
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{name!r} begins {len(found)} message ids in {where}; write more of it")
    if NAMED.search(content) is None:
        raise UsageError(
            f"{where} holds no message, and so not {name!r}; is it a record, as `harness verify` leaves it?"
        )
    raise UsageError(f"no message {name!r} in {where}; its ids: {shown_ids(content)}")


def shown_ids(content: bytes | mmap.mmap) -> str:
    """The last ids of a history, and how many there are."""
    known = list(dict.fromkeys(found[1] for found in NAMED.finditer(content)))
    shown = ", ".join(one.decode("ascii", errors="replace") for one in known[-MOST_KNOWN:])
    return shown if len(known) <= MOST_KNOWN else f"…, {shown} ({len(known)} in all)"


def slice_of(lines: Lines, run: str, keys: Iterable[str], *, known: Sequence[Row] = ()) -> Slice:
    """All that belongs to these keys in a run, with what was done to the stack meanwhile.

    `known` are all rows in which the only key stands, where they were read already.
    """
    started = list(dict.fromkeys(keys))

    def rows_of(fresh: Sequence[str]) -> list[Row]:
        rows = known if known and list(fresh) == started else rows_with(lines, map(quoted, fresh))
        return [row for row in rows if row.run == run]

    own = joined(started, rows_of)
    rows = in_order([*own, *around(lines, run, own)], lines.content)
    history = History.of(row.event for row in rows)
    flows: dict[int, Flow] = {}
    for one in started:
        events = history.flow(one)
        if events:
            flows.setdefault(events[0].seq, Flow(events, name=one.partition(":")[2]))
    return Slice(run, history, [flows[seq] for seq in sorted(flows)], [row.place for row in rows])


def joined(keys: Iterable[str], rows_of: Callable[[Sequence[str]], Iterable[Row]]) -> list[Row]:
    """The rows that share a key with one of these, or with a row that does, and so on."""
    known, fresh = set(keys), list(keys)
    found: dict[int, Row] = {}
    while fresh:
        wanted = set(fresh)
        rows = [row for row in rows_of(fresh) if wanted & set(row.event.keys)]
        found |= {row.begin: row for row in rows}
        fresh = list(dict.fromkeys(one for row in rows for one in row.event.keys if one not in known))
        known |= set(fresh)
    return list(found.values())
