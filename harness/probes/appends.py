"""Who added which entry: MONITOR shows an XADD without the id it got, the tail an entry without who added it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from harness.probes.entries import Entries, Said
from harness.probes.tail import order
from harness.wire.commands import ID, Command, appended, id_given, trimmed

DAY = 86400


@dataclass(eq=False, kw_only=True)
class Add:
    """An XADD that MONITOR showed."""

    command: Command
    fields: dict[str, str]
    process: str
    at: float


class Appends:
    """Joins the tail's entries of one stream with MONITOR's commands by their fields."""

    def __init__(self, stream: str, entries: Entries, *, begin: str) -> None:
        self._stream = stream
        self._entries = entries
        self._begin = begin
        self._adds: deque[Add] = deque()
        self._tailed: deque[tuple[str, dict[str, str]]] = deque()
        self._known: set[str] = set()
        self._strange: set[str] = set()
        self._alone = False

    def wait_for_monitor(self, wait: bool) -> None:
        """Whether an entry of the tail waits until MONITOR has told who added it."""
        self._alone = not wait
        self._match()

    def added(self, command: Command, *, process: str, at: float) -> None:
        """Takes an XADD from MONITOR."""
        self._adds.append(Add(command=command, fields=appended(command)[1], process=process, at=at))
        self._match()

    def read(self, entry: str, fields: dict[str, str]) -> None:
        """Takes an entry from the tail; it is recorded once it is known who added it."""
        self._known.add(entry)
        self._strange.discard(entry)
        self._tailed.append((entry, fields))
        self._match()

    def named(self, entry: str) -> None:
        """Notes an id of which MONITOR told that it was acknowledged or deleted."""
        if entry not in self._known and order(entry) > order(self._begin):
            self._strange.add(entry)

    def open(self) -> list[Add]:
        """What MONITOR showed and the tail has no entry for yet."""
        return list(self._adds)

    def finish(self, end: str, adds: Sequence[Add], slipped: int | None) -> int:
        """Records all up to the id `end`, of which everybody who could tell has told; how many entries went unseen.

        `adds` are XADDs from before `end`; what the tail hasn't of them was refused, or came and went between two
        reads. `slipped` is how many went so by Redis' own count, None where it keeps none.
        """
        self._match(until=end)
        gone = [add for add in adds if add in self._adds]
        missing = len(gone) if slipped is None else max(0, slipped)
        ids = sorted((entry for entry in self._strange if order(entry) <= order(end)), key=order)
        pairs = [(entry, add) for add in gone if (entry := id_given(add.command)) in ids]
        left = [entry for entry in ids if entry not in dict(pairs)]
        nameless = [add for add in gone if not ID.fullmatch(id_given(add.command))]
        # Redis gives ids in ascending order: as many XADDs as strange ids, and as many as are missing, are a pair each
        if 0 < missing - len(pairs) == len(nameless) == len(left):
            pairs += zip(left, nameless, strict=True)
        for entry, add in pairs:
            self._record(entry, add.fields, add)
        for add in gone:
            self._adds.remove(add)
        self._strange.difference_update(ids)
        self._known.update(ids)
        return max(0, missing - len(pairs))

    def _match(self, *, until: str | None = None) -> None:
        for entry, fields in list(self._tailed):
            add = next((add for add in self._adds if add.fields == fields), None)
            late = until is not None and order(entry) <= order(until)
            if add is None and not self._alone and not late:
                continue
            if add is not None:
                self._adds.remove(add)
            self._tailed.remove((entry, fields))
            self._record(entry, fields, add)

    def _record(self, entry: str, fields: dict[str, str], add: Add | None) -> None:
        said: Said = {"what": "appended", "stream": self._stream, "id": entry, "fields": fields}
        if add is None:
            self._entries.take({**said, "at": date_of(entry)})
            return
        self._entries.take({**said, "at": add.at, "process": add.process})
        for one in trimmed(add.command):
            self._entries.take(one)


def date_of(entry: str) -> float:
    """When an entry was added: its id says so, unless a client chose it; then it is now."""
    said, now = order(entry)[0] / 1000, time.time()
    return said if abs(said - now) < DAY else now
