"""The janitor of a run in containers: a small process that outlives the harness for as long as it takes to clean up.

It waits on its standard input. A line means that the harness has removed everything itself; the end of it without one
means that the harness is dead (SIGKILL included), and the janitor removes all containers and networks of the run.
"""

from __future__ import annotations

import subprocess
import sys


class Janitor:
    """The harness's side."""

    def __init__(self, run: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.deploy.janitor", run],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is the harness's to answer
        )

    def dismiss(self) -> None:
        """Nothing is left to do; returns when it has gone."""
        self._process.communicate(b"clean\n")


def main(run: str) -> None:
    if sys.stdin.buffer.readline():
        return
    from harness.deploy.engine import connect, remove_late

    remove_late(connect(), run)


if __name__ == "__main__":
    main(sys.argv[1])
