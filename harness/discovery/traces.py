"""What one message left in Redis: where its entry was put, where in it the id stands, and how it was finished."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from harness.discovery.draft import Draft
from harness.discovery.redis_keys import DEAD, kinds
from harness.probes.decoding import decoded
from harness.probes.monitor_lines import Line
from harness.profile import Queue

Say = Callable[[str], None]
PUSHES: Final = ("LPUSH", "RPUSH", "LPUSHX", "RPUSHX")
WRITES: Final = ("SET", "HSET", "HMSET", "HSETNX", "SETEX", "PSETEX", "SETNX")
MOVES: Final = ("LMOVE", "BLMOVE", "RPOPLPUSH", "BRPOPLPUSH")
DEEPEST: Final = 8
LIBRARIES: Final = ("celery", "rq", "arq", "taskiq", "taskiq-stream", "dramatiq", "bullmq")


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One entry: the key that it was put on, and what is known of it; keys are those of `[queue]`."""

    kind: str
    key: str
    says: Mapping[str, Any] = field(default_factory=dict)
    how: str = ""


def words(line: Line) -> list[str]:
    return [word.decode("utf-8", "replace") for word in line.command]


def trace(lines: Sequence[Line], *, id: str | None, token: str, to: str) -> Trace | None:  # noqa: A002 - reason: it is the id
    """The entry of a message in what Redis ran; None where nothing names the message."""
    marks = [mark.encode() for mark in (id, token, to) if mark]
    for number, line in enumerate(lines):
        command = line.command[0].decode("ascii", "replace").upper()
        if len(line.command) < 3:
            continue
        named = any(mark in word for mark in marks for word in line.command[2:])
        if command == "XADD" and named:
            return of_stream(lines[number:], id=id, token=token)
        if command in PUSHES:
            found = of_list(lines[number:], lines, id=id, named=named)
            if found is not None:
                return found
        if command == "ZADD" and (found := of_sorted_set(lines[number:], lines, id=id, named=named)) is not None:
            return found
        if command == "PUBLISH" and named:
            return Trace(kind="pubsub", key=words(line)[1], says={"message_id": pointer_of(line.command[2], id) or ""})
    return None


def of_stream(lines: Sequence[Line], *, id: str | None, token: str) -> Trace:  # noqa: A002 - reason: it is the id
    said = words(lines[0])
    key = said[1]
    at = 2
    bounded = False
    while at < len(said) and said[at].upper() in ("NOMKSTREAM", "MAXLEN", "MINID", "~", "=", "LIMIT"):
        bounded = bounded or said[at].upper() in ("MAXLEN", "MINID")
        at += 1
        # a threshold, or how many at most
        if (
            said[at - 1].upper() in ("MAXLEN", "MINID", "LIMIT", "~", "=")
            and said[at].lstrip("~=").replace("-", "").isdigit()
        ):
            at += 1
    pairs = list(zip(lines[0].command[at + 1 :: 2], lines[0].command[at + 2 :: 2], strict=False))
    says: dict[str, Any] = dict(in_fields(pairs, id=id, token=token))
    groups = [
        words(line)[2] for line in lines if line.command[0].upper() == b"XREADGROUP" and key.encode() in line.command
    ]
    acked = [
        line
        for line in lines
        if line.command[0].upper() in (b"XACK", b"XACKDEL") and line.command[1:2] == [key.encode()]
    ]
    deleted = [
        line
        for line in lines
        if line.command[0].upper() in (b"XDEL", b"XDELEX", b"XACKDEL") and line.command[1:2] == [key.encode()]
    ]
    if acked and len(acked[0].command) > 2:
        says["group"] = acked[0].command[2].decode("utf-8", "replace")
    elif groups:
        after = [
            words(line) for line in lines if line.command[0].upper() == b"XREADGROUP" and key.encode() in line.command
        ]
        lower = [word.upper() for word in after[0]]
        says["group"] = after[0][lower.index("GROUP") + 1] if "GROUP" in lower else groups[0]
    if acked or deleted:
        says["finish"] = "ack-delete" if acked and deleted else "ack" if acked else "delete"
    how = f"XADD {key}" + (" with a bound of its length" if bounded else "")
    how += ", acknowledged" if acked else ""
    how += ", deleted" if deleted else ""
    return Trace(kind="stream", key=key, says=says, how=how)


def in_fields(pairs: Sequence[tuple[bytes, bytes]], *, id: str | None, token: str) -> Iterator[tuple[str, Any]]:  # noqa: A002 - reason: it is the id
    """The keys of `[queue]` that say where in an entry's fields the id stands."""
    for name, value in pairs:
        if id is not None and value == id.encode():
            yield "message_id", name.decode("utf-8", "replace")
            return
    for name, value in pairs:
        pointer = pointer_of(value, id)
        if pointer is not None:
            yield "field", name.decode("utf-8", "replace")
            yield "message_id", pointer[1:] if pointer.count("/") == 1 and "~" not in pointer else pointer
            return
    for name, value in pairs:
        if token.encode() in value:
            yield "field", name.decode("utf-8", "replace")
            return


def pointer_of(value: bytes, id: str | None, encoding: str = "json") -> str | None:  # noqa: A002 - reason: it is the id
    """Where in an encoded value the id stands, as a JSON pointer; `""`: it is no more than the id; None: nowhere."""
    if id is None:
        return None
    if value == id.encode():
        return ""
    try:
        return pointer_in(decoded(value, encoding), id)
    except (ValueError, ModuleNotFoundError):
        return None


