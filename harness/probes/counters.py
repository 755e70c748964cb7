"""Redis' own counters of the streams: an independent witness of what the wire or MONITOR saw."""

from __future__ import annotations

import contextlib
from typing import Any

import redis

from harness.errors import Inconclusive
from harness.history import Event, History
from harness.profile import Queue


class Counters:
    """Asks Redis for lengths, pending entries and lag; each look is an event."""

    def __init__(self, history: History, profile: Queue, *, url: str) -> None:
        self._history = history
        self._queue = profile
        self._redis: Any = redis.Redis.from_url(url, socket_timeout=10, decode_responses=True)

    def count(self, stream: str) -> Event:
        """Records length, pending and lag of a stream now; raises Inconclusive when Redis can't be asked."""
        try:
            data: dict[str, Any] = {"stream": stream, "length": self._redis.xlen(stream)}
            if self._queue.group is not None:
                data |= self._group(stream)
        except redis.RedisError as error:
            raise Inconclusive(f"Redis can't be asked for its counters: {error}") from error
        return self._history.append("queue.counted", source="counters", data=data)

    def _group(self, stream: str) -> dict[str, Any]:
        try:
            groups = self._redis.xinfo_groups(stream)
        except redis.ResponseError:  # the stream doesn't exist, so neither does a group
            return {"pending": 0, "lag": 0, "consumers": 0}
        for group in groups:
            if group["name"] == self._queue.group:
                return {"pending": group["pending"], "lag": group.get("lag"), "consumers": group["consumers"]}
        return {"pending": 0, "lag": None, "consumers": 0}

    def look(self, stream: str, ids: list[str]) -> Event:
        """Records of single entries whether they stand on a stream, and whether they are pending."""
        entries = {}
        for one in ids:
            pending = None
            if self._queue.group is not None:
                with contextlib.suppress(redis.ResponseError):
                    pending = bool(self._redis.xpending_range(stream, self._queue.group, one, one, 1))
            entries[one] = {"present": bool(self._redis.xrange(stream, one, one)), "pending": pending}
        return self._history.append("queue.counted", source="counters", data={"stream": stream, "entries": entries})

    def entries(self, stream: str) -> list[tuple[str, dict[str, str]]]:
        """The entries that stand on a stream now."""
        try:
            found: list[tuple[str, dict[str, str]]] = self._redis.xrange(stream)
        except redis.RedisError as error:
            raise Inconclusive(f"Redis can't be asked for the entries of {stream}: {error}") from error
        return found

    def close(self) -> None:
        self._redis.close()
