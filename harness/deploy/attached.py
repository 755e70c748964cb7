"""The attached deployment: a stack that already runs; nothing is started or stopped that is not ours."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from urllib.parse import urlsplit

import httpx

from harness.deploy import orders
from harness.deploy.boxed import grip, unheld
from harness.deploy.boxes import Boxes
from harness.deploy.driver import Addresses, Member, Reached, Role
from harness.deploy.grips import Grip, Undoing
from harness.deploy.looks import answered, listened
from harness.deploy.ready import seen
from harness.errors import DeployError, Unobservable
from harness.history import History
from harness.origin import at_home
from harness.profile import Profile
from harness.tls import tls


class Attached:
    """A stack at the addresses in the profile; its processes can be held where the profile says which they are."""

    manages_processes = False
    services = None

    def __init__(self, profile: Profile, history: History) -> None:
        self._profile = profile
        self._history = history
        self._undoing = Undoing()
        self._boxes = Boxes()
        self._grips: dict[str, Grip] = {}
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
        url = self._ready_url()
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

    def _ready_url(self) -> str:
        said = (one.ready.path for one in self._profile.of_role("api").values() if one.ready is not None)
        path = next((one for one in said if one is not None), self._profile.api.ready)
        return path if "://" in path else self.addresses.api + path

    async def stop(self) -> None:
        """Lets go what we hold; nothing else is ours."""
        for one in self._grips.values():
            with contextlib.suppress(Unobservable):  # what is left is the watchdog's to undo
                await asyncio.to_thread(one.let_go)
        await asyncio.to_thread(self._undoing.close)
        await asyncio.to_thread(self._boxes.close)

    def _of(self, role: Role) -> list[Grip]:
        """What there is to take hold of a role's processes; raises Unobservable where the profile names none."""
        kinds = self._profile.of_role(role)
        if not kinds:
            raise unheld(role, role)
        return [self._grip(kind) for kind in kinds]

    def _grip(self, kind: str) -> Grip:
        if kind not in self._grips:
            spec = self._profile.processes[kind]
            self._grips[kind] = grip(kind, spec, undoing=self._undoing, boxes=self._boxes, profile=self._profile)
        return self._grips[kind]

    def _known(self) -> Iterator[Grip]:
        for kind in self._profile.processes:
            with contextlib.suppress(Unobservable):
                yield self._grip(kind)

    def pids(self, role: Role) -> frozenset[int]:
        try:
            return frozenset(pid for one in self._of(role) for pid in one.pids())
        except Unobservable:
            return frozenset()

    def members(self, role: Role) -> list[Member]:
        try:
            return [member for one in self._of(role) for member in one.members()]
        except Unobservable:
            return []

    def name_of_pid(self, pid: int) -> str | None:
        return self._named(lambda one: one.name_of_pid(pid))

    def name_of_host(self, host: str) -> str | None:
        return self._named(lambda one: one.name_of_host(host))

    def _named(self, look: Callable[[Grip], str | None]) -> str | None:
        for one in self._known():
            with contextlib.suppress(Unobservable):
                name = look(one)
                if name is not None:
                    return name
        return None

    async def hold(self, role: Role) -> Reached:
        return await asyncio.to_thread(self._hold, role)

    def _hold(self, role: Role) -> Reached:
        grips = self._of(role)
        self._apart(role)
        held: list[tuple[Grip, Reached]] = []
        try:
            held.extend((one, one.hold()) for one in grips)
        except BaseException:
            for one, _ in held:
                one.release()
            raise
        return Reached(
            names=tuple(name for _, reached in held for name in reached.names),
            pids=frozenset(pid for _, reached in held for pid in reached.pids),
            unsure=frozenset(name for _, reached in held for name in reached.unsure),
        )

    def _apart(self, role: Role) -> None:
        """Raises Unobservable where a process of this role is one of another role, too: a hold would stop both."""
        mine = self.pids(role)
        for other in self._profile.roles:
            both = mine & self.pids(other) if other != role else frozenset()
            if both:
                raise Unobservable(
                    f"process {min(both)} is the {role}'s and the {other}'s, by what the profile says of them; name "
                    "each so that it is one of them alone"
                )

    async def release(self, role: Role) -> None:
        for one in self._of(role):
            await asyncio.to_thread(one.release)

    async def kill(self, role: Role) -> Reached:
        commands = self._commands(role, "kill")
        names = tuple([member.name for member in await asyncio.to_thread(self.members, role)])
        pids = await asyncio.to_thread(self.pids, role)
        await self._end(commands, "kill")
        return Reached(names=names, pids=pids)

    async def terminate(self, role: Role) -> None:
        await self._end(self._commands(role, "stop"), "stop")

    async def _end(self, commands: Mapping[str, list[str]], key: str) -> None:
        grips = [one for one in self._known() if one.kind in commands]
        for kind, command in commands.items():
            await asyncio.to_thread(orders.run, command, key=f"[processes.{kind}] {key}")
        for one in grips:
            await asyncio.to_thread(one.await_gone)
            await asyncio.to_thread(one.forget)

    async def launch(self, role: Role, *, count: int | None = None, but: Collection[str] = ()) -> None:
        """By the profile's commands, which start as many as they start, under the names that they give."""
        if but:
            raise not_ours(role, "give another name to")
        commands = self._commands(role, "restart")
        running = await asyncio.to_thread(self.members, role)
        if count and running and not self.restarts(role):
            raise not_ours(role, "start one more of")
        for kind, command in commands.items():
            await asyncio.to_thread(orders.run, command, key=f"[processes.{kind}] restart")
            if kind in self._grips:
                await asyncio.to_thread(self._grips[kind].forget)
            await self._await_ready(kind)

    async def launch_with(self, role: Role, env: Mapping[str, str]) -> None:  # noqa: ARG002 - reason: the driver's signature
        raise Unobservable(
            f"the {role} can't be given other settings for a while in a stack that runs already",
            remedy='[deploy] driver = "embedded"',
        )

    def restarts(self, role: Role) -> bool:
        kinds = self._profile.of_role(role).values()
        asked = all(isinstance(one.stop, list) for one in kinds)
        return bool(kinds) and not asked and all(one.restart for one in kinds)

    def _commands(self, role: Role, key: str) -> dict[str, list[str]]:
        """The commands by which this is done to each kind of a role; raises Unobservable where one has none."""
        found = {}
        for kind, spec in self._profile.of_role(role).items():
            command = getattr(spec, key)
            if isinstance(command, list):
                found[kind] = orders.words(command, self._profile)
        if not found or len(found) < len(self._profile.of_role(role)):
            raise not_ours(role, {"restart": "start"}.get(key, key))
        return found

    async def _await_ready(self, kind: str) -> None:
        """Returns when what a command has started is there, as the profile says; raises DeployError when it is late."""
        spec = self._profile.processes[kind]
        within = spec.start_within or self._profile.deploy.start_within
        if spec.role == "api":
            await seen(
                partial(answered, self._ready_url(), headers=self._profile.api.headers), name=kind, within=within
            )
        elif spec.ready is not None and spec.ready.path is not None:
            url = spec.ready.path if "://" in spec.ready.path else self.addresses.api + spec.ready.path
            await seen(partial(answered, url), name=kind, within=within)
        elif spec.ready is not None and isinstance(spec.ready.port, int):
            host = urlsplit(self.addresses.api).hostname or "127.0.0.1"
            await seen(partial(listened, host, spec.ready.port), name=kind, within=within)
        elif spec.found_by is not None:
            await seen(partial(self._there, kind), name=kind, within=within)

    async def _there(self, kind: str) -> str | None:
        try:
            found = await asyncio.to_thread(self._grip(kind).members)
        except Unobservable as error:
            return str(error)
        return None if found else "no process of it runs"

    def logs(self, name: str) -> str:
        return f"(the output of {name} is not ours to read)"


def not_ours(role: Role, to: str) -> Unobservable:
    """What can't be done with a process that somebody else started."""
    return Unobservable(
        f"the {role} of an attached stack is not ours to {to}", remedy="let the harness deploy the stack"
    )
