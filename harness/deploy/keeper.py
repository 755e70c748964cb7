"""The keeper: a small process that owns everything a deployment starts, and ends it when the harness is gone.

It runs as `python -I -S keeper.py FD`, needs the standard library only, and is the parent of every process of the
deployment. The harness talks to it over a socket, one JSON object a line. When that socket closes or the harness
dies (a pidfd tells, SIGKILL included), the keeper stops all that it started, takes in whatever those left behind
(it is their subreaper), removes the private directories and exits. If the keeper itself is killed, the kernel ends
its children (PR_SET_PDEATHSIG).

Requests carry an `id`; the reply repeats it:
  {"do": "spawn", "argv", "env", "cwd", "stop_signal", "unprivileged"}  + file descriptors 0, 1  -> {"pid"}
  {"do": "signal", "pid", "signal"} -> {}            SIGSTOP is answered once the process has really stopped
  {"do": "keep", "directory"} -> {}                  removed at the end
  {"do": "stop", "pids", "within"} -> {}             stop signal, then SIGKILL after `within` seconds
Unasked: {"exited": pid, "code": n} (negative: the signal).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWUSER = 0x10000000
NOBODY = 65534
PATIENCE = 2.0
"""Seconds between the polite stop signal and SIGKILL when the harness is gone."""

libc = ctypes.CDLL(None, use_errno=True)


class Keeper:
    """Owns processes and directories for as long as the harness lives."""

    def __init__(self, control: socket.socket, harness: int) -> None:
        self.control = control
        self.children: dict[int, int] = {}  # pid -> the signal that asks it to stop
        self.directories: list[str] = []
        self.buffer = b""
        self.fds: list[int] = []
        self.wake_r, wake_w = os.pipe()
        os.set_blocking(wake_w, False)
        signal.set_wakeup_fd(wake_w, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.harness = os.pidfd_open(harness)

    def run(self) -> None:
        poll = select.poll()
        for fd in (self.control.fileno(), self.wake_r, self.harness):
            poll.register(fd, select.POLLIN)
        try:
            while True:
                ready = {fd for fd, _ in poll.poll()}
                if self.wake_r in ready:
                    os.read(self.wake_r, 4096)
                    self.reap()
                if self.harness in ready:
                    return
                if self.control.fileno() in ready and not self.receive():
                    return
        finally:
            self.end()

    def receive(self) -> bool:
        try:
            data, fds, _, _ = socket.recv_fds(self.control, 65536, 8)
        except ConnectionError:
            return False
        if not data:
            return False
        self.fds += fds
        self.buffer += data
        while b"\n" in self.buffer:
            line, self.buffer = self.buffer.split(b"\n", 1)
            request = json.loads(line)
            try:
                reply = self.answer(request)
            except (OSError, ValueError) as error:
                reply = {"error": str(error)}
            self.send({"id": request["id"], **reply})
        return True

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request["do"]:
            case "spawn":
                return {"pid": self.spawn(request)}
            case "signal":
                self.signal(request["pid"], request["signal"])
            case "keep":
                self.directories.append(request["directory"])
            case "stop":
                self.stop(request["pids"], request["within"])
        return {}

    def send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # the harness is going away; poll says so next
            self.control.sendall(json.dumps(message).encode() + b"\n")

    def spawn(self, request: dict[str, Any]) -> int:
        stdin, stdout = self.fds[:2]
        del self.fds[:2]
        failed_r, failed_w = os.pipe()
        keeper = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                self.become(request, stdin, stdout, keeper)
            except BaseException as error:  # a forked child must never go on in its parent's code
                os.write(failed_w, str(error).encode())
            finally:
                os._exit(127)
        self.children[pid] = request["stop_signal"]
        for fd in (stdin, stdout, failed_w):
            os.close(fd)
        with open(failed_r, "rb") as failed:  # noqa: PTH123 - reason: a descriptor, not a path
            why = failed.read()  # closed by exec
        if why:
            raise OSError(why.decode())
        return pid

    def become(self, request: dict[str, Any], stdin: int, stdout: int, keeper: int) -> None:
        signal.set_wakeup_fd(-1)
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(name, signal.SIG_DFL)
        os.setsid()
        os.dup2(stdin, 0)
        os.dup2(stdout, 1)
        os.dup2(stdout, 2)
        if request["unprivileged"] and os.geteuid() == 0:
            leave_root()
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != keeper:  # it died before the kernel was told to end us with it
            os._exit(127)
        os.chdir(request["cwd"])
        os.execve(request["argv"][0], request["argv"], request["env"])  # noqa: S606 - reason: that is its task

    def signal(self, pid: int, number: int) -> None:
        if pid not in self.children:
            raise ValueError(f"process {pid} has ended")
        os.kill(pid, number)
        if number == signal.SIGSTOP:
            # WNOWAIT leaves an exit for reap(); a stop is reported at once
            os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def stop(self, pids: list[int], within: float) -> None:
        mine = [pid for pid in pids if pid in self.children]
        for pid in mine:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, self.children[pid])
                os.kill(pid, signal.SIGCONT)
        self.await_exit(mine, within)
        for pid in mine:
            if pid in self.children:
                self.kill_group(pid)
        self.await_exit(mine, PATIENCE)

    def await_exit(self, pids: list[int], within: float) -> None:
        deadline = time.monotonic() + within
        while any(pid in self.children for pid in pids) and (left := deadline - time.monotonic()) > 0:
            if select.select([self.wake_r], [], [], left)[0]:
                os.read(self.wake_r, 4096)
            self.reap()

    @staticmethod
    def kill_group(pid: int) -> None:
        for send in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                send(pid, signal.SIGKILL)

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self.children.pop(pid, None) is not None:
                self.send({"exited": pid, "code": os.waitstatus_to_exitcode(status)})

    def end(self) -> None:
        self.stop(list(self.children), PATIENCE)
        while strays := own_children():  # what our processes started and left to us
            for pid in strays:
                self.kill_group(pid)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, 0)
        for directory in self.directories:
            shutil.rmtree(directory, ignore_errors=True)


def own_children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def leave_root() -> None:
    """Enters a user namespace in which root's files are ours but we aren't root.

    PostgreSQL refuses to run as root; this needs no system user, and no path has to be opened to one.
    """
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        why = os.strerror(ctypes.get_errno())
        raise OSError(f"user namespaces are not allowed here ({why}), and PostgreSQL won't run as root")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} {gid} 1")


if __name__ == "__main__":
    Keeper(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])).run()
