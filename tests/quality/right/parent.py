"""A parent of several processes: passes SIGTERM on, waits for all, and starts a main one again that ended by itself.

`python -m tests.quality.right.parent [--again] "module words" "module words" …`; the first is the main one.
"""

from __future__ import annotations

import signal
import subprocess
import sys


class Parent:
    """Runs until SIGTERM, or until its main process ends (with `again`, it is started anew)."""

    def __init__(self, commands: list[str], *, again: bool) -> None:
        self._commands = commands
        self._again = again
        self._children: list[subprocess.Popen[bytes]] = []
        self._told = False
        signal.signal(signal.SIGTERM, self._tell)

    def run(self) -> int:
        self._children = [self._start(command) for command in self._commands]
        while True:
            code = self._children[0].wait()
            if self._told or not self._again:
                break
            self._children[0] = self._start(self._commands[0])
            if self._told:  # told while it was being started
                self._children[0].terminate()
        for child in self._children[1:]:
            child.terminate()
        for child in self._children[1:]:
            child.wait()
        return code

    def _start(self, command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", *command.split()])

    def _tell(self, *_: object) -> None:
        self._told = True
        for child in self._children:
            child.terminate()


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(Parent([word for word in words if word != "--again"], again="--again" in words).run())
