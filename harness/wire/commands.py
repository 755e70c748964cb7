"""What a Redis command and its reply mean for a queue: pure functions from parsed RESP to events.

A reply that can't be one to its command raises ValueError, TypeError or IndexError: then commands and replies don't
belong together any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

Command = list[bytes]
Said = dict[str, Any]

ID = re.compile(r"\d+-\d+")
GIVEN_ID = re.compile(rb"\*|\d+(-(\d+|\*))?")
ALONE = (b"NOMKSTREAM", b"KEEPREF", b"DELREF", b"ACKED")
TAKES = {b"GROUP": 2, b"COUNT": 1, b"BLOCK": 1, b"CLAIM": 1}
"""How many words follow an option of XREADGROUP."""


def text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def raw(value: object) -> str:
    """Bytes as a text that keeps them all, also those that are no UTF-8 (`surrogateescape`)."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def bare(value: str) -> bytes:
    """The bytes of what `raw` made."""
    return value.encode("utf-8", "surrogateescape")


def name_of(command: Command) -> bytes:
    return command[0].upper() if command and isinstance(command[0], bytes) else b""


def whole(entry: object) -> str:
    """The id of an entry as Redis writes it: a command may leave its second half, or zeros, away or in."""
    milliseconds, _, serial = text(entry).partition("-")
    if milliseconds.isdigit() and (serial.isdigit() or not serial):
        return f"{int(milliseconds)}-{int(serial or 0)}"
    return text(entry)


def events_of(command: Command, reply: object) -> Iterator[Said]:
    """The queue events that a command and its reply show; none where Redis refused it."""
    if isinstance(reply, Exception) or reply is None or name_of(command) not in MEANING:
        return iter(())
    return MEANING[name_of(command)](command, reply)


