"""What every deployment on a container engine has: mocks and wire beside the stack, holds by the engine's pause."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from testcontainers.core.container import DockerContainer

from harness.deploy import engine, parts
from harness.deploy.contained import Contained
from harness.deploy.driver import Addresses, Member, Reached, Role
from harness.deploy.embedded import STOP_WITHIN
from harness.deploy.filling import words
from harness.deploy.janitor import Janitor
from harness.deploy.launching import Launching
from harness.deploy.mocks import Mocks, hosts_in
from harness.deploy.output import Output
from harness.deploy.parts import API_PORT, MOCKS_PORT, WIRE_PORT, Part
from harness.deploy.ports import Ports
from harness.deploy.processes import Process
from harness.deploy.ready import Look, answering, probed
from harness.deploy.roster import Roster
from harness.errors import DeployError, Unobservable
from harness.history import History
from harness.probes.wire import WireControl, WireProbe
from harness.profile import Profile
from harness.profile.processes import kind_of
from harness.redact import Redactor

T = TypeVar("T")
USER = "harness"
CONFIG = "/tmp/mocks.toml"  # noqa: S108 - reason: inside a container of our own
FIRST_WIRE_PORT = 6400


async def in_turn(*starts: Callable[[], Awaitable[None]]) -> None:
    for start in starts:
        await start()


class OnEngine(Launching):
    """Containers on an engine; `wire` is None where the queue is observed otherwise.

    The engine's calls block, so they run in threads; `stop` waits for those under way before it removes everything.
    """

    manages_processes = True
    services = None
    _beside: Mapping[str, str] = {"mocks": "mocks", "wire": "wire"}
    """What our own parts are called on the network."""
    _api_inside = f"http://api:{API_PORT}"
    """Where the stack's API is on the network."""

    def __init__(
        self,
        profile: Profile,
        history: History,
        *,
        redactor: Redactor,
        logs: Path,
        stack_env: Mapping[str, str],
        wire: WireProbe | None,
    ) -> None:
        self._profile = profile
        self._history = history
        self._redactor = redactor
        self._stack_env = dict(stack_env)
        self._wire = wire
        self._wire_control: WireControl | None = None
        self._wire_ports: dict[str, int] = {}
        self.run = secrets.token_hex(6)
        self._roster = Roster(history)
        logs.mkdir(parents=True, exist_ok=True)
        self._output = Output(logs, on_line=self._roster.line, redact=redactor)
        self._roster.last_words = self._output.tail
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="harness-engine")
        self._ports = Ports()
        self._mocks = Mocks(token=secrets.token_urlsafe(18))
        self._parts: dict[str, Contained] = {}
        self._known: dict[str, dict[str, str]] = {}
        self._images: dict[str, str] = {}
        self._mocks_port = profile.providers.port or MOCKS_PORT
        self._client: Any = None
        self._network: Any = None
        self._janitor: Janitor | None = None
        self._published = {part: self._ports.free() for part in ("mocks", "wire")}
        self.addresses = Addresses(api="")

    async def _engine(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    def _connect(self) -> None:
        """Reaches the engine; what dead owners left is removed, and if we die, so is this."""
        self._client = engine.connect()
        engine.sweep(self._client)
        parts.reaper_where_it_is(self._client)
        self._janitor = Janitor(self.run)

    async def _start(
        self,
        container: DockerContainer,
        name: str,
        *,
        role: str,
        aliases: Sequence[str] = (),
        publish: dict[int, int] | None = None,
        until: re.Pattern[str] | None = None,
        member: bool = False,
        **more: Any,
    ) -> Process:
        part = Part(
            container,
            run=self.run,
            name=name,
            role=role,
            aliases=aliases,
            network=self._network,
            on_exit=self._roster.exited,
            publish=publish,
            member=member,
            **more,
        )
        self._parts[name] = part
        process = await self._engine(part.start)
        await self._output.follow(process, until=until)
        return process

    async def _probed(self, process: Process, look: Look, name: str) -> None:
        await probed(process, look, name=name, output=self._output, within=self._profile.deploy.start_within)

    async def _start_mocks(self) -> None:
        options = ["--host", "0.0.0.0", "--port", str(self._mocks_port), "--journal", "/tmp/mocks.jsonl"]  # noqa: S104, S108 - reason: inside a container
        container = self._tool("mock_providers", "serve", *options, "--config", CONFIG)
        profile = self._profile
        called = hosts_in(profile.env, *(kind.env for kind in profile.processes.values()), self._stack_env)
        called |= set(self._hosts_of_the_stack())
        text = self._mocks.configuration(api=self._api_inside, webhooks=profile.webhooks, called=called)
        container.with_copy_into_container(text.encode(), CONFIG)
        port = self._published["mocks"]
        process = await self._start(
            container,
            self._beside["mocks"],
            role="mocks",
            publish={self._mocks_port: port},
            aliases=self._profile.providers.names,
        )
        url = f"http://127.0.0.1:{port}"
        look, within = f"{url}/health", self._profile.deploy.start_within
        await answering(process, look, name="the mock-providers server", output=self._output, within=within)
        await self._mocks.meet(url)

    def _hosts_of_the_stack(self) -> Iterable[str]:
        """Names by which the stack's own parts reach each other: it may have its callbacks sent there."""
        return [name for kind, spec in self._profile.processes.items() for name in (kind, spec.role)]

    async def _start_wire(self) -> None:
        if self._wire is None:
            return
        wire, port = self._wire, self._published["wire"]
        container = self._tool("harness.wire", "--control", str(WIRE_PORT))
        process = await self._start(container, self._beside["wire"], role="wire", publish={WIRE_PORT: port})

        async def look() -> str | None:
            control = None
            try:
                ours = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", port), 2)
                ours.setblocking(False)
                control = wire.connect(ours)
                await control.start()
                await control.ask("settle")
            except (OSError, DeployError) as error:
                if control is not None:
                    await control.stop()
                return str(error)
            self._wire_control = control
            return None

        await self._probed(process, look, "the wire")

    def _tool(self, module: str, *words: str) -> DockerContainer:
        return DockerContainer(self._images["tools"]).with_command(["python", "-m", module, *words])

    # what a scenario does to it

    def members(self, role: Role) -> list[Member]:
        return [replace(member, pid=self._parts[member.name].pid) for member in self._roster.members(role)]

    def _of(self, role: Role) -> list[Contained]:
        return [self._parts[process.name] for process in self._roster.of(role)]

    def pids(self, role: Role) -> frozenset[int]:
        found = (member.pid for member in self.members(role))
        return frozenset(pid for pid in found if pid is not None)

    def name_of_pid(self, pid: int) -> str | None:
        found = (member for role in self._profile.roles for member in self.members(role))
        return next((member.name for member in found if member.pid == pid), None)

    def name_of_host(self, host: str) -> str | None:
        found = (member for role in self._profile.roles for member in self.members(role))
        return next((member.name for member in found if self._parts[member.name].address == host), None)

    async def hold(self, role: Role) -> Reached:
        """Docker's pause reaches every process of a container, also one that came in by `exec`."""
        for part in self._of(role):
            if part.name not in self._roster.held:
                await self._engine(part.wrapped.pause)
            self._roster.held.add(part.name)
        return Reached(names=tuple(part.name for part in self._of(role)), pids=self.pids(role))

    async def release(self, role: Role) -> None:
        for part in self._of(role):
            if part.name in self._roster.held:
                await self._engine(part.wrapped.unpause)
                self._roster.held.discard(part.name)

    async def kill(self, role: Role) -> Reached:
        reached = Reached(names=tuple(part.name for part in self._of(role)), pids=self.pids(role))
        await self._end(role, lambda part: part.wrapped.kill())
        return reached

    async def terminate(self, role: Role) -> None:
        await self._end(role, self._ask_to_stop)

    def _ask_to_stop(self, part: Contained) -> None:
        """By the signal that its profile says, or the command, which runs in its container."""
        stop = self._profile.processes[kind_of(part.name)].stop
        if isinstance(stop, list):
            part.wrapped.exec_run(words(stop, self._known[part.name]))
            part.await_end(STOP_WITHIN)
        part.wrapped.stop(timeout=int(STOP_WITHIN))

    async def _end(self, role: Role, end: Callable[[Contained], None]) -> None:
        for part in self._of(role):
            self._roster.expect_exit(part.name)
            await self._engine(partial(end, part))
            await self._engine(part.join)

    async def disconnect(self, role: Role) -> None:
        """Takes all containers of a role off the network; raises Unobservable when none runs."""
        await self._network_of(role, Contained.disconnect)

    async def reconnect(self, role: Role) -> None:
        """Puts them back, under the names that they had."""
        await self._network_of(role, Contained.reconnect)

    async def _network_of(self, role: Role, do: Callable[[Contained], None]) -> None:
        found = self._of(role)
        if not found:
            raise Unobservable(f"no container of the {role} runs")
        for part in found:
            await self._engine(partial(do, part))

    async def stop(self) -> None:
        self._roster.expect_exit()
        await asyncio.to_thread(self._remove_everything)
        await self._output.drain()
        self._ports.close()

    def _remove_everything(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        with ThreadPoolExecutor(max_workers=8) as removers:
            list(removers.map(Contained.remove, list(self._parts.values())))
        self._remove_more()
        if self._client is not None:
            engine.remove(self._client, self.run)
            self._client.close()
        if self._janitor is not None:
            self._janitor.dismiss()

    def _remove_more(self) -> None:
        """What isn't ours to make alone: after our own parts are gone, before what is left is swept."""
