"""What a command reaches of a watched queue in a way that isn't read as an event.

Three small tables: commands that are read, commands that change nothing, and single-key commands of other types, in
which only the first word is a key. Whatever is in none of them and names a watched stream in any word, or works on a
whole database, may have changed it unseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.wire import places
from harness.wire.commands import MEANING, Command, Said, aside, events_of, name_of, streams_of, text

READ = frozenset(MEANING)
PLACED = frozenset(places.MEANING)
HARMLESS = frozenset(
    b"""XLEN XINFO XRANGE XREVRANGE XPENDING TYPE EXISTS TTL PTTL EXPIRETIME PEXPIRETIME PERSIST OBJECT MEMORY DUMP
    TOUCH WATCH UNWATCH KEYS SCAN RANDOMKEY DBSIZE PING ECHO AUTH HELLO SELECT QUIT RESET READONLY READWRITE
    ASKING CLIENT ACL COMMAND CONFIG INFO LATENCY SLOWLOG LOLWUT TIME ROLE WAIT WAITAOF PUBLISH SPUBLISH PUBSUB
    SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MULTI EXEC DISCARD MONITOR SCRIPT
    SORT_RO EVAL_RO EVALSHA_RO FCALL_RO GET STRLEN GETRANGE SUBSTR MGET SAVE BGSAVE BGREWRITEAOF LASTSAVE
    LLEN LRANGE LINDEX LPOS SCARD SISMEMBER SMISMEMBER SMEMBERS SRANDMEMBER SSCAN HGET HMGET HGETALL HEXISTS HKEYS
    HLEN HSCAN HSTRLEN HVALS HRANDFIELD ZCARD ZCOUNT ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX
    ZRANK ZREVRANK ZSCORE ZMSCORE ZSCAN SINTER SUNION SDIFF ZINTER ZUNION ZDIFF""".split()
)
FIRST_WORD = frozenset(
    b"""SET SETNX SETEX PSETEX SETRANGE APPEND INCR INCRBY INCRBYFLOAT DECR DECRBY GETSET GETDEL GETEX SETBIT GETBIT
    BITCOUNT BITFIELD BITPOS LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP LREM LSET LINSERT LTRIM LRANGE LLEN LINDEX LPOS
    SADD SREM SPOP SCARD SISMEMBER SMISMEMBER SMEMBERS SRANDMEMBER SSCAN HSET HSETNX HMSET HGET HMGET HGETALL
    HDEL HEXISTS HINCRBY HINCRBYFLOAT HKEYS HLEN HSCAN HSTRLEN HVALS HRANDFIELD ZADD ZREM ZINCRBY ZCARD ZCOUNT
    ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX ZRANK ZREVRANK ZSCORE ZMSCORE ZSCAN ZPOPMIN
    ZPOPMAX ZREMRANGEBYSCORE ZREMRANGEBYRANK ZREMRANGEBYLEX PFADD GEOADD""".split()
)
EVERYTHING = frozenset(b"FLUSHALL SWAPDB REPLICAOF SLAVEOF DEBUG".split())
DATABASE = frozenset({b"FLUSHDB"})
SCRIPTS = frozenset({b"EVAL", b"EVALSHA", b"FCALL"})
ELSEWHERE = frozenset({b"MOVE", b"COPY"})
"""These name a database of their own, into which they write."""
LATER = frozenset({b"EXPIRE", b"PEXPIRE", b"EXPIREAT", b"PEXPIREAT"})
NONE_IS_NOTHING = LATER | frozenset(
    b"DEL UNLINK MOVE COPY RENAMENX XGROUP ZREMRANGEBYSCORE ZREMRANGEBYRANK ZREMRANGEBYLEX".split()
)
"""Whose answer 0 says that nothing was changed."""
NOT_RUN = ("NOSCRIPT", "NOPERM", "NOAUTH", "LOADING", "BUSY", "ERR Error compiling", "READONLY", "MASTERDOWN")
"""The refusals by which a script has not even begun; after any other error it may have done a part."""
SHORTEST = 3
"""Words of a command that puts something somewhere."""
BY_WHOM = "let each command on the stream be sent by the process itself, not by a script"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What belongs to the stack: its streams, the workers' group (None: read without one), its database's number.

    `base` is what a queue is to Redis: `streams` are such keys then. `beside` are patterns of the keys where entries
    stand while they are worked on, `payloads` of what entries point to. `scripts`: somebody else sees what scripts do.
    """

    streams: frozenset[bytes]
    group: bytes | None = None
    database: int = 0
    base: str = "stream"
    beside: tuple[bytes, ...] = ()
    payloads: tuple[bytes, ...] = ()
    scripts: bool = False

    def named_in(self, words: Command) -> bytes | None:
        return next((word for word in words if word in self.streams), None)

    def placed_in(self, words: Command, *, payloads: bool = True) -> bytes | None:
        """The first of some keys that is watched, as a queue or beside it."""
        patterns = (*self.beside, *self.payloads) if payloads else self.beside
        if not patterns:
            return self.named_in(words)
        for word in words:
            if word in self.streams or any(places.fits(pattern, word) for pattern in patterns):
                return word
        return None

    def reads(self, name: bytes) -> bool:
        """Whether a command of that name is read on such a queue."""
        return name in (READ if self.base == "stream" else PLACED)

    def concern(self, command: Command) -> bytes | None:
        """The watched key that a command which is read works on."""
        if self.base == "stream":
            return self.named_in(streams_of(command))
        return self.placed_in(places.places_of(command))

    def meaning(self, command: Command, reply: object) -> Iterator[Said]:
        """What a command that is read, and its reply, show of what is watched."""
        if self.base == "stream":
            for said in events_of(command, reply):
                if ("stream" not in said) or said["stream"].encode("utf-8", "replace") in self.streams:
                    yield said
            return
        for said in places.meaning_of(command, reply):
            if self.placed_in([said["stream"].encode(), *([said["into"].encode()] if "into" in said else [])]):
                yield said

    def aside(self, command: Command) -> Said | None:
        """What a command puts where an entry might be, and where nobody looks for one; None for any other."""
        name = name_of(command)
        if len(command) < SHORTEST:
            return None
        if self.base == "stream":
            return aside(command) if name == b"XADD" else None
        return places.aside(command) if name in places.ASIDE else None

    def payload(self, command: Command, reply: object) -> Iterator[Said]:
        """What a command that isn't read otherwise writes of what entries of a stream point to."""
        if name_of(command) in PLACED and any(places.fits(one, word) for one in self.payloads for word in command[1:2]):
            yield from (said for said in places.meaning_of(command, reply) if "content" in said)


