"""What a command and its reply mean for a queue that is no stream: what was put where, taken from there, or removed.

Pure functions. Where the reply isn't known (a line of MONITOR), what was put or removed is what the command asks for,
and what was popped is None. A reply that can't be one to its command raises ValueError, TypeError or IndexError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from harness.wire.commands import Command, Said, count, name_of, raw, text

UNKNOWN: Final = object()
"""Stands for a reply that nobody saw."""
Meaning = Callable[[Command, Any], Iterator[Said]]


def fits(pattern: bytes, key: bytes) -> bool:
    """Whether a key is one that a pattern means, in which `*` stands for anything."""
    first, *more = pattern.split(b"*")
    if not more:
        return key == pattern
    *middle, last = more
    if not key.startswith(first) or not key.endswith(last) or len(key) < len(first) + len(last):
        return False
    at, end = len(first), len(key) - len(last)
    for part in middle:
        at = key.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def places_of(command: Command) -> Command:
    """The keys on which a command works that is read here."""
    match name_of(command):
        case b"LMOVE" | b"BLMOVE" | b"RPOPLPUSH" | b"BRPOPLPUSH" | b"SMOVE":
            return command[1:3]
        case b"BLPOP" | b"BRPOP" | b"BZPOPMIN" | b"BZPOPMAX":
            return command[1:-1]
        case b"LMPOP" | b"ZMPOP":
            return numbered(command, 1)
        case b"BLMPOP" | b"BZMPOP":
            return numbered(command, 2)
        case b"DEL" | b"UNLINK":
            return command[1:]
    return command[1:2]


def numbered(command: Command, at: int) -> Command:
    """The keys behind their number."""
    number = int(command[at]) if len(command) > at and command[at].isdigit() else 0
    return command[at + 1 : at + 1 + number]


def meaning_of(command: Command, reply: object) -> Iterator[Said]:
    """What a command and its reply show; nothing where Redis refused it."""
    if isinstance(reply, Exception) or name_of(command) not in MEANING:
        return iter(())
    return MEANING[name_of(command)](command, reply)


def aside(command: Command) -> Said:
    """What is put on a key that isn't watched."""
    return {"what": "aside", "stream": text(command[1]), "fields": {"element": raw(command[-1])}}


def put(key: object, value: object, content: object = None, **more: Any) -> Said:
    said: Said = {"what": "put", "stream": text(key), "value": raw(value), **more}
    if content is not None:
        said["content"] = raw(content)
    return said


def taken(key: object, value: object, **more: Any) -> Said:
    return {"what": "took", "stream": text(key), "value": None if value is None else raw(value), **more}


def pushed(command: Command, reply: object) -> Iterator[Said]:
    if reply is not UNKNOWN and count(reply) == 0:
        return  # LPUSHX, and there is no such list
    if reply is UNKNOWN and name_of(command).endswith(b"X"):
        yield {"what": "unread", "command": text(name_of(command)), "stream": text(command[1])}
        return
    yield from (put(command[1], value) for value in command[2:])


def popped(command: Command, reply: object) -> Iterator[Said]:
    """LPOP and RPOP, with a count or without."""
    if reply is None:
        return
    values = [None] if reply is UNKNOWN else reply if isinstance(reply, list) else [reply]
    yield from (taken(command[1], value) for value in values)


def popped_waiting(command: Command, reply: object) -> Iterator[Said]:
    """BLPOP and BRPOP: the key, and its element."""
    if reply is UNKNOWN:
        yield from (taken(key, None, waits=True) for key in places_of(command))
    elif reply is not None:
        key, value = listed(reply)
        yield taken(key, value)


def popped_of_several(command: Command, reply: object) -> Iterator[Said]:
    """LMPOP and ZMPOP: the key, and its elements, of a sorted set with their scores."""
    if reply is UNKNOWN:
        yield from (taken(key, None) for key in places_of(command))
    elif reply is not None:
        key, values = listed(reply)
        for value in listed(values):
            yield taken(key, value[0] if isinstance(value, list) else value)


def popped_by_score(command: Command, reply: object) -> Iterator[Said]:
    """ZPOPMIN and ZPOPMAX: members and scores, flat (RESP2) or in pairs (RESP3)."""
    if reply is UNKNOWN:
        yield taken(command[1], None)
        return
    values = listed(reply)
    members = [value[0] for value in values] if values and isinstance(values[0], list) else values[::2]
    yield from (taken(command[1], member) for member in members)


def popped_by_score_waiting(command: Command, reply: object) -> Iterator[Said]:
    """BZPOPMIN and BZPOPMAX: key, member, score."""
    if reply is UNKNOWN:
        yield from (taken(key, None, waits=True) for key in places_of(command))
    elif reply is not None:
        key, member, *_ = listed(reply)
        yield taken(key, member)


def moved(command: Command, reply: object) -> Iterator[Said]:
    if reply is None:
        return
    value = None if reply is UNKNOWN else reply
    yield taken(command[1], value, into=text(command[2]))


def moved_member(command: Command, reply: object) -> Iterator[Said]:
    """SMOVE."""
    if reply is UNKNOWN or count(reply):
        yield put(command[2], command[3])
        yield from removed(command[1], [command[3]], reply)


def removed_from_list(command: Command, reply: object) -> Iterator[Said]:
    yield from removed(command[1], command[3:4], reply)


def removed_members(command: Command, reply: object) -> Iterator[Said]:
    yield from removed(command[1], command[2:], reply)


