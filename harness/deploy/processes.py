"""The harness's side of the keeper: starts, signals and stops processes, and hears when they end."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from harness.deploy.tree import kill_marked
from harness.errors import DeployError

KEEPER = Path(__file__).with_name("keeper.py")
MARK = "MESSAGING_HARNESS_PROCESS"
GONE = "the keeper of this deployment's processes is gone"
CLOSE_WITHIN = 15.0
"""Seconds in which a keeper that lives has ended everything."""


class Process:
    """A process of the deployment; `member`: it is the stack's own, and no part of ours."""

    def __init__(self, *, name: str, role: str, pid: int, output: int, member: bool = False) -> None:
        self.name = name
        self.role = role
        self.member = member
        self.pid = pid
        self.output = output
        """The reading end of its standard output and error; whoever reads it closes it."""
        self.code: int | None = None
        self.ended = threading.Event()
        self._lock = threading.Lock()
        self._told: list[Callable[[], None]] = []

    @property
    def alive(self) -> bool:
        return not self.ended.is_set()

    def end(self, code: int | None) -> None:
        """Takes note of its end, and tells whoever waits for it."""
        self.code = code
        with self._lock:
            self.ended.set()
        for tell in self._told:
            tell()

    def when_ended(self, tell: Callable[[], None]) -> None:
        """Calls `tell` once it has ended, in whatever thread learns of that; at once where it has."""
        with self._lock:
            if self.alive:
                self._told.append(tell)
                return
        tell()


