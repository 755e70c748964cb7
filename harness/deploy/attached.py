"""The attached deployment: a stack that already runs; nothing is started or stopped that is not ours."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import httpx

from harness.deploy.driver import Addresses, Member, Role
from harness.errors import DeployError, Unobservable
from harness.history import History
from harness.profile import Profile
from harness.tls import tls


class Attached:
    """A stack at the addresses in the profile; its processes can be held only where a `pid_file` names them."""

    manages_processes = False

    def __init__(self, profile: Profile, history: History) -> None:
        self._profile = profile
        self._history = history
        self._held: set[int] = set()
        self.addresses = Addresses(
            api=(profile.api.url or "").rstrip("/"),
            database=profile.database.url,
            redis=profile.queue.url,
            mocks=profile.providers.url,
            twilio_account=profile.providers.twilio_account,
            sendgrid_account=profile.providers.sendgrid_account,
            mocks_token=profile.providers.token,
        )

    async def start_services(self) -> None:
        """Nothing is ours to start."""

    async def start_stack(self) -> None:
        """Looks whether the API answers; raises DeployError with its address when it doesn't."""
        url = self.addresses.api + self._profile.api.ready
        try:
            async with httpx.AsyncClient(timeout=10, trust_env=False, verify=tls(url)) as client:
                answer = await client.get(url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise DeployError(f"the API at {url} can't be reached: {why}; start it, or mend [api] url") from error
        if answer.status_code >= 400:
            raise DeployError(f"the API at {url} is not ready: it answered {answer.status_code}: {answer.text[:200]}")

    async def stop(self) -> None:
        """Lets go what we hold; nothing else is ours."""
        for pid in list(self._held):
            self._signal(pid, signal.SIGCONT)
        self._held.clear()

    def _pids(self, role: Role) -> list[int]:
        spec = self._profile.processes.get(role)
        if spec is None or spec.pid_file is None:
            raise Unobservable(
                f"the {role} of an attached stack can't be held unless the profile says [processes.{role}] pid_file"
            )
        try:
            pids = [int(word) for word in Path(spec.pid_file).read_text(encoding="utf-8").split()]
        except (OSError, ValueError) as error:
            raise Unobservable(f"the {role}'s pid_file {spec.pid_file} can't be read: {error}") from error
        return [pid for pid in pids if Path(f"/proc/{pid}").exists()]

    def members(self, role: Role) -> list[Member]:
        try:
            pids = self._pids(role)
        except Unobservable:
            return []
        return [Member(name=f"{role}-{pid}", role=role, pid=pid, held=pid in self._held) for pid in pids]

    async def hold(self, role: Role) -> None:
        pids = self._pids(role)
        if not pids:
            raise Unobservable(f"no process of the {role} runs")
        for pid in pids:
            self._signal(pid, signal.SIGSTOP)
            self._held.add(pid)
            await asyncio.to_thread(await_stopped, pid)

    async def release(self, role: Role) -> None:
        for pid in self._pids(role):
            if pid in self._held:
                self._signal(pid, signal.SIGCONT)
                self._held.discard(pid)

    @staticmethod
    def _signal(pid: int, number: signal.Signals) -> None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise Unobservable(f"process {pid} is not ours to signal: {error}") from error

    async def kill(self, role: Role) -> None:
        raise Unobservable(f"the {role} of an attached stack is not ours to kill")

    async def terminate(self, role: Role) -> None:
        raise Unobservable(f"the {role} of an attached stack is not ours to stop")

    async def launch(self, role: Role, *, count: int | None = None) -> None:  # noqa: ARG002 - reason: the driver's signature
        raise Unobservable(f"the {role} of an attached stack is not ours to start")

    def logs(self, name: str) -> str:
        return f"(the output of {name} is not ours to read)"


def await_stopped(pid: int, *, within: float = 2.0) -> None:
    """Returns when a process that isn't our child has stopped, as /proc tells; Unobservable when it doesn't."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            states = {
                task.read_text().rpartition(")")[2].split()[0] for task in Path(f"/proc/{pid}/task").glob("*/stat")
            }
        except OSError as error:
            raise Unobservable(f"process {pid} is gone: {error}") from error
        if not states:  # a directory that isn't there has no entries, and is no error
            raise Unobservable(f"process {pid} is gone")
        if states <= {"T", "t"}:
            return
        time.sleep(0.0005)  # reason: the kernel tells a stop to the parent only, and we aren't that
    raise Unobservable(f"process {pid} did not stop within {within:g} s")
