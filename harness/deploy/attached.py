"""The attached deployment: a stack that already runs; nothing is started or stopped that is not ours."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import httpx

from harness.deploy.driver import Addresses, Member, Reached, Role
from harness.deploy.tree import Look, Tree
from harness.deploy.unlocked import stop_unlocked
from harness.deploy.watchdog import Watchdog
from harness.errors import DeployError, Unobservable
from harness.history import History
from harness.origin import at_home
from harness.profile import Profile
from harness.tls import tls


class Attached:
    """A stack at the addresses in the profile; its processes can be held only where a `pid_file` names them."""

    manages_processes = False

    def __init__(self, profile: Profile, history: History) -> None:
        self._profile = profile
        self._history = history
        self._trees: dict[Role, Tree] = {}
        self._watchdog: Watchdog | None = None
        self.addresses = Addresses(
            api=(profile.api.url or "").rstrip("/"),
            database=profile.database.url,
            redis=profile.queue.url,
            mocks=profile.providers.url,
            twilio_account=profile.providers.accounts.twilio,
            sendgrid_account=profile.providers.accounts.sendgrid,
            mocks_token=profile.providers.token,
        )

    async def start_services(self) -> None:
        """Nothing is ours to start."""

    async def start_stack(self) -> None:
        """Looks whether the API answers; raises DeployError with its address when it doesn't."""
        url = self.addresses.api + self._profile.api.ready
        try:
            async with httpx.AsyncClient(
                headers=self._profile.api.headers,
                follow_redirects=True,
                event_hooks=at_home(url),
                timeout=10,
                trust_env=False,
                verify=tls(url),
            ) as client:
                answer = await client.get(url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = str(error) or type(error).__name__
            raise DeployError(f"the API at {url} can't be reached: {why}; start it, or mend [api] url") from error
        if answer.status_code >= 400:
            raise DeployError(f"the API at {url} is not ready: it answered {answer.status_code}: {answer.text[:200]}")

    async def stop(self) -> None:
        """Lets go what we hold; nothing else is ours."""
        for role in list(self._trees):
            tree = self._trees[role]
            while tree.held:
                await asyncio.to_thread(tree.resume, told=self._continued)
        if self._watchdog is not None:
            await asyncio.to_thread(self._watchdog.close)
            self._watchdog = None

    def _tree(self, role: Role) -> Tree:
        """The processes that the role's pid_file names, with all that they have started; raises Unobservable."""
        spec = self._profile.processes.get(role)
        if spec is None or spec.pid_file is None:
            raise Unobservable(
                f"the {role} of an attached stack can't be held unless the profile says [processes.{role}] pid_file"
            )
        try:
            pids = [int(word) for word in Path(spec.pid_file).read_text(encoding="utf-8").split()]
        except (OSError, ValueError) as error:
            raise Unobservable(f"the {role}'s pid_file {spec.pid_file} can't be read: {error}") from error
        tree = self._trees.setdefault(role, Tree())
        strangers = [pid for pid in pids if not tree.add(pid)]
        if strangers:
            raise Unobservable(
                f"process {strangers[0]} in {spec.pid_file} is another one than before: the {role} was restarted, "
                "or its number given away; write the file anew and run again"
            )
        return tree

    def pids(self, role: Role) -> frozenset[int]:
        try:
            return self._tree(role).pids
        except Unobservable:
            return frozenset()

    def members(self, role: Role) -> list[Member]:
        try:
            tree = self._tree(role)
        except Unobservable:
            return []
        pids = tree.pids
        first = [pid for pid in tree.roots if pid in pids]
        return [Member(name=f"{role}-{pid}", role=role, pid=pid, held=tree.held) for pid in first]

    def name_of_pid(self, pid: int) -> str | None:
        roles: tuple[Role, ...] = ("api", "worker")
        for role in roles:
            with contextlib.suppress(Unobservable):
                origin = self._tree(role).origin(pid)
                if origin is not None:
                    return f"{role}-{origin}"
        return None

    async def hold(self, role: Role) -> Reached:
        tree = self._tree(role)
        names = tuple(member.name for member in self.members(role))
        if not names:
            raise Unobservable(f"no process of the {role} runs")
        file = self._profile.database.path
        pids = await asyncio.to_thread(stop_unlocked, tree, file, tell=self._stopping, told=self._continued)
        return Reached(names=names, pids=pids)

    def _stopping(self, one: Look) -> None:
        """Whatever becomes of us, what we stop goes on again."""
        if self._watchdog is None:
            self._watchdog = Watchdog()
        self._watchdog.stopping(one.pid, one.start)

    def _continued(self, pid: int, start: int) -> None:
        if self._watchdog is not None:
            self._watchdog.continued(pid, start)

    async def release(self, role: Role) -> None:
        if role in self._trees:
            await asyncio.to_thread(self._trees[role].resume, told=self._continued)

    async def kill(self, role: Role) -> Reached:
        raise not_ours(role, "kill")

    async def terminate(self, role: Role) -> None:
        raise not_ours(role, "stop")

    async def launch(self, role: Role, *, count: int | None = None) -> None:  # noqa: ARG002 - reason: the driver's signature
        raise not_ours(role, "start")

    def logs(self, name: str) -> str:
        return f"(the output of {name} is not ours to read)"


def not_ours(role: Role, to: str) -> Unobservable:
    """What can't be done with a process that somebody else started."""
    return Unobservable(
        f"the {role} of an attached stack is not ours to {to}", remedy="let the harness deploy the stack"
    )
