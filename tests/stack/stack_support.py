"""What the stack's tests stand on: real servers, real processes, and waiting for what they announce."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 15.0

TWILIO_SID, TWILIO_TOKEN, SENDGRID_KEY = "AC" + "1" * 32, "twilio-token-for-tests", "SG.key-for-tests"


class News:
    """Wakes whoever waits for something to become true, whenever anything happened."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def happened(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def until(self, what: Callable[[], T], *, within: float = DEADLINE_S, saying: str = "it") -> T:
        """Returns the first true answer of `what`, asked anew after each piece of news."""
        deadline = time.monotonic() + within
        while True:
            with self._changed:
                before = self._count
            if answer := what():
                return answer
            left = deadline - time.monotonic()
            with self._changed:
                # bounded: Redis tells nobody of its changes, so that what is asked of it is asked again now and then
                if self._count == before:
                    self._changed.wait(timeout=min(left, 0.05) if left > 0 else 0)
            if left <= 0:
                pytest.fail(f"{saying} did not come about within {within} s; last answer: {answer!r}")


class Loop:
    """An event loop in a thread, for asyncpg and for the provider's server."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(DEADLINE_S)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A child whose output is read as it comes; it dies with us."""

    def __init__(self, command: list[str], *, env: dict[str, str] | None = None, news: News | None = None) -> None:
        self.lines: list[str] = []
        self._news = news
        self.child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.child.stdout
        for line in self.child.stdout:
            self.lines.append(line.rstrip("\n"))
            if self._news:
                self._news.happened()

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The structured lines whose event is this, or begins with it."""
        found = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [line for line in found if line["event"].startswith(event)]

    def signal(self, number: signal.Signals) -> None:
        self.child.send_signal(number)

    def kill(self) -> None:
        """Dies on the spot."""
        self.child.kill()
        self.join()

    def terminate(self) -> int:
        """Is asked to stop; returns its exit code."""
        self.child.terminate()
        return self.join()

    def join(self) -> int:
        code = self.child.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        return code

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGCONT)
            self.kill()
        if self.child.stdout:
            self.child.stdout.close()


def scratch() -> Path:
    """A directory in memory, where there is such a place."""
    import tempfile

    shm = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="messaging-stack-test-", dir=shm if shm.is_dir() else None))


def remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
