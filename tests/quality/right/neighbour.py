"""Somebody else at the stack's Redis: `python -m tests.quality.right.neighbour user|audit|audit-here|dashboard`.

`user` writes streams of its own, streams of the same names in another database, and keeps entries; `audit` is a second
consumer group that reads and acknowledges what is on the stack's streams, from a connection of its own or,
`audit-here`, by the process's own way to Redis. `dashboard` looks at everything by that way, and changes nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import Any

import redis

STREAMS = ("message_queue:sms", "message_queue:mms", "message_queue:email")
OWN = "neighbours:events"
GROUP = "audit"
EVERY_MS = 20
MOST = 5000


def around() -> redis.Redis:
    """A connection to the server itself, past whatever stands between it and the stack's processes."""
    here = through()
    port = int(here.config_get("port")["port"])
    return redis.Redis(host=os.environ["REDIS_HOST"], port=port, decode_responses=True)


def through() -> redis.Redis:
    return redis.Redis(host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]), decode_responses=True)


def user() -> None:
    """Reads with a limit instead of resting, on a stream that nobody writes."""
    own = around()
    for number in range(3):
        own.xadd("message_queue:dead", {"data": "{}", "reason": "somebody else's", "number": str(number)})
    other = redis.Redis(**{**own.connection_pool.connection_kwargs, "db": 1})
    for stream in STREAMS:
        with contextlib.suppress(redis.ResponseError):
            other.xgroup_create(stream, "workers", id="0", mkstream=True)
    for number in range(MOST):
        own.xadd(OWN, {"data": '{"message_id": "not one of yours"}', "number": str(number)}, maxlen=100)
        for stream in STREAMS:
            entry = other.xadd(stream, {"data": '{"message_id": "another database"}'})
            other.xreadgroup("workers", "worker-1", {stream: ">"}, count=1)
            if number % 3:  # some stay pending, for ever
                other.xack(stream, "workers", entry)
                other.xdel(stream, entry)
        own.xread({"neighbours:silence": "$"}, block=EVERY_MS)


def audit(connection: redis.Redis) -> None:
    for stream in STREAMS:
        with contextlib.suppress(redis.ResponseError):
            connection.xgroup_create(stream, GROUP, id="0", mkstream=True)
    while True:
        answer: Any = connection.xreadgroup(GROUP, "auditor", dict.fromkeys(STREAMS, ">"), count=50, block=1000)
        for stream, entries in answer or []:
            connection.xack(stream, GROUP, *(entry for entry, _ in entries))


def dashboard() -> None:
    connection = through()
    while True:
        for stream in STREAMS:
            connection.xlen(stream)
            for entry, _ in connection.xrevrange(stream, count=3):
                connection.xrange(stream, entry, entry)
            if connection.exists(stream):
                connection.xinfo_stream(stream)
                for group in connection.xinfo_groups(stream):
                    connection.xinfo_consumers(stream, group["name"])
                    connection.xpending(stream, group["name"])
                    connection.xpending_range(stream, group["name"], "-", "+", 5)
            connection.type(stream)
            connection.memory_usage(stream)
        connection.xread(dict.fromkeys(STREAMS, "0"), count=2)
        connection.xread({"neighbours:silence": "$"}, block=EVERY_MS)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    match sys.argv[1]:
        case "user":
            user()
        case "audit":
            audit(around())
        case "audit-here":
            audit(through())
        case "dashboard":
            dashboard()
