"""What Redis' errors mean where it is asked: refused, of another type, and absent are three answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from redis.exceptions import NoPermissionError, ResponseError

from harness.errors import ProfileError


def refused(error: Exception) -> bool:
    """Whether the Redis user may not ask that."""
    return isinstance(error, NoPermissionError) or "NOPERM" in str(error)


def absent(error: Exception) -> bool:
    """Whether the stream, or its group, doesn't exist."""
    return isinstance(error, ResponseError) and ("no such key" in str(error).lower() or "NOGROUP" in str(error))


def wrong_type(error: Exception) -> bool:
    """Whether the key holds something else than a stream."""
    return isinstance(error, ResponseError) and "WRONGTYPE" in str(error)


def no_stream(stream: str, kind: str) -> str:
    """What is said of a key that holds something else."""
    return (
        f"[queue] streams: {stream} is a {kind or 'key of another type'}, not a stream; name the stream that the "
        "worker reads, or remove that key"
    )


def grant(command: str, stream: str = "") -> str:
    """The permission that would let Redis answer; `command` as ACL rules write it, `xinfo|stream`."""
    keys = f" ~{stream}" if stream else ""
    return f"grant the Redis user of [queue] url +{command}{keys} (ACL SETUSER)"


def address(url: str) -> str:
    """Where a Redis URL leads, without its password."""
    parts = urlsplit(url)
    return parts.path if parts.scheme == "unix" else parts.netloc.rpartition("@")[2]


def client(kind: Any, url: str, **more: Any) -> Any:
    """A client of redis-py for any URL that it knows; raises ProfileError for another.

    What a URL says of time-outs and decoding would change what we read, so it doesn't count.
    """
    try:
        made = kind.from_url(url, **more)
    except (ValueError, TypeError) as error:
        raise ProfileError(f"[queue] url is no URL of a Redis: {error}; write redis://HOST:PORT/0") from error
    made.connection_pool.connection_kwargs.update(more)
    return made
