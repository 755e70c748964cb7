"""The watchdog of an attached stack: continues what the harness has stopped, when the harness is dead.

A small process of the standard library alone. It reads lines from its standard input: `stop PID START` before a process
is stopped, `go PID START` after it was continued. The end of its input, or of the harness (SIGKILL included), makes it
continue whatever is left; a number that is another process's by now is let alone.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path


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
            what, *numbers = line.split()
            name = int(numbers[0]), int(numbers[1])
            if what == b"stop":
                held[name] = None
            else:
                held.pop(name, None)
        if not data:  # the harness has closed its end, or is dead
            break
    for pid, start in reversed(held):
        with contextlib.suppress(OSError, ValueError, IndexError):
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
            if int(text.rpartition(")")[2].split()[19]) == start:
                os.kill(pid, signal.SIGCONT)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watch(int(sys.argv[1]))