class Processes:
    """All processes and private directories of one deployment, kept by one keeper.

    `on_exit` is called in a thread of this class's own whenever a process ends, for whatever reason.
    """

    def __init__(
        self,
        *,
        on_exit: Callable[[Process], None] = lambda _: None,
        on_gone: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_exit = on_exit
        self._on_gone = on_gone
        self._closing = False
        self._gone = False
        self._directories: list[Path] = []
        self.run = secrets.token_hex(8)
        self._control, theirs = socket.socketpair()
        python = [sys.executable, "-I", "-S"]
        self._keeper = subprocess.Popen(
            [*python, str(KEEPER), str(theirs.fileno()), str(os.getpid())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        self._lock = threading.Lock()
        self._replies: dict[int, Future[dict[str, Any]]] = {}
        self._next = 0
        self._processes: dict[int, Process] = {}
        self._early: dict[int, int] = {}
        self._reader = threading.Thread(target=self._read, name="harness-keeper", daemon=True)
        self._reader.start()

    def directory(self) -> Path:
        """A new private directory, on tmpfs where there is one, removed when the harness is gone."""
        memory = Path("/dev/shm")  # noqa: S108 - reason: mkdtemp below makes it private
        root = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
        path = Path(tempfile.mkdtemp(prefix="messaging-harness-", dir=root))
        self._directories.append(path)
        try:
            self._ask({"do": "keep", "directory": str(path)})
        except DeployError:
            shutil.rmtree(path, ignore_errors=True)
            raise
        return path

    def spawn(
        self,
        *argv: str,
        name: str,
        role: str,
        env: Mapping[str, str],
        cwd: Path,
        stop_signal: signal.Signals = signal.SIGTERM,
        unprivileged: bool = False,
        control: socket.socket | None = None,
        member: bool = False,
    ) -> Process:
        """Starts a process; `control` becomes its standard input. Raises DeployError when it can't be started.

        `unprivileged` keeps root's rights from it (for PostgreSQL, which refuses them).
        """
        program = shutil.which(argv[0], path=env.get("PATH", os.defpath))
        if program is None:
            raise DeployError(
                f"{name} can't be started: there is no program {argv[0]!r}; mend its command in the profile"
            )
        ours, theirs = os.pipe()
        try:
            with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - reason: its descriptor is passed on
                stdin = control.fileno() if control is not None else nothing.fileno()
                request = {
                    "do": "spawn",
                    "argv": [program, *argv[1:]],
                    "env": {**env, MARK: f"{self.run}/{name}"},
                    "cwd": str(cwd),
                    "stop_signal": int(stop_signal),
                    "unprivileged": unprivileged,
                }
                pid = int(self._ask(request, fds=[stdin, theirs])["pid"])
        except DeployError as error:
            os.close(ours)
            raise DeployError(f"{name} can't be started: {error}") from error
        finally:
            os.close(theirs)
        process = Process(name=name, role=role, pid=pid, output=ours, member=member)
        with self._lock:
            self._processes[pid] = process
            code = self._early.pop(pid, None)
        if code is not None:
            self._ended(process, code)
        return process

    def signal(self, process: Process, number: signal.Signals) -> None:
        """Sends a signal; SIGSTOP returns when the process has really stopped. DeployError when it has ended."""
        self._ask({"do": "signal", "pid": process.pid, "signal": int(number)})

    def stop(self, processes: Sequence[Process], *, within: float = 5.0) -> None:
        """Asks processes to stop and kills what has not stopped `within` seconds; returns when all have ended."""
        running = [process for process in processes if process.alive]
        if running:
            self._ask({"do": "stop", "pids": [process.pid for process in running], "within": within})
            for process in running:
                process.ended.wait(within)

    def close(self) -> None:
        """Ends everything and removes the private directories; safe to call twice.

        A keeper that is dead, or stopped, leaves its work to us.
        """
        self._closing = True
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        try:
            self._keeper.wait(CLOSE_WITHIN)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        self._reader.join()
        self._control.close()
        if self._keeper.returncode != 0:
            # it died of something: the kernel has ended its children, theirs are still there
            kill_marked(f"{MARK}={self.run}/")
        for path in self._directories:
            remove(path)

    def mark(self, process: Process) -> str:
        """What a process and all that it starts have in their environment, and nobody else."""
        return f"{MARK}={self.run}/{process.name}"

    def _ask(self, request: dict[str, Any], *, fds: Sequence[int] = ()) -> dict[str, Any]:
        reply: Future[dict[str, Any]] = Future()
        with self._lock:
            self._next += 1
            if self._gone:
                raise DeployError(GONE)
            self._replies[self._next] = reply
            line = json.dumps({"id": self._next, **request}).encode() + b"\n"
            try:
                sent = socket.send_fds(self._control, [line], list(fds))
                self._control.sendall(line[sent:])
            except OSError as error:
                raise DeployError(f"the keeper of this deployment's processes is gone ({error})") from error
        answer = reply.result()
        if "error" in answer:
            raise DeployError(answer["error"])
        return answer

    def _read(self) -> None:
        with self._control.makefile("rb") as lines, contextlib.suppress(ConnectionError):
            for line in lines:
                message = json.loads(line)
                if "exited" in message:
                    with self._lock:
                        process = self._processes.get(message["exited"])
                        if process is None:  # it ended before spawn() returned
                            self._early[message["exited"]] = message["code"]
                    if process is not None:
                        self._ended(process, message["code"])
                else:
                    with self._lock:
                        reply = self._replies.pop(message["id"])
                    reply.set_result(message)
        with self._lock:
            self._gone = True
            waiting, self._replies = list(self._replies.values()), {}
        for reply in waiting:
            reply.set_result({"error": GONE})
        if not self._closing:
            self._on_gone()
        for process in list(self._processes.values()):
            if process.alive:
                self._ended(process, -int(signal.SIGKILL))

    def _ended(self, process: Process, code: int) -> None:
        process.end(code)
        self._on_exit(process)


def remove(directory: Path, *, within: float = 2.0) -> None:
    """Removes a directory, again where somebody who was dying still wrote there."""
    deadline = time.monotonic() + within
    shutil.rmtree(directory, ignore_errors=True)
    while directory.exists() and time.monotonic() < deadline:
        time.sleep(0.01)  # reason: that somebody has written for the last time is told by nobody
        shutil.rmtree(directory, ignore_errors=True)