def removed(key: object, values: Iterable[object], reply: object) -> Iterator[Said]:
    """An event for each that was removed; where Redis did less than it was asked, which it did isn't told."""
    names = list(dict.fromkeys(map(raw, values)))
    done = None if reply is UNKNOWN else count(reply)
    if done == 0:
        return
    for name in names:
        said: Said = {"what": "removed", "stream": text(key), "value": name}
        if done is None or done < len(names):
            said["perhaps"] = True
        yield said


def scored(command: Command, reply: object) -> Iterator[Said]:
    """ZADD; a member that stands there already only gets another score, which with NX, GT, LT or INCR isn't known."""
    at = 2
    while at < len(command) and command[at].upper() in (b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR"):
        at += 1
    options = {word.upper() for word in command[2:at]}
    members = list(zip(command[at::2], command[at + 1 :: 2], strict=False))
    perhaps = reply is UNKNOWN or reply is None or (isinstance(reply, int) and reply < len(members))
    for score, member in members:
        more = {"score": text(score)} if options <= {b"XX", b"CH"} else {}
        if b"XX" in options:
            yield {"what": "scored", "stream": text(command[1]), "value": raw(member), **more}
        else:
            yield put(command[1], member, **more, **({"perhaps": True} if perhaps else {}))


def swept(command: Command, reply: object) -> Iterator[Said]:
    """ZREMRANGEBYSCORE: how many went, and the scores between which; not which members had them."""
    if reply is UNKNOWN:
        yield {"what": "unread", "command": text(name_of(command)), "stream": text(command[1])}
    elif count(reply):
        between = {"low": text(command[2]), "high": text(command[3])}
        yield {"what": "swept", "stream": text(command[1]), "counted": count(reply), **between}


def scored_on(command: Command, reply: object) -> Iterator[Said]:  # noqa: ARG001 - reason: as all others
    """ZINCRBY: a member that wasn't there is now."""
    yield put(command[1], command[3], perhaps=True)


def members_added(command: Command, reply: object) -> Iterator[Said]:
    if reply is UNKNOWN or count(reply):
        yield from (put(command[1], member) for member in command[2:])


def popped_member(command: Command, reply: object) -> Iterator[Said]:
    """SPOP: a member, or with a count a list of them."""
    if reply is None:
        return
    counted = len(command) > 2
    values = [None] if reply is UNKNOWN else listed(reply) if counted else [reply]
    yield from (taken(command[1], value) for value in values)


def fields_set(command: Command, reply: object) -> Iterator[Said]:
    """HSET, HMSET and HSETNX."""
    if name_of(command) == b"HSETNX" and reply == 0:
        return
    yield from (put(command[1], *pair) for pair in zip(command[2::2], command[3::2], strict=False))


def text_set(command: Command, reply: object) -> Iterator[Said]:
    """SET and its kin: one value under a key of its own."""
    name = name_of(command)
    if reply is None or reply == 0:
        return  # NX, and it was there
    yield put(command[1], "", command[3] if name in (b"SETEX", b"PSETEX") else command[2])


def cleared(command: Command, reply: object) -> Iterator[Said]:
    """DEL and UNLINK: all that stood there."""
    if reply is UNKNOWN or count(reply):
        yield from ({"what": "cleared", "stream": text(key)} for key in command[1:])


def published(command: Command, reply: object) -> Iterator[Said]:
    receivers = {} if reply is UNKNOWN else {"receivers": count(reply)}
    yield put(command[1], command[2], **receivers)


def listed(reply: object) -> list[Any]:
    if isinstance(reply, set):
        return list(reply)
    if not isinstance(reply, list):
        raise TypeError(f"an answer that is no list: {text(reply)[:40]!r}")
    return reply


MEANING: Final[dict[bytes, Meaning]] = {
    **dict.fromkeys((b"LPUSH", b"RPUSH", b"LPUSHX", b"RPUSHX"), pushed),
    **dict.fromkeys((b"LPOP", b"RPOP"), popped),
    **dict.fromkeys((b"BLPOP", b"BRPOP"), popped_waiting),
    **dict.fromkeys((b"LMPOP", b"BLMPOP", b"ZMPOP", b"BZMPOP"), popped_of_several),
    **dict.fromkeys((b"LMOVE", b"BLMOVE", b"RPOPLPUSH", b"BRPOPLPUSH"), moved),
    b"LREM": removed_from_list,
    b"ZADD": scored,
    b"ZINCRBY": scored_on,
    b"ZREMRANGEBYSCORE": swept,
    **dict.fromkeys((b"ZPOPMIN", b"ZPOPMAX"), popped_by_score),
    **dict.fromkeys((b"BZPOPMIN", b"BZPOPMAX"), popped_by_score_waiting),
    **dict.fromkeys((b"ZREM", b"SREM", b"HDEL"), removed_members),
    b"SADD": members_added,
    b"SPOP": popped_member,
    b"SMOVE": moved_member,
    **dict.fromkeys((b"HSET", b"HMSET", b"HSETNX"), fields_set),
    **dict.fromkeys((b"SET", b"SETEX", b"PSETEX", b"SETNX"), text_set),
    **dict.fromkeys((b"DEL", b"UNLINK"), cleared),
    b"PUBLISH": published,
}
"""The commands that are read, each with what its reply shows."""
ASIDE: Final = frozenset({b"LPUSH", b"RPUSH", b"ZADD", b"PUBLISH"})
"""By these an entry might be put on a queue that the profile doesn't name."""
BLOCKING: Final = frozenset(b"BLPOP BRPOP BLMPOP BLMOVE BRPOPLPUSH BZPOPMIN BZPOPMAX BZMPOP".split())
"""These wait for an element: Redis answers before it gives one away."""
