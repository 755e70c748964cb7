"""Commands of a profile that hold, release, end or start what signals of ours can't reach."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from harness.errors import Unobservable
from harness.profile import Profile
from harness.profile.placeholders import fill

WITHIN = 30.0
"""Seconds that such a command may take."""
MOST = 1 << 20
LONGEST = 300
"""Characters of what it said that are told."""


def words(command: Sequence[str], profile: Profile) -> list[str]:
    known = {"python": sys.executable, "profile": str(profile.folder)}
    return [fill(word, known, what="the command") for word in command]


def run(command: Sequence[str], *, key: str, within: float = WITHIN) -> None:
    """Runs it to its end, where the harness runs; raises Unobservable with what it said where it fails.

    `key` is where the profile names it. What it leaves running may keep its output: nobody waits for the end of that.
    One that takes too long is ended, with all of its process group.
    """
    said = f"{key} = `{shlex.join(command)}`"
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C is the harness's to answer
            )
        except OSError as error:
            raise Unobservable(f"{said} can't be run: {error.strerror}; mend it in the profile") from error
        try:
            code = process.wait(within)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Unobservable(f"{said} didn't end within {within:g} s") from error
        if code != 0:
            output.seek(0)
            words = " ".join(output.read(MOST).decode("utf-8", "replace").split())[-LONGEST:]
            raise Unobservable(f"{said} ended with {code}" + (f", saying: {words}" if words else ""))
