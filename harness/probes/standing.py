"""What stands on a queue that is no stream, and where entries stand that are worked on, as Redis itself tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from harness.history import Event, History
from harness.probes.counters import Counters
from harness.probes.naming import Naming
from harness.profile import Queue
from harness.wire.commands import raw, text

MOST: Final = 10_000
"""Elements of one key, and keys of one pattern; what is larger isn't looked through."""
LENGTHS: Final = {"list": "llen", "zset": "zcard", "set": "scard", "hash": "hlen"}


class Standing(Counters):
    """Asks Redis for lengths and for single entries of lists, sorted sets, sets and hashes; each look is an event."""

    DECODING: Mapping[str, Any] = {"decode_responses": False}  # elements may be no text

    def __init__(self, history: History, profile: Queue, *, url: str) -> None:
        super().__init__(history, profile, url=url)
        self._naming = Naming(profile)

    def count(self, stream: str) -> Event:
        """Records how many entries wait (`length`, `lag`) and are in hand (`pending`); None for what can't be told."""
        no: dict[str, str] = {}
        data: dict[str, Any] = {"stream": stream, "length": None, "pending": None, "lag": None}
        if self._queue.base == "pubsub":
            return self._counted(data, {"length": "a channel keeps nothing"})
        lengths = [self._length(key, no) for key in self._keys(stream)]
        length = None if None in lengths else sum(one or 0 for one in lengths)
        if not self._queue.taken:
            no["pending"] = "the profile names no place of what is in hand; [queue] taken would"
        else:
            held = self._in_hand(stream, no)
            data["pending"] = None if held is None else len(held)
        waiting = length if self._queue.leaves else None
        if not self._queue.leaves and length is not None and data["pending"] is not None:
            waiting = max(0, length - data["pending"])
        data |= {"length": length, "lag": waiting}
        if self._queue.later is not None:
            later = [self._length(key, no) for key in self._queue.later_keys]
            data["later"] = None if None in later else sum(one or 0 for one in later)
        return self._counted(data, no)

    def _keys(self, stream: str) -> list[str]:
        return [stream, *(stream + more for more in self._queue.also)]

    def look(self, stream: str, ids: Sequence[str]) -> Event:
        """Records of single entries whether they stand on the queue (`present`) and are in hand (`pending`)."""
        no: dict[str, str] = {}
        if self._queue.base == "pubsub":
            nothing = {entry: {"present": None, "pending": None} for entry in ids}
            return self._counted({"stream": stream, "entries": nothing}, {"present": "a channel keeps nothing"})
        standing: set[str] | None = set()
        for key in self._keys(stream):
            found = self._elements(key, no)
            if found is None or standing is None:
                standing = None
            else:
                standing |= {self._naming.entry(element) for element in found}
        held = self._in_hand(stream, no) if self._queue.taken else None
        entries = {}
        for entry in ids:
            name = entry.partition("#")[0] if entry.partition("#")[2].isdecimal() else entry
            entries[entry] = {
                "present": None if standing is None else name in standing,
                "pending": None if held is None else name in held,
            }
        return self._counted({"stream": stream, "entries": entries}, no)

    def _in_hand(self, stream: str, no: dict[str, str]) -> set[str] | None:
        """The names of the entries that are worked on; None where that can't be told."""
        names: set[str] = set()
        for pattern in self._queue.taken_keys:
            keys = self._matching(pattern, no) if "*" in pattern else [pattern]
            if keys is None:
                return None
            for key in keys:
                elements = [""] if self._type(key, no) == "string" else self._elements(key, no)
                if elements is None:
                    return None
                for element in elements:
                    names |= {name for queue, name in self._naming.taken(key, element) if queue == stream}
        return names

    def _matching(self, pattern: str, no: dict[str, str]) -> list[str] | None:
        def scan() -> list[str]:
            # what looks like a pattern of Redis' own in a name is a name
            glob = "".join(f"\\{letter}" if letter in "?[]\\^" else letter for letter in pattern)
            found: list[str] = []
            for key in self._redis.scan_iter(match=glob, count=1000):
                found.append(text(key))
                if len(found) > MOST:
                    break
            return found

        found = self._ask("scan", pattern, no, scan, absent_is=[])
        if found is not None and len(found) > MOST:
            no["scan"] = f"more than {MOST} keys are like {pattern}"
            return None
        return found

    def _type(self, key: str, no: dict[str, str]) -> str | None:
        found = self._ask("type", key, no, lambda: self._redis.type(key), absent_is=b"none")
        return None if found is None else text(found)

    def _length(self, key: str, no: dict[str, str]) -> int | None:
        kind = self._type(key, no)
        if kind == "none":
            return 0
        if kind not in LENGTHS:
            if kind is not None:
                no["type"] = f"{key} is a {kind}"
            return None
        command = LENGTHS[kind]
        found = self._ask(command, key, no, lambda: self._redis.execute_command(command.upper(), key), absent_is=0)
        return None if found is None else int(found)

    def _elements(self, key: str, no: dict[str, str]) -> list[str] | None:
        """What stands under a key; None where it can't be told, or is too much."""
        length = self._length(key, no)
        if not length:
            return None if length is None else []
        if length > MOST:
            no["length"] = f"{key} has more than {MOST} elements"
            return None
        kind = self._type(key, no)
        ask = {
            "list": ("LRANGE", key, 0, -1),
            "zset": ("ZRANGE", key, 0, -1),
            "set": ("SMEMBERS", key),
            "hash": ("HKEYS", key),
        }.get(kind or "")
        if ask is None:
            return None if kind is None else []
        command = str(ask[0]).lower()
        found = self._ask(command, key, no, lambda: self._redis.execute_command(*ask), absent_is=[])
        return None if found is None else list(texts(found))

    def entries(self, stream: str) -> list[tuple[str, dict[str, str]]]:
        """The entries that stand on the queue now, each by its name; raises Inconclusive when Redis can't be asked."""
        found = [element for key in self._keys(stream) for element in self._elements(key, {}) or []]
        return [(self._naming.entry(element), self._naming.read(element)[1]) for element in found]


def texts(found: Any) -> Iterator[str]:
    return map(raw, found)
