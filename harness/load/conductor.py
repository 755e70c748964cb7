"""The harness's end of the socket: starts Locust as a child, tells it when to go, and takes in what it sends."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.content import content
from harness.deploy.processes import Process, Processes
from harness.errors import HarnessError
from harness.load.histogram import Histogram, merged
from harness.load.names import SOCKET, TIMEOUT, USERS
from harness.load.plan import Kind, Plan
from harness.load.target import Target

Row = Sequence[Any]


class GeneratorFailed(HarnessError):
    """Locust ended, or fell silent, before the load was over."""


class Member:
    """One process of the generator."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.role = ""
        self.pid = 0
        self.users: dict[str, int] = {}
        self.report: dict[str, Any] | None = None
        self._lock = threading.Lock()

    def say(self, **message: object) -> None:
        line = json.dumps(message).encode() + b"\n"
        with self._lock:
            try:
                self.connection.sendall(line)
            except OSError:
                return  # it has ended; whoever waits for it is told so


class Conductor:
    """Locust's processes, as the harness sees them; `on_sends` gets rows of what was sent, in threads of ours."""

    def __init__(self, *, log: Path, on_sends: Callable[[list[Row]], None], locustfile: Path | None = None) -> None:
        self._locustfile = locustfile or content("loadtests", "locustfile.py")
        self._on_sends = on_sends
        self._processes = Processes(on_exit=lambda _: self._wake())
        self._path = self._processes.directory() / "load.sock"
        self._log = log
        self._changed = threading.Condition()
        self._members: list[Member] = []
        self._spawned: int | None = None
        """How many users Locust has handed out for the coming load."""
        self._locust: Process | None = None
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(str(self._path))
        self._server.listen()
        threading.Thread(target=self._accept, name="load-accept", daemon=True).start()

    def start(self, *options: str, host: str, users: str, timeout: float | None = None) -> None:
        """Starts Locust with so many `users` of each kind (JSON); it runs until `close`, or until it ends by itself.

        `timeout` is how long the API may take to answer, in seconds; None: as long as Locust itself gives it.
        """
        argv = [sys.executable, "-m", "locust", "-f", str(self._locustfile), "--host", host, *options]
        env = {**os.environ, SOCKET: str(self._path), USERS: users}
        if timeout is not None:
            env[TIMEOUT] = f"{timeout:g}"
        self._locust = self._processes.spawn(*argv, name="locust", role="load", env=env, cwd=Path.cwd())
        threading.Thread(target=self._keep_log, args=(self._locust.output,), name="load-log", daemon=True).start()

    def _keep_log(self, output: int) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with open(output, "rb") as lines, self._log.open("wb") as log:  # reason: a descriptor
            log.writelines(lines)

    # what it says

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._read, args=(Member(connection),), name="load-read", daemon=True).start()

    def _read(self, member: Member) -> None:
        with self._changed:
            self._members.append(member)
        try:
            with member.connection, member.connection.makefile("rb") as lines:
                for line in lines:
                    self._heard(member, json.loads(line))
        except OSError:
            pass
        finally:
            with self._changed:
                self._members.remove(member)
                self._changed.notify_all()

    def _heard(self, member: Member, message: dict[str, Any]) -> None:
        if "sends" in message:
            self._on_sends(message["sends"])
            return
        with self._changed:
            if "hello" in message:
                member.pid, member.role = int(message["hello"]["pid"]), str(message["hello"]["role"])
            elif "users" in message:
                member.users = dict(message["users"])
            elif "spawned" in message:
                self._spawned = int(message["spawned"])
            elif "done" in message:
                member.report = dict(message["done"])
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    # what it is told

    @property
    def pids(self) -> list[int]:
        """The processes that generate load."""
        with self._changed:
            return [member.pid for member in self._generating()]

    def _generating(self) -> list[Member]:
        return [member for member in self._members if member.role in ("local", "worker")]

    @property
    def running(self) -> bool:
        return self._locust is not None and self._locust.alive

    def await_ready(self, *, processes: int, within: float | None) -> None:
        """Returns when so many processes are there, and all users that Locust handed out to them have started.

        Raises GeneratorFailed when that can't be.
        """

        def ready() -> bool:
            members = self._generating()
            started = sum(sum(member.users.values()) for member in members)
            return len(members) >= processes and self._spawned is not None and started >= self._spawned

        self._await(ready, what="got its users ready", within=within)

    def go(self, plan: Plan, *, target: Target, start: float, most: Mapping[Kind, int] | None = None) -> None:
        """Tells every generating process its share of the plan and when to begin.

        `most` is up to how many users of each kind there may come to be, where all are busy; None: no more than there
        are, and then it is the generator's own doing that a start waits for one.
        """
        with self._changed:
            members = self._generating()
            for member in members:
                shares: dict[str, tuple[int, int]] = {}
                bounds: dict[str, int] = {}
                for kind in plan.kinds:
                    able = [one for one in members if one.users.get(kind)]
                    if not able:
                        raise GeneratorFailed(
                            f"no process of the generator has a user of kind {kind}; give more --users"
                        )
                    if member in able:
                        shares[kind] = (able.index(member), len(able))
                        bounds[kind] = (most or {}).get(kind, 0) // len(able)
                said = {
                    "plan": plan.dumps(),
                    "shares": shares,
                    "target": target.model_dump(mode="json"),
                    "start": start,
                    "most": bounds if most else None,
                }
                member.say(go=said)
            for member in members:
                member.users, member.report = {}, None
            self._spawned = None

    def await_done(self, *, processes: int, within: float) -> None:
        """Returns when every process has sent its share; raises GeneratorFailed when that can't be."""
        self._await(lambda: len(self._reports()) >= processes, what="sent its share", within=within)

    def _reports(self) -> list[dict[str, Any]]:
        return [member.report for member in self._members if member.report is not None]

    def dropped(self) -> dict[int, float]:
        """The arrivals that never started, each with the seconds for which it was late by the generator itself."""
        with self._changed:
            return {int(number): float(own) for report in self._reports() for number, own in report["dropped"]}

    def merged(self) -> tuple[dict[str, Histogram], Histogram]:
        """The accepted latencies of each kind of user, and the lateness of starts, of all processes together."""
        with self._changed:
            reports = self._reports()
        kinds = sorted({kind for report in reports for kind in report["accepted"]})
        accepted = {
            kind: merged(Histogram.loads(r["accepted"][kind]) for r in reports if kind in r["accepted"])
            for kind in kinds
        }
        return accepted, merged(Histogram.loads(report["lateness"]) for report in reports)

    def tell_page(self, **message: object) -> None:
        """Something for Locust's own page."""
        with self._changed:
            members = [member for member in self._members if member.role in ("local", "master")]
        for member in members:
            member.say(**message)

    def _await(self, look: Callable[[], bool], *, what: str, within: float | None) -> None:
        deadline = None if within is None else time.monotonic() + within
        with self._changed:
            while not look():
                if not self.running:
                    code = self._locust.code if self._locust else None
                    raise GeneratorFailed(f"Locust ended with {code} before it {what}; its output is in {self._log}")
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise GeneratorFailed(f"Locust had not {what} after {within:g} s; its output is in {self._log}")
                self._changed.wait(left)

    def close(self) -> None:
        """Ends Locust, politely first."""
        self.tell_page(quit=True)
        if self._locust is not None:
            self._locust.ended.wait(5)
        self._server.close()
        self._processes.close()
