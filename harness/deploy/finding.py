"""Which running processes a profile means: by a file, a command line, or a unit of systemd."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from harness.deploy.tree import DEAD, everybody
from harness.errors import Unobservable
from harness.profile import Process

LONGEST = 8192
"""Characters of a command line that are looked at."""
ASKED_WITHIN = 10.0
"""Seconds that systemd has to answer."""


def found(kind: str, spec: Process) -> list[int]:
    """The numbers of the first processes that `[processes.KIND]` names; raises Unobservable where none can be told."""
    if spec.pid_file is not None:
        return in_file(kind, spec.pid_file)
    if spec.match is not None:
        return matching(re.compile(spec.match))
    return of_unit(kind, spec.unit or "")


def in_file(kind: str, path: str) -> list[int]:
    try:
        return [int(word) for word in Path(path).read_text(encoding="utf-8").split()]
    except (OSError, ValueError) as error:
        raise Unobservable(f"the {kind}'s pid_file {path} can't be read: {error}") from error


def matching(pattern: re.Pattern[str]) -> list[int]:
    """This user's processes whose command line matches, without those that come from another of them.

    Neither this harness nor who started it: their command lines may hold the pattern itself.
    """
    now = everybody()
    parents = {one.pid: one.parent for one in now}
    ours = lineage(os.getpid(), parents)
    hits = {
        one.pid
        for one in now
        if one.state not in DEAD
        and one.pid not in ours
        and belongs_to_us(one.pid)
        and pattern.search(command_line(one.pid))
    }
    return sorted(pid for pid in hits if not hits & (lineage(pid, parents) - {pid}))


def lineage(pid: int, parents: dict[int, int]) -> set[int]:
    """A process and all that it comes from."""
    line: set[int] = set()
    while pid and pid not in line:
        line.add(pid)
        pid = parents.get(pid, 0)
    return line


def belongs_to_us(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}").stat().st_uid == os.geteuid()
    except OSError:
        return False


def command_line(pid: int) -> str:
    """Its words with a space between them; empty for one that has ended, or is the kernel's."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return words.rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "replace")[:LONGEST]


def of_unit(kind: str, unit: str) -> list[int]:
    """The main process of a unit: the system's, else this user's."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        raise Unobservable(
            f"[processes.{kind}] unit = {unit!r}: there is no systemctl here; name it by match or pid_file"
        )
    said = []
    for whose in ("--system", "--user"):
        command = [systemctl, whose, "show", "--property=MainPID", "--value", "--", unit]
        try:
            asked = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=ASKED_WITHIN, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            said.append(str(error))
            continue
        number = asked.stdout.strip()
        if asked.returncode == 0 and number.isdigit() and number != "0":
            return [int(number)]
        said.append((asked.stderr.strip() or f"MainPID={number or '0'}").splitlines()[-1])
    why = "; ".join(dict.fromkeys(said))
    raise Unobservable(f"[processes.{kind}] unit = {unit!r}: systemd names no process that runs ({why})")
