"""Which of this user's processes are the stack's: who listens on the API's port, and who talks to its Redis."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psutil

from harness.discovery.draft import Draft

Say = Callable[[str], None]
OURS: Final = re.compile(r"-m harness\b|(?:^|/)harness(?: |$)|mock[-_]providers|harness\.wire")
"""Processes of the harness' own."""
SERVERS: Final = re.compile(r"(?:^|/)(?:redis-server|valkey-server|postgres|redis-cli|valkey-cli|psql)\b")
LISTENS, SPEAKS = "0A", "01"
"""TCP_LISTEN and TCP_ESTABLISHED, as /proc/net/tcp has them (include/net/tcp_states.h of Linux)."""
WORKERS: Final = re.compile(r"worker|celery|rq\b|consumer|sidekiq|bull|dramatiq|arq\b|taskiq", re.IGNORECASE)
OTHERS: Final = re.compile(r"\bbeat\b|scheduler|relay|flower|cron", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Found:
    """One running process: the ports on which it listens, and those to which it is connected."""

    pid: int
    parent: int
    command: tuple[str, ...]
    cwd: Path | None
    listens: frozenset[int]
    speaks: frozenset[int]

    @property
    def line(self) -> str:
        return shlex.join(self.command)


def running() -> list[Found]:
    """This user's processes, as far as they let themselves be looked at; not this one and who started it."""
    own = {os.getpid(), *(one.pid for one in psutil.Process().parents())}
    user = psutil.Process().uids().real
    open_sockets = sockets()
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid not in own and process.uids().real == user and (command := process.cmdline()):
                found.append(described(process, command, open_sockets))
    return found


def sockets() -> dict[str, tuple[int, int]]:
    """Each TCP socket of this machine by its inode: the port that it listens on, or that it is connected to; else 0.

    psutil names one process of a socket that several have: a server's first process and those that it forked.
    """
    found: dict[str, tuple[int, int]] = {}
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(name).read_text(encoding="ascii").splitlines()[1:]:
                words = line.split()
                ports = [int(words[place].rpartition(":")[2], 16) for place in (1, 2)]
                found[f"socket:[{words[9]}]"] = (
                    ports[0] if words[3] == LISTENS else 0,
                    ports[1] if words[3] == SPEAKS else 0,
                )
    return found


def described(process: Any, command: Sequence[str], open_sockets: dict[str, tuple[int, int]]) -> Found:
    cwd = None
    with contextlib.suppress(psutil.Error, OSError):
        cwd = Path(process.cwd())
    listens, speaks = set(), set()
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                here, there = open_sockets.get(str(link.readlink()), (0, 0))
                listens.add(here)
                speaks.add(there)
    return Found(
        pid=process.pid,
        parent=process.ppid(),
        command=tuple(command),
        cwd=cwd,
        listens=frozenset(listens - {0}),
        speaks=frozenset(speaks - {0}),
    )


def port_of(url: str | None, *, default: int) -> int | None:
    """The port of an address on this machine; None for one elsewhere."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.hostname not in ("127.0.0.1", "localhost", "::1", "0.0.0.0"):  # noqa: S104 - reason: compared with, not bound to
        return None
    try:
        return parts.port or default
    except ValueError:
        return None


def api_of(processes: Iterable[Found], url: str) -> list[Found]:
    """Who listens where the API answers; the first is the one that started the others."""
    port = port_of(url, default=443 if url.startswith("https") else 80)
    found = [one for one in processes if port in one.listens and not OURS.search(one.line)]
    pids = {one.pid for one in found}
    return sorted(found, key=lambda one: one.parent in pids)


def speakers(processes: Sequence[Found], redis: str) -> list[Found]:
    """Who talks to the Redis, directly or by way of a proxy; not the server, and nobody of ours."""
    port = port_of(redis, default=6379)
    if port is None:
        return []
    ports = {port}
    while True:
        between = [one for one in processes if one.speaks & ports and one.listens and OURS.search(one.line)]
        more = {each for one in between for each in one.listens} - ports
        if not more:
            break
        ports |= more
    return [
        one for one in processes if one.speaks & ports and not OURS.search(one.line) and not SERVERS.search(one.line)
    ]


def parts(processes: Sequence[Found], *, api: str, redis: str | None) -> dict[str, list[Found]]:
    """The stack's processes by role: `api`, `worker`, and others that talk to Redis."""
    found: dict[str, list[Found]] = {}
    served = api_of(processes, api)
    if served:
        found["api"] = served
    family = {one.pid for one in served} | {one.parent for one in served}
    for one in speakers(processes, redis) if redis else ():
        if one.pid in family or one.parent in {each.pid for each in served}:
            continue
        role = "scheduler" if OTHERS.search(one.line) and not WORKERS.search(one.line.split("beat")[0]) else "worker"
        found.setdefault(role, []).append(one)
    workers = found.get("worker", [])
    pids = {one.pid for one in workers}
    # what a worker has started belongs to it
    if workers:
        found["worker"] = [one for one in workers if one.parent not in pids] or workers
    return found


def look(draft: Draft, *, api: str, redis: str | None, say: Say) -> dict[str, list[Found]]:
    """Puts into the draft which processes are the stack's; returns them by role."""
    everybody = running()
    found = parts(everybody, api=api, redis=redis)
    for role in ("api", "worker"):
        ones = found.get(role)
        if ones is None:
            where = "listens at the API's port" if role == "api" else "talks to that Redis"
            say(f"no process of this user {where}; it may be another's, or on another machine")
            draft.ask(("processes", role, "pid_file"), f"/run/{role}.pid", "its number stands there: so it can be held")
            continue
        say(f"the {role} seems to be process {', '.join(str(one.pid) for one in ones)}: {ones[0].line[:100]}")
        put(draft, role, ones, everybody)
    return found


def put(draft: Draft, role: str, found: Sequence[Found], everybody: Sequence[Found]) -> None:
    """Notes how a role's processes are found again: by the file with their numbers, else by their command line."""
    why = f"process {found[0].pid}: {found[0].line[:90]}"
    file = pid_file({one.pid for one in found}, found[0].pid)
    if file is not None:
        draft.put(("processes", role, "pid_file"), str(file), f"it holds the number of {why}", "seen")
        return
    said = pattern(found[0])
    family = {one.pid for one in found}
    strangers = [one for one in everybody if re.search(said, one.line) and not {one.pid, one.parent} & family]
    if strangers:
        draft.ask(("processes", role, "match"), said, f"process {strangers[0].pid} has that command line, too")
    else:
        draft.put(("processes", role, "match"), said, why)


def pid_file(pids: set[int], pid: int) -> Path | None:
    """A file that holds just these processes' numbers, where such files are: beside them, or who started them."""
    places = [Path("/run"), Path("/var/run")]
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        for one in [process, *process.parents()]:
            with contextlib.suppress(psutil.Error, OSError):
                cwd = Path(one.cwd())
                places += [cwd, cwd / "run", cwd / "tmp" / "pids", cwd / "build" / "up"]
                # who keeps them is often told where
                places += [cwd / word for word in one.cmdline()[1:12] if "/" in word and not word.startswith("-")]
    for place in dict.fromkeys(places):
        with contextlib.suppress(OSError, ValueError):
            for file in sorted(place.glob("*.pid"))[:50]:
                numbers = {int(word) for word in file.read_text(encoding="utf-8")[:400].split()}
                if numbers and numbers <= pids and pid in numbers:
                    return file.resolve()
    return None


def pattern(one: Found) -> str:
    """A pattern of a command line, without the directories of this machine."""
    words = [Path(word).name if number == 0 else word for number, word in enumerate(one.command[:8])]
    plain = re.escape(shlex.join(words)).replace(r"\ ", " ").replace(r"\-", "-")
    return f"{plain}( |$)"