def watched_of(request: Mapping[str, Any]) -> Watched:
    """What is watched, as the harness says it to the wire."""
    group = request.get("group")
    streams = frozenset(str(stream).encode() for stream in request["streams"])
    return Watched(
        streams=streams,
        group=str(group).encode() if group else None,
        database=int(request["database"]),
        base=str(request.get("base") or "stream"),
        beside=tuple(str(pattern).encode() for pattern in request.get("beside") or ()),
        payloads=tuple(str(pattern).encode() for pattern in request.get("payloads") or ()),
        scripts=bool(request.get("scripts")),
    )


def reaches(command: Command, watched: Watched, *, here: int, scripts: bool = True) -> Said | None:
    """What a command that isn't read may have changed of the watched streams; None where it can't have.

    `here` is the number of the database that its connection uses; `scripts=False` where a script's own commands are
    seen too.
    """
    name = name_of(command)
    if name in EVERYTHING:
        if name == b"SWAPDB" and str(watched.database).encode() not in command[1:3]:
            return None
        if name == b"DEBUG" and command[1:2] and command[1].upper() in (b"SLEEP", b"OBJECT", b"JMAP", b"LISTPACK"):
            return None
        return unread(command, None)
    if name in ELSEWHERE and here != watched.database:
        into = command[2:3] if name == b"MOVE" else after(command, b"DB")
        named = watched.named_in(command[1:3])
        return unread(command, named) if named and into == [str(watched.database).encode()] else None
    if here != watched.database or name in HARMLESS:
        return None
    if name in DATABASE:
        return unread(command, None)
    if name in SCRIPTS:
        seen = watched.scripts or not scripts
        return None if seen else {**unread(command, None), "remedy": BY_WHOM}
    words = command[1:2] if name in FIRST_WORD else command[1:]
    # where entries stand while they are worked on may go of itself: a lock that nobody renews
    stream = watched.named_in(words) if name in LATER else watched.placed_in(words, payloads=False)
    if stream is None or watched.reads(name) or (name == b"XGROUP" and not group_lost(command, watched)):
        return None
    return unread(command, stream)


def unread(command: Command, stream: bytes | None) -> Said:
    name = name_of(command)
    said: Said = {"what": "unread", "command": text(name), "stream": text(stream) if stream else None}
    if name == b"XGROUP" and len(command) > 1:
        said["command"] += " " + text(command[1].upper())
        if command[1].upper() == b"DELCONSUMER" and len(command) > 4:
            said |= {"group": text(command[3]), "consumer": text(command[4])}
    if name in LATER:
        said["lasting"] = True  # it will be gone at a time of which Redis tells nobody
    return said


def group_lost(command: Command, watched: Watched) -> bool:
    """Whether an XGROUP takes something away from the workers' group."""
    if len(command) < 4 or command[1].upper() not in (b"DESTROY", b"SETID", b"DELCONSUMER"):
        return False
    return watched.group is None or command[3] == watched.group


def after(command: Command, word: bytes) -> Command:
    places = [place for place, part in enumerate(command) if part.upper() == word]
    return command[places[-1] + 1 : places[-1] + 2] if places else []


def changed(command: Command, reply: object) -> bool:
    """Whether Redis' answer leaves it open that a command changed something."""
    name = name_of(command)
    if isinstance(reply, Exception):
        return name in SCRIPTS and not str(reply).startswith(NOT_RUN)
    return not (reply in (0, None) and name in NONE_IS_NOTHING)
