"""What waits on the queue, sampled, and what each process costs meanwhile."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import psutil
import redis

from harness.errors import Inconclusive
from harness.history import History
from harness.probes.counters import Counters
from harness.profile import Queue

PERIOD = 0.5
"""Seconds between samples."""
Sample = dict[str, Any]


UNKNOWN: Sample = {"length": None, "lag": None, "pending": None, "oldest_s": None}
"""A look at a queue that nobody can read."""


class Unread:
    """Stands where no backlog can be read; `why` and `remedy` say what keeps it from that."""

    def __init__(self, history: History, *, why: str, remedy: str = "") -> None:
        self._history = history
        self.why = why
        self.remedy = remedy

    def look(self) -> Sample:
        """Nothing is known; who waits for a look is told that there was one."""
        self._history.wake()
        return dict(UNKNOWN)

    def close(self) -> None:
        pass


class Backlog:
    """Asks Redis for length, lag, pending entries and, of streams, the age of the oldest; each look is an event too."""

    def __init__(self, history: History, queue: Queue, *, counters: Counters, url: str) -> None:
        self._history = history
        self._queue = queue
        self._counters = counters
        self._redis: Any = redis.Redis.from_url(url, socket_timeout=10, decode_responses=True)

    def look(self) -> Sample:
        """All places together, now; None for what can't be told of one of them."""
        ages = self._queue.base == "stream"
        total: Sample = {"length": 0, "lag": 0, "pending": 0, "oldest_s": 0.0 if ages else None}
        try:
            for place in dict.fromkeys(self._queue.streams.values()):
                counted = self._counters.count(place).data
                for name in ("length", "lag", "pending"):
                    # without a group nobody counts more than what stands there
                    value = counted.get(name, 0)
                    total[name] = None if value is None or total[name] is None else total[name] + value
                if counted.get("later"):  # what waits for its next try
                    total["lag"] = None if total["lag"] is None else total["lag"] + counted["later"]
                if ages and self._queue.group is not None:
                    known = total["oldest_s"] is not None and counted.get("pending") is not None
                    total["oldest_s"] = max(total["oldest_s"], self._oldest(place)) if known else None
        except (Inconclusive, redis.ConnectionError, redis.TimeoutError):
            self._history.wake()
            return dict(UNKNOWN)
        return total

    def _oldest(self, stream: str) -> float:
        """How old, in seconds, the oldest entry is that nobody has finished; 0 where there is none, or none is told."""
        own, pending, last = self._queue.group_on(stream), 0, "0"
        with contextlib.suppress(redis.ResponseError):  # no stream yet, so no group, or it may not be asked
            for group in self._redis.xinfo_groups(stream):
                if group["name"] == own:
                    pending, last = group["pending"], group["last-delivered-id"]
            oldest = [entry for entry, _ in self._redis.xrange(stream, min=f"({last}", count=1)]
            if pending:
                summary = self._redis.xpending(stream, own)
                oldest += [summary["min"]] if summary["min"] else []
            ages = [time.time() - int(entry.partition("-")[0]) / 1000 for entry in oldest]
            return round(max(ages, default=0.0), 3)
        return 0.0

    def close(self) -> None:
        self._redis.close()


class Costs:
    """Processor time and memory of every process of the run, by what it is."""

    def __init__(self, names: Callable[[], Mapping[int, str]]) -> None:
        self._names = names
        self._known: dict[int, tuple[psutil.Process, str]] = {}
        self._before: dict[int, float] = {}
        self._at = 0.0

    def look(self) -> dict[str, dict[str, float]]:
        """For each name the share of one core since the last look, in percent, and the memory of its own in MiB."""
        now = time.monotonic()
        passed = now - self._at
        found: dict[str, dict[str, float]] = {}
        for process, name in self._all():
            with contextlib.suppress(psutil.Error), process.oneshot():
                times, memory = process.cpu_times(), process.memory_info()
                used = times.user + times.system
                before = self._before.get(process.pid)
                self._before[process.pid] = used
                cost = found.setdefault(name, {"cpu": 0.0, "memory": 0.0})
                # what several processes share isn't counted in each of them
                cost["memory"] += (memory.rss - getattr(memory, "shared", 0)) / 2**20
                if before is not None and self._at:
                    cost["cpu"] += 100 * (used - before) / passed
        self._at = now
        return {name: {what: round(value, 1) for what, value in cost.items()} for name, cost in sorted(found.items())}

    def machine(self) -> float:
        """How busy all processors of this machine were since the last look, in percent."""
        return psutil.cpu_percent(None)

    def _all(self) -> list[tuple[psutil.Process, str]]:
        own = psutil.Process()
        given = self._names()
        children = {process.pid: process for process in own.children(recursive=True)}
        self._known = {pid: known for pid, known in self._known.items() if pid in children or pid == own.pid}
        self._known.setdefault(os.getpid(), (own, "harness"))
        for pid, process in children.items():
            if pid not in self._known:
                with contextlib.suppress(psutil.Error):
                    self._known[pid] = (process, given.get(pid) or name_of(process.cmdline()))
        return [known for known in self._known.values() if known[1]]


def name_of(argv: list[str]) -> str:
    """What a process of a deployment is, by its command line; "" for one that isn't worth a line."""
    text = " ".join(argv)
    for words, name in (
        ("locust", "generator"),
        ("mock_providers", "mocks"),
        ("harness.wire", "wire"),
        ("postgres", "postgres"),
        ("valkey", "redis"),
        ("redis-server", "redis"),
        ("keeper.py", ""),
    ):
        if words in text:
            return name
    return "other"


class Sampler:
    """Calls `look` every half second in a thread of its own, from `start` until `close`."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load-sampler", daemon=True)
        self.error: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            try:
                self._look()
            except (redis.RedisError, psutil.Error) as error:
                self.error = error
            due = max(due + PERIOD, time.monotonic())
            self._stop.wait(due - time.monotonic())  # reason: what waits on a stream announces its number to nobody

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)