def read_options(command: Command) -> tuple[dict[bytes, Command], Command]:
    """The options of an XREAD or XREADGROUP with their values, and the streams that it reads."""
    options: dict[bytes, Command] = {}
    at = 1
    while at < len(command) and (option := command[at].upper()) != b"STREAMS":
        taken = TAKES.get(option, 0)
        options[option] = command[at + 1 : at + 1 + taken]
        at += 1 + taken
    behind = command[at + 1 :]
    return options, behind[: len(behind) // 2]


def streams_of(command: Command) -> Command:
    """The streams on which a command that is read works."""
    return read_options(command)[1] if name_of(command) in (b"XREADGROUP", b"XREAD") else command[1:2]


def group_of(command: Command) -> bytes | None:
    """The consumer group in whose name a command that is read works."""
    match name_of(command):
        case b"XREADGROUP":
            named = read_options(command)[0].get(b"GROUP")
            return named[0] if named else None
        case b"XACK" | b"XACKDEL" | b"XCLAIM" | b"XAUTOCLAIM":
            return command[2] if len(command) > 2 else None
    return None


def added(command: Command, reply: object) -> Iterator[Said]:
    stream, fields = appended(command)
    if not ID.fullmatch(text(reply)):
        raise ValueError(f"the answer to XADD is no id: {text(reply)[:40]!r}")
    yield {"what": "appended", "stream": stream, "id": text(reply), "fields": fields}
    yield from trimmed(command)


def appended(command: Command) -> tuple[str, dict[str, str]]:
    """Stream and fields of an XADD; options between the key and the id are skipped."""
    return text(command[1]), fields_of(command[id_place(command) + 1 :])


def aside(command: Command) -> Said:
    """What an XADD says that goes to a stream which isn't watched."""
    stream, fields = appended(command)
    return {"what": "aside", "stream": stream, "fields": fields}


def id_place(command: Command) -> int:
    """Where the id stands in an XADD."""
    position = 2
    while position < len(command):
        option = command[position].upper()
        if option in (b"MAXLEN", b"MINID"):
            position += 3 if command[position + 1 : position + 2] in ([b"~"], [b"="]) else 2
        elif option in (b"LIMIT", b"IDMPAUTO"):
            position += 2
        elif option == b"IDMP":
            position += 3
        elif option in ALONE or not GIVEN_ID.fullmatch(option):  # an option that we don't know
            position += 1
        else:
            break
    return position


def id_given(command: Command) -> str:
    """The id that an XADD asks for, as Redis writes it; something else ("*") where Redis is to choose it."""
    place = id_place(command)
    return whole(command[place]) if place < len(command) else ""


def trimmed(command: Command) -> Iterator[Said]:
    """What an XADD or XTRIM may trim, by its words alone; `longest` is the length that it may leave."""
    options = command[2 : id_place(command)] if name_of(command) == b"XADD" else command[2:]
    for position, option in enumerate(options):
        if option.upper() in (b"MAXLEN", b"MINID"):
            rest = [word for word in options[position + 1 :] if word not in (b"~", b"=")]
            said: Said = {"what": "trimmed", "stream": text(command[1])}
            if option.upper() == b"MAXLEN" and rest and rest[0].isdigit():
                said["longest"] = int(rest[0])
            yield said


def fields_of(flat: object) -> dict[str, str]:
    """Fields of an entry, given flat (RESP2) or as a map (RESP3)."""
    if isinstance(flat, dict):
        return {raw(k): raw(v) for k, v in flat.items()}
    if not isinstance(flat, list):
        return {}
    return {raw(flat[i]): raw(flat[i + 1]) for i in range(0, len(flat) - 1, 2)}


def read(command: Command, reply: object) -> Iterator[Said]:
    claim: Said = {"what": "claimed", "how": "xread"}
    if name_of(command) == b"XREADGROUP":
        options, _ = read_options(command)
        group, consumer = options[b"GROUP"]
        claim |= {"how": "read", "group": text(group), "consumer": text(consumer)}
        if b"NOACK" in options:
            claim["noack"] = True
    for stream, entry, fields in entries_by_stream(reply):
        yield {**claim, "stream": stream, "id": entry, "fields": fields}


def entries_by_stream(reply: object) -> Iterator[tuple[str, str, dict[str, str]]]:
    if not isinstance(reply, dict | list):
        raise TypeError(f"an answer that carries no entries: {text(reply)[:40]!r}")
    pairs = reply.items() if isinstance(reply, dict) else reply
    for stream, entries in pairs:
        for entry, fields, *_ in entries:  # a newer Redis says more of entries that were pending
            if fields is not None:  # a pending entry that was deleted since
                yield text(stream), text(entry), fields_of(fields)


def count(reply: object) -> int:
    if not isinstance(reply, int):
        raise TypeError(f"an answer that is no number: {text(reply)[:40]!r}")
    return reply


def answers(reply: object) -> list[object]:
    if not isinstance(reply, list):
        raise TypeError(f"an answer that is no list: {text(reply)[:40]!r}")
    return reply


def acknowledged(command: Command, reply: object) -> Iterator[Said]:
    yield from each({"what": "acked", "stream": text(command[1]), "group": text(command[2])}, command[3:], reply)


def deleted(command: Command, reply: object) -> Iterator[Said]:
    yield from each({"what": "deleted", "stream": text(command[1])}, command[2:], reply)


def each(base: Said, ids: Command, reply: object) -> Iterator[Said]:
    """An event for each id, where Redis did as many; else the ids together: which of them it did isn't told."""
    entries, done = list(dict.fromkeys(map(whole, ids))), count(reply)
    if done >= len(entries):
        yield from ({**base, "id": entry, "counted": done} for entry in entries)
    elif done > 0:
        yield {"what": "some", "of": base, "ids": entries, "counted": done}


def acknowledged_and_deleted(command: Command, reply: object) -> Iterator[Said]:
    """XACKDEL answers for each id: 1 did both, 2 acknowledged only since others still need it, -1 knows it not."""
    stream, group = text(command[1]), text(command[2])
    for entry, done in zip(after_ids(command), answers(reply), strict=True):
        if done in (1, 2):
            yield {"what": "acked", "stream": stream, "group": group, "id": whole(entry), "counted": 1}
        if done == 1:
            yield {"what": "deleted", "stream": stream, "id": whole(entry), "counted": 1}


def deleted_as_told(command: Command, reply: object) -> Iterator[Said]:
    for entry, done in zip(after_ids(command), answers(reply), strict=True):
        if done == 1:
            yield {"what": "deleted", "stream": text(command[1]), "id": whole(entry), "counted": 1}


def after_ids(command: Command) -> Command:
    """The ids behind `IDS numids`."""
    for position, part in enumerate(command):
        if part.upper() == b"IDS":
            return command[position + 2 :]
    return []


def taken_over(command: Command, reply: object) -> Iterator[Said]:
    auto = name_of(command) == b"XAUTOCLAIM"
    _, entries, *more = answers(reply) if auto else (b"", reply)
    for item in answers(entries):
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
    for entry in answers(more[0]) if more else ():  # Redis 7: deleted meanwhile, so it has them pending no more
        base: Said = {"what": "acked", "how": "dropped", "stream": text(command[1]), "group": text(command[2])}
        yield {**base, "id": text(entry)}


def shortened(command: Command, reply: object) -> Iterator[Said]:
    if count(reply):
        yield {"what": "trimmed", "stream": text(command[1]), "counted": count(reply)}


MEANING: dict[bytes, Callable[[Command, object], Iterator[Said]]] = {
    b"XADD": added,
    b"XREADGROUP": read,
    b"XREAD": read,
    b"XACK": acknowledged,
    b"XACKDEL": acknowledged_and_deleted,
    b"XDEL": deleted,
    b"XDELEX": deleted_as_told,
    b"XCLAIM": taken_over,
    b"XAUTOCLAIM": taken_over,
    b"XTRIM": shortened,
}
"""The commands that are read, each with what its reply shows."""
