"""What a Redis command and its reply mean for a queue: pure functions from parsed RESP to events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

WATCHED = frozenset(
    {b"XADD", b"XREADGROUP", b"XREAD", b"XACK", b"XACKDEL", b"XDEL", b"XDELEX", b"XCLAIM", b"XAUTOCLAIM"}
)
TRANSACTION = frozenset({b"MULTI", b"EXEC", b"DISCARD"})

Command = list[bytes]
Said = dict[str, Any]


def text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def name_of(command: Command) -> bytes:
    return command[0].upper() if command and isinstance(command[0], bytes) else b""


def events_of(command: Command, reply: object) -> Iterator[Said]:
    """The queue events that a command and its reply show; none where Redis refused it."""
    if isinstance(reply, Exception) or reply is None:
        return
    match name_of(command):
        case b"XADD":
            stream, fields = appended(command)
            yield {"what": "appended", "stream": stream, "id": text(reply), "fields": fields}
        case b"XREADGROUP":
            group, consumer = after(command, b"GROUP", 2)
            for stream, entry, fields in entries_by_stream(reply):
                claim = {"what": "claimed", "how": "read", "group": group, "consumer": consumer}
                yield {**claim, "stream": stream, "id": entry, "fields": fields}
        case b"XREAD":
            for stream, entry, fields in entries_by_stream(reply):
                yield {"what": "claimed", "how": "xread", "stream": stream, "id": entry, "fields": fields}
        case b"XACK" | b"XACKDEL":
            yield from acknowledged(command, reply)
        case b"XDEL" | b"XDELEX":
            yield from deleted(command, reply)
        case b"XAUTOCLAIM" | b"XCLAIM":
            yield from taken_over(command, reply)


def appended(command: Command) -> tuple[str, dict[str, str]]:
    """Stream and fields of an XADD; options between the key and the id are skipped."""
    position = 2
    while position < len(command):
        option = command[position].upper()
        if option in (b"NOMKSTREAM", b"KEEPREF", b"DELREF", b"ACKED"):
            position += 1
        elif option in (b"MAXLEN", b"MINID"):
            position += 3 if command[position + 1] in (b"~", b"=") else 2
        elif option == b"LIMIT":
            position += 2
        else:
            break
    return text(command[1]), fields_of(command[position + 1 :])


def fields_of(flat: object) -> dict[str, str]:
    """Fields of an entry, given flat (RESP2) or as a map (RESP3)."""
    if isinstance(flat, dict):
        return {text(k): text(v) for k, v in flat.items()}
    if not isinstance(flat, list):
        return {}
    return {text(flat[i]): text(flat[i + 1]) for i in range(0, len(flat) - 1, 2)}


def after(command: Command, word: bytes, count: int) -> list[str]:
    for position, part in enumerate(command):
        if part.upper() == word:
            found = [text(item) for item in command[position + 1 : position + 1 + count]]
            return found + [""] * (count - len(found))
    return [""] * count


def entries_by_stream(reply: object) -> Iterator[tuple[str, str, dict[str, str]]]:
    pairs = reply.items() if isinstance(reply, dict) else reply if isinstance(reply, list) else ()
    for stream, entries in pairs:
        for entry, fields in entries:
            if fields is not None:  # a pending entry that was deleted since
                yield text(stream), text(entry), fields_of(fields)


def acknowledged(command: Command, reply: object) -> Iterator[Said]:
    ids = command[3:]
    if name_of(command) == b"XACKDEL":
        ids = after_ids(command)
    base = {"what": "acked", "stream": text(command[1]), "group": text(command[2])}
    for entry in ids:
        # the reply counts, it doesn't say which: an id that wasn't pending is seen in the counters
        yield {**base, "id": text(entry), "counted": reply if isinstance(reply, int) else len(ids)}
        if name_of(command) == b"XACKDEL":
            yield {"what": "deleted", "stream": text(command[1]), "id": text(entry), "counted": 1}


def deleted(command: Command, reply: object) -> Iterator[Said]:
    ids = after_ids(command) if name_of(command) == b"XDELEX" else command[2:]
    for entry in ids:
        yield {
            "what": "deleted",
            "stream": text(command[1]),
            "id": text(entry),
            "counted": reply if isinstance(reply, int) else len(ids),
        }


def after_ids(command: Command) -> Command:
    """The ids behind `IDS numids`."""
    for position, part in enumerate(command):
        if part.upper() == b"IDS":
            return command[position + 2 :]
    return []


def taken_over(command: Command, reply: object) -> Iterator[Said]:
    entries = reply[1] if name_of(command) == b"XAUTOCLAIM" and isinstance(reply, list) and len(reply) > 1 else reply
    if not isinstance(entries, list):
        return
    for item in entries:
        if isinstance(item, list) and len(item) == 2 and item[1] is not None:  # JUSTID gives bare ids
            entry, fields = item
            yield {
                "what": "claimed",
                "how": "taken over",
                "stream": text(command[1]),
                "group": text(command[2]),
                "consumer": text(command[3]),
                "id": text(entry),
                "fields": fields_of(fields),
            }
