"""The XREAD tail of the streams: every entry's id and fields, and Redis' own count of what the tail can't have read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import ResponseError

from harness.errors import ProfileError
from harness.probes.asked import absent, no_stream, refused, wrong_type
from harness.wire.commands import raw, text

BEHIND = 0.5
"""Seconds in which the tail reads what is there."""


@dataclass(kw_only=True)
class State:
    """A stream at one moment, as Redis tells it; None for what it doesn't."""

    last: str = "0-0"
    """The last id that was given; where that is refused, the id of the newest entry."""
    newest: str = "0-0"
    """The id of the newest entry that stands on it."""
    added: int | None = 0
    """How many entries were ever added; Redis 6.2 doesn't count them."""
    length: int | None = 0
    clock: str = "0-0"
    """The highest id that Redis' clock allowed just before; asked where the last one is refused."""
    refused: str = ""
    absent: bool = False
    """Whether there is no such key."""

    @property
    def end(self) -> str:
        """The id up to which all that was added before is known."""
        return max(self.last, self.clock, key=order)


@dataclass
class Read:
    """What the tail has read of a stream, since `begin`."""

    begin: State
    last: str
    counted: int = 0
    fresh: list[str] = field(default_factory=list)

    def count_until(self, end: str) -> int:
        """How many entries were read up to an id."""
        old = [entry for entry in self.fresh if order(entry) <= order(end)]
        self.fresh = [entry for entry in self.fresh if order(entry) > order(end)]
        self.counted += len(old)
        return self.counted


class Tail:
    """Reads the streams that it may read; `on_entry` gets stream, id and fields of each entry as it comes."""

    def __init__(self, redis: Any, streams: list[str], *, on_entry: Callable[[str, str, dict[str, str]], None]) -> None:
        self._redis = redis
        self._names = streams
        self._on_entry = on_entry
        self._moved = asyncio.Condition()
        self.streams: dict[str, Read] = {}
        self.refused: dict[str, str] = {}
        """The streams that can't be read, with Redis' reason."""

    async def start(self) -> None:
        """Notes where each stream ends now; raises ProfileError for one that is none, RedisError without Redis."""
        for stream in self._names:
            state = await self.state(stream)
            read = Read(state, state.last)
            try:
                await self._redis.xread({stream: read.last}, count=1)
            except ResponseError as error:
                if wrong_type(error):
                    raise ProfileError(no_stream(stream, await self._type(stream))) from error
                if not refused(error):
                    raise
                self.refused[stream] = str(error)
                continue
            self.streams[stream] = read

    async def state(self, stream: str) -> State:
        """A stream as it is now; raises ProfileError where it is none, RedisError when Redis can't be asked."""
        try:
            info = await self._redis.xinfo_stream(stream)
        except ResponseError as error:
            if absent(error):
                return State(absent=True)
            if wrong_type(error):
                raise ProfileError(no_stream(stream, await self._type(stream))) from error
            if not refused(error):
                raise
            return await self._state_by_reading(stream, str(error))
        newest = info["last-entry"][0] if info.get("last-entry") else "0-0"
        return State(
            last=text(info["last-generated-id"]),
            newest=text(newest),
            added=int(info["entries-added"]) if "entries-added" in info else None,
            length=int(info["length"]),
        )

    async def _state_by_reading(self, stream: str, why: str) -> State:
        clock = await self._clock()
        try:
            newest = await self._redis.xrevrange(stream, count=1)
        except ResponseError as error:
            if wrong_type(error):
                raise ProfileError(no_stream(stream, await self._type(stream))) from error
            if not refused(error):
                raise
            # from here on: what came before the first read isn't told apart from what comes after
            return State(last="$", added=None, length=None, refused=why)
        last = text(newest[0][0]) if newest else "0-0"
        return State(last=last, newest=last, added=None, length=None if newest else 0, clock=clock, refused=why)

    async def _clock(self) -> str:
        try:
            seconds, microseconds = await self._redis.time()
        except ResponseError:
            return "0-0"
        return f"{int(seconds) * 1000 + int(microseconds) // 1000}-{(1 << 64) - 1}"

    async def _type(self, stream: str) -> str:
        try:
            return text(await self._redis.type(stream))
        except ResponseError:
            return ""

    async def read(self) -> None:
        """Waits for new entries and hands them on; raises RedisError when the connection is lost."""
        answer = await self._redis.xread({name: read.last for name, read in self.streams.items()}, block=0)
        for stream, entries in answer.items() if isinstance(answer, dict) else answer:
            rows = entries[0] if isinstance(answer, dict) else entries
            for entry, fields in rows:
                self._read(text(stream), text(entry), {raw(k): raw(v) for k, v in fields.items()})
        async with self._moved:
            self._moved.notify_all()

    def _read(self, stream: str, entry: str, fields: dict[str, str]) -> None:
        read = self.streams[stream]
        read.last = entry
        read.fresh.append(entry)
        self._on_entry(stream, entry, fields)

    async def reach(self, stream: str, newest: str) -> bool:
        """Waits until the tail has read up to an entry that stands there; False when it doesn't come to it."""
        read = self.streams[stream]
        try:
            async with asyncio.timeout(BEHIND), self._moved:
                await self._moved.wait_for(lambda: order(read.last) >= order(newest))
        except TimeoutError:
            return False
        return True


def order(entry: str) -> tuple[int, int]:
    """An id as numbers, in Redis' order; "$" comes last."""
    if entry == "$":
        return (1 << 64, 0)
    time, _, serial = entry.partition("-")
    return int(time), int(serial or 0)
