"""What a command reaches of a watched stream in a way that isn't read as an event.

Three small tables: commands that are read, commands that change nothing, and single-key commands of other types, in
which only the first word is a key. Whatever is in none of them and names a watched stream in any word, or works on a
whole database, may have changed it unseen.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.wire.commands import MEANING, Command, Said, name_of, text

READ = frozenset(MEANING)
HARMLESS = frozenset(
    b"""XLEN XINFO XRANGE XREVRANGE XPENDING TYPE EXISTS TTL PTTL EXPIRETIME PEXPIRETIME PERSIST OBJECT MEMORY DUMP
    TOUCH WATCH UNWATCH KEYS SCAN RANDOMKEY DBSIZE PING ECHO AUTH HELLO SELECT QUIT RESET READONLY READWRITE
    ASKING CLIENT ACL COMMAND CONFIG INFO LATENCY SLOWLOG LOLWUT TIME ROLE WAIT WAITAOF PUBLISH SPUBLISH PUBSUB
    SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MULTI EXEC DISCARD MONITOR SCRIPT
    SORT_RO EVAL_RO EVALSHA_RO FCALL_RO GET STRLEN GETRANGE SUBSTR MGET SAVE BGSAVE BGREWRITEAOF LASTSAVE""".split()
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
NONE_IS_NOTHING = LATER | {b"DEL", b"UNLINK", b"MOVE", b"COPY", b"RENAMENX", b"XGROUP"}
"""Whose answer 0 says that nothing was changed."""
NOT_RUN = ("NOSCRIPT", "NOPERM", "NOAUTH", "LOADING", "BUSY", "ERR Error compiling", "READONLY", "MASTERDOWN")
"""The refusals by which a script has not even begun; after any other error it may have done a part."""
BY_WHOM = "let each command on the stream be sent by the process itself, not by a script"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What belongs to the stack: its streams, the workers' group (None: read without one), its database's number."""

    streams: frozenset[bytes]
    group: bytes | None = None
    database: int = 0

    def named_in(self, words: Command) -> bytes | None:
        return next((word for word in words if word in self.streams), None)


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
        return {**unread(command, None), "remedy": BY_WHOM} if scripts else None
    stream = watched.named_in(command[1:2] if name in FIRST_WORD else command[1:])
    if stream is None or name in READ or (name == b"XGROUP" and not group_lost(command, watched)):
        return None
    return unread(command, stream)


def unread(command: Command, stream: bytes | None) -> Said:
    name = name_of(command)
    said: Said = {"what": "unread", "command": text(name), "stream": text(stream) if stream else None}
    if name == b"XGROUP" and len(command) > 1:
        said["command"] += " " + text(command[1].upper())
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
