"""The watchdog of an attached stack: continues what the harness has stopped, when the harness is dead.

A small process of the standard library alone. It reads lines from its standard input: `stop PID START` before a process
is stopped, `go PID START` after it was continued; `owe NUMBER COMMAND` (a list as JSON) before a command has stopped
something, `paid NUMBER` after the one that undoes it. The end of its input, or of the harness (SIGKILL included), makes
it continue whatever is left, and run what is owed; a number that is another process's by now is let alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

OWED_WITHIN = 30.0
"""Seconds that a command has which undoes another one."""


class Watchdog:
    """The harness's side."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is the harness's to answer
        )

    def stopping(self, pid: int, start: int) -> None:
        """To be told before a process is stopped; returns when the watchdog can know of it."""
        self._say(f"stop {pid} {start}")

    def continued(self, pid: int, start: int) -> None:
        self._say(f"go {pid} {start}")

    def owing(self, number: int, command: Sequence[str]) -> None:
        """To be told before a command stops something: the one that undoes it."""
        self._say(f"owe {number} {json.dumps(list(command))}")

    def paid(self, number: int) -> None:
        self._say(f"paid {number}")

    def _say(self, line: str) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line.encode() + b"\n")
                self._process.stdin.flush()

    def close(self) -> None:
        """Ends it; what is still stopped goes on."""
        self._process.communicate()


def watch(harness: int) -> None:
    held: dict[tuple[int, int], None] = {}
    owed: dict[int, list[str]] = {}
    poll = select.poll()
    poll.register(0, select.POLLIN)
    with contextlib.suppress(ProcessLookupError):
        poll.register(os.pidfd_open(harness), select.POLLIN)
    buffer = b""
    while True:
        ready = {fd for fd, _ in poll.poll()}
        data = os.read(0, 65536) if 0 in ready else b""
        buffer += data
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            what, number, *rest = line.split(b" ", 2)
            match what:
                case b"stop":
                    held[int(number), int(rest[0])] = None
                case b"go":
                    held.pop((int(number), int(rest[0])), None)
                case b"owe":
                    owed[int(number)] = json.loads(rest[0])
                case b"paid":
                    owed.pop(int(number), None)
        if not data:  # the harness has closed its end, or is dead
            break
    for pid, start in reversed(held):
        with contextlib.suppress(OSError, ValueError, IndexError):
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            if int(text.rpartition(")")[2].split()[19]) == start:
                os.kill(pid, signal.SIGCONT)
    for command in reversed(owed.values()):
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=OWED_WITHIN, check=False
            )


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watch(int(sys.argv[1]))
