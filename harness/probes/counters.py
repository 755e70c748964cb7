"""Redis' own counters of the streams: an independent witness of what the wire or MONITOR saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import redis

from harness.errors import Inconclusive
from harness.history import Event, History
from harness.probes.asked import absent, client, grant, no_stream, refused, wrong_type
from harness.probes.probe import gap
from harness.profile import Queue


class Counters:
    """Asks Redis for lengths, pending entries and lag, or for single entries; each look is an event.

    What the Redis user may not ask is None, never 0, and `refused` in the event says why.
    """

    # what others put into entries may be no text
    DECODING: Mapping[str, Any] = {"decode_responses": True, "encoding_errors": "replace"}

    def __init__(self, history: History, profile: Queue, *, url: str) -> None:
        self._history = history
        self._queue = profile
        self._redis: Any = client(redis.Redis, url, socket_timeout=10, **self.DECODING)
        self._told: set[str] = set()

    def count(self, stream: str) -> Event:
        """Records length, pending, lag and consumers of a stream now; raises Inconclusive when Redis can't be asked.

        Without [queue] group, the length alone.
        """
        no: dict[str, str] = {}
        length = self._ask("xlen", stream, no, lambda: self._redis.xlen(stream), absent_is=0)
        data: dict[str, Any] = {"stream": stream, "length": length}
        if self._queue.group_on(stream) is not None:
            data |= self._group(stream, no)
        return self._counted(data, no)

    def _group(self, stream: str, no: dict[str, str]) -> dict[str, Any]:
        own = self._queue.group_on(stream)
        groups = self._ask("xinfo|groups", stream, no, lambda: self._redis.xinfo_groups(stream), absent_is=[])
        if groups is None:
            said = self._ask("xpending", stream, no, lambda: self._redis.xpending(stream, own), absent_is={})
            pending = None if said is None else said.get("pending", 0)
            return {"pending": pending, "lag": None, "consumers": None}
        for group in groups:
            if group["name"] == own:
                return {"pending": group["pending"], "lag": group.get("lag"), "consumers": group["consumers"]}
        # without a stream nothing waits; with one and no group, nobody counts what does
        return {"pending": 0, "lag": None if groups or self._exists(stream) else 0, "consumers": 0}

    def _exists(self, stream: str) -> bool:
        return bool(self._ask("exists", stream, {}, lambda: self._redis.exists(stream), absent_is=0))

    def look(self, stream: str, ids: Sequence[str]) -> Event:
        """Records of single entries whether they stand on a stream, and whether the group has them pending.

        `data["entries"]` is {id: {"present": bool or None, "pending": bool or None}}; None where that is refused, and
        for `pending` without [queue] group. Raises Inconclusive when Redis can't be asked.
        """
        group, no = self._queue.group_on(stream), dict[str, str]()
        with self._redis.pipeline(transaction=False) as pipeline:
            for entry in ids:
                pipeline.xrange(stream, entry, entry, count=1)
                if group is not None:
                    pipeline.xpending_range(stream, group, entry, entry, 1)
            answers = iter(self._asked(stream, lambda: pipeline.execute(raise_on_error=False)) if ids else ())
        entries = {}
        for entry in ids:
            present = self._seen("xrange", stream, no, next(answers))
            pending = self._seen("xpending", stream, no, next(answers)) if group is not None else None
            entries[entry] = {"present": present, "pending": pending}
        if "xpending" in no and self._group(stream, no)["pending"] == 0:
            entries = {entry: {**said, "pending": False} for entry, said in entries.items()}
        return self._counted({"stream": stream, "entries": entries}, no)

    def _seen(self, command: str, stream: str, no: dict[str, str], answer: Any) -> bool | None:
        def said() -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        found = self._ask(command, stream, no, said, absent_is=[])
        return None if found is None else bool(found)

    def _counted(self, data: dict[str, Any], no: dict[str, str]) -> Event:
        if no:
            data["refused"] = no
        return self._history.append("queue.counted", source="counters", data=data)

    def _ask(
        self, command: str, stream: str, no: dict[str, str], ask: Callable[[], Any], *, absent_is: Any
    ) -> Any | None:
        """Redis' answer; `absent_is` where there is nothing to answer for, None where it is refused, noted in `no`."""
        try:
            return self._asked(stream, ask)
        except redis.ResponseError as error:
            if absent(error):
                return absent_is
            no[command] = str(error)
            if command not in self._told:
                self._told.add(command)
                reason = f"{command.replace('|', ' ').upper()} is refused ({error})"
                remedy = grant(command, stream)
                gap(
                    self._history,
                    "counters",
                    reason,
                    kinds=["queue.counted"],
                    lasting=True,
                    remedy=remedy,
                    refused=command,
                )
            return None

    def _asked(self, stream: str, ask: Callable[[], Any]) -> Any:
        """What `ask` answers; raises ResponseError where that is refused or absent, Inconclusive for all else."""
        try:
            return ask()
        except redis.RedisError as error:
            if absent(error) or refused(error):
                raise
            if wrong_type(error):
                raise Inconclusive(no_stream(stream, "")) from error
            raise Inconclusive(f"Redis can't be asked for its counters: {error}") from error

    def entries(self, stream: str) -> list[tuple[str, dict[str, str]]]:
        """The entries that stand on a stream now; raises Inconclusive when Redis can't be asked, or refuses."""
        try:
            found: list[tuple[str, dict[str, str]]] = self._redis.xrange(stream)
        except redis.RedisError as error:
            advice = f"; {grant('xrange', stream)}" if refused(error) else ""
            why = no_stream(stream, "") if wrong_type(error) else f"{error}{advice}"
            raise Inconclusive(f"Redis can't be asked for the entries of {stream}: {why}") from error
        return found

    def close(self) -> None:
        self._redis.close()