def pointer_in(value: Any, wanted: str, at: str = "", depth: int = 0) -> str | None:
    """Where in a value a word stands, the nearest to its top first."""
    inner: list[tuple[str, Any]] = []
    if isinstance(value, Mapping):
        inner = [(str(name), below) for name, below in value.items()]
    elif isinstance(value, list | tuple):
        inner = [(str(number), below) for number, below in enumerate(value)]
    if depth > DEEPEST:
        return None
    for name, below in inner:
        if isinstance(below, str | int) and not isinstance(below, bool) and str(below) == wanted:
            return f"{at}/{escaped(name)}"
    for name, below in inner:
        found = pointer_in(below, wanted, f"{at}/{escaped(name)}", depth + 1)
        if found is not None:
            return found
    return None


def escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def of_list(rest: Sequence[Line], lines: Sequence[Line], *, id: str | None, named: bool) -> Trace | None:  # noqa: A002 - reason: it is the id
    key = words(rest[0])[1]
    if DEAD.search(key) or key.startswith("_kombu"):
        return None
    library = of_library(key, rest[0].command[2], lines, id=id)
    if library is not None:
        return library
    if not named:
        return None
    element = rest[0].command[2]
    says: dict[str, Any] = {"message_id": pointer_of(element, id) or ""}
    moved = [
        line
        for line in rest
        if line.command[0].upper().decode("ascii", "replace") in MOVES and line.command[1:2] == [key.encode()]
    ]
    if moved and len(moved[0].command) > 2:
        taken = words(moved[0])[2]
        says["taken"] = taken
        removed = any(line.command[0].upper() == b"LREM" and line.command[1:2] == [taken.encode()] for line in rest)
        says["finish"] = "ack" if removed else "pop"
    else:
        says["finish"] = "pop"
    how = f"{words(rest[0])[0].upper()} {key}" + (f", moved to {says['taken']}" if "taken" in says else ", popped")
    return Trace(kind="list", key=key, says=says, how=how)


def of_sorted_set(rest: Sequence[Line], lines: Sequence[Line], *, id: str | None, named: bool) -> Trace | None:  # noqa: A002 - reason: it is the id
    key = words(rest[0])[1]
    library = of_library(key, rest[0].command[-1], lines, id=id)
    if library is not None or not named or key.startswith(("unacked", "rq:")):
        return library
    return Trace(
        kind="sorted-set", key=key, says={"message_id": pointer_of(rest[0].command[-1], id) or ""}, how=f"ZADD {key}"
    )


def of_library(key: str, element: bytes, lines: Sequence[Line], *, id: str | None) -> Trace | None:  # noqa: A002 - reason: it is the id
    """The entry of a library whose shape it has, or None; `kind` is one that a profile can name."""
    for kind in LIBRARIES:
        if kind not in kinds():
            continue
        preset = Queue.model_validate({"kind": kind})
        template = getattr(preset, "key", "{name}")
        head, _, tail = template.partition("{name}")
        if not (key.startswith(head) and key.endswith(tail) and len(key) > len(head) + len(tail)):
            continue
        if not head and not tail and kind not in ("celery", "arq", "taskiq"):
            continue
        name = key[len(head) : len(key) - len(tail) if tail else None]
        pointer = in_payload(preset, element, lines, id=id)
        if pointer:  # an element that is no more than an id is no library's
            return Trace(kind=kind, key=name, says={"message_id": pointer}, how=f"{kind}'s {key}")
    return None


def in_payload(preset: Queue, element: bytes, lines: Sequence[Line], *, id: str | None) -> str | None:  # noqa: A002 - reason: it is the id
    """Where in a library's payload the id stands."""
    payload = getattr(preset, "payload", None)
    encoding = getattr(preset, "encoding", "json")
    if payload is None:
        return pointer_of(element, id, encoding)
    before = payload.partition("{")[0]
    for line in lines:
        if line.command[0].upper().decode("ascii", "replace") not in WRITES or not line.command[1].startswith(
            before.encode()
        ):
            continue
        for value in line.command[2:]:
            pointer = pointer_of(value, id, encoding)
            if pointer:
                return pointer
    return None


def put(draft: Draft, found: Trace, channel: str, *, say: Say) -> None:
    """Puts into the draft what an entry showed."""
    why = f"the message's entry: {found.how or found.key}"
    say(f"its entry: {found.how or found.key}")
    names = "streams" if found.kind == "stream" else "keys"
    default = Queue() if found.kind == "stream" else Queue.model_validate({"kind": found.kind})
    if found.kind != "stream":
        draft.put(("queue", "kind"), found.kind, why, "seen")
        for key in ("group", "field", "dead", "streams"):
            draft.drop(("queue", key))
    known = dict(draft.get("queue", names, default=getattr(default, names, {})))
    if known.get(channel) != found.key:
        spoken = draft.get("claims", "channels", default=[channel])
        draft.put(
            ("queue", names),
            {one: known.get(one, found.key) if one != channel else found.key for one in spoken},
            why,
            "seen",
        )
    for name, value in found.says.items():
        if value != getattr(default, name, None) or ("queue", name) in draft.guesses:
            draft.put(("queue", name), value, why, "seen")
