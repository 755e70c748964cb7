"""The deployment in containers: every part a container on a network of the run's own, reached on loopback only."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import redis.asyncio
from testcontainers.core.container import DockerContainer

from harness.deploy import engine, images, parts
from harness.deploy.driver import Addresses, Member, Reached, Role
from harness.deploy.embedded import DATABASE, STOP_WITHIN
from harness.deploy.filling import filled, placeholders
from harness.deploy.janitor import Janitor
from harness.deploy.launching import Launching
from harness.deploy.mocks import Mocks
from harness.deploy.output import Output
from harness.deploy.parts import API_PORT, DATABASE_PORT, MOCKS_PORT, REDIS_PORT, WIRE_PORT, Part
from harness.deploy.ports import Ports
from harness.deploy.processes import Process
from harness.deploy.ready import Look, answering, probed
from harness.deploy.roster import Roster, contract, postgres_settings
from harness.errors import DeployError, Unobservable
from harness.history import History
from harness.probes.wire import WireControl, WireProbe
from harness.profile import Process as Kind
from harness.profile import Profile
from harness.profile.placeholders import fill
from harness.profile.processes import kind_of
from harness.redact import Redactor

T = TypeVar("T")
USER = "harness"
CONFIG = "/tmp/mocks.toml"  # noqa: S108 - reason: inside a container of our own
FIRST_WIRE_PORT = 6400


async def in_turn(*starts: Callable[[], Awaitable[None]]) -> None:
    for start in starts:
        await start()


class Containers(Launching):
    """Everything in containers, made with testcontainers; `wire` is None where the queue is observed otherwise.

    The engine's calls block, so they run in threads; `stop` waits for those under way before it removes everything.
    """

    manages_processes = True

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
        self._password = secrets.token_urlsafe(18)
        self._parts: dict[str, Part] = {}
        self._known: dict[str, dict[str, str]] = {}
        self._images: dict[str, str] = {}
        self._client: Any = None
        self._network: Any = None
        self._janitor: Janitor | None = None
        self._published = {part: self._ports.free() for part in ("database", "redis", "mocks", "wire")}
        self.addresses = Addresses(api="")

    async def _engine(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    # services

    async def start_services(self) -> None:
        deploy = self._profile.deploy
        self._redactor.hide(self._password, *self._mocks.secrets)
        outside = self._ports.fixed(deploy.api_port, name="API") if deploy.api_port else self._ports.free()
        self._published["api"] = outside
        await self._engine(self._prepare)
        # two at a time: more would take processor time from what is longest, database and migration
        try:
            async with asyncio.TaskGroup() as group:
                for starts in ((self._start_database,), (self._start_redis, self._start_wire, self._start_mocks)):
                    group.create_task(in_turn(*starts))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        self.addresses = Addresses(
            api=f"http://127.0.0.1:{outside}",
            database=f"postgresql://{USER}:{self._password}@127.0.0.1:{self._published['database']}/{DATABASE}",
            redis=f"redis://127.0.0.1:{self._published['redis']}/0",
            mocks=self._mocks.url,
            twilio_account=self._mocks.twilio_account,
            sendgrid_account=self._mocks.sendgrid_account,
            mocks_token=self._mocks.token,
        )

    def _prepare(self) -> None:
        self._client = engine.connect()
        self._images = images.chosen(self._client, self._profile.images)
        engine.sweep(self._client)
        parts.reaper_where_it_is(self._client)
        self._janitor = Janitor(self.run)
        self._network = parts.network(self.run)
        self._network.create()

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

    async def _start_database(self) -> None:
        container = parts.postgres(self._images["postgres"], user=USER, password=self._password, database=DATABASE)
        port = self._published["database"]
        process = await self._start(container, "postgres", role="database", publish={DATABASE_PORT: port})

        async def look() -> str | None:
            try:
                connection = await asyncpg.connect(
                    host="127.0.0.1", port=port, user=USER, password=self._password, database=DATABASE, timeout=2
                )
            except (OSError, TimeoutError, asyncpg.PostgresError) as error:
                return str(error) or type(error).__name__
            await connection.close()
            return None

        await self._probed(process, look, "PostgreSQL")
        if self._profile.migrate:
            await self._migrate()

    async def _start_redis(self) -> None:
        port = self._published["redis"]
        container = parts.redis(self._images["redis"])
        process = await self._start(container, "redis", role="queue", publish={REDIS_PORT: port})

        async def look() -> str | None:
            async with redis.asyncio.Redis(host="127.0.0.1", port=port, socket_timeout=2) as client:
                try:
                    await client.ping()
                except (redis.exceptions.RedisError, OSError) as error:
                    return str(error)
            return None

        await self._probed(process, look, "Redis")

    async def _start_mocks(self) -> None:
        options = ["--host", "0.0.0.0", "--port", str(MOCKS_PORT), "--journal", "/tmp/mocks.jsonl"]  # noqa: S104, S108 - reason: inside a container
        container = self._tool("mock_providers", "serve", *options, "--config", CONFIG)
        text = self._mocks.configuration(api=f"http://api:{API_PORT}", webhooks=self._profile.webhooks)
        container.with_copy_into_container(text.encode(), CONFIG)
        port = self._published["mocks"]
        process = await self._start(container, "mocks", role="mocks", publish={MOCKS_PORT: port})
        url = f"http://127.0.0.1:{port}"
        look, within = f"{url}/health", self._profile.deploy.start_within
        await answering(process, look, name="the mock-providers server", output=self._output, within=within)
        await self._mocks.meet(url)

    async def _start_wire(self) -> None:
        if self._wire is None:
            return
        wire, port = self._wire, self._published["wire"]
        container = self._tool("harness.wire", "--control", str(WIRE_PORT))
        process = await self._start(container, "wire", role="wire", publish={WIRE_PORT: port})

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

    async def _migrate(self) -> None:
        within = self._profile.deploy.start_within
        settings, known = self._settings("migrate", redis=("redis", REDIS_PORT))
        command = self._command(self._profile.migrate, known)
        process = await self._start(self._of_stack(command, settings), "migrate", role="migrate")
        if not await asyncio.to_thread(process.ended.wait, within):
            raise DeployError(f"`{' '.join(command)}` didn't end within {within:g} s; look at {self._output.directory}")
        await self._output.drain_one(process)
        if process.code != 0:
            raise DeployError(f"`{' '.join(command)}` {self._output.end_of(process)}")

    # the stack

    def _of_stack(self, command: list[str], settings: Mapping[str, str]) -> DockerContainer:
        return DockerContainer(self._images["stack"]).with_command(command).with_envs(**settings)

    async def _begin(self, kind: str, spec: Kind, *, until: re.Pattern[str] | None) -> Process:
        name = self._roster.free_name(kind)
        if name in self._parts:
            await self._engine(self._parts[name].remove)
        settings, known = self._settings(name, redis=await self._redis_for(name))
        self._known[name] = known
        settings |= filled(spec.env, known, of=f"[processes.{kind}] env") | self._stack_env
        container = self._of_stack(self._command(spec.command or [], known), settings)
        # another than the first has no port on the host: one port leads to one container
        first = name == f"{next(iter(self._profile.of_role('api')))}-1"
        more: dict[str, Any] = {} if spec.cwd is None else {"working_dir": fill(spec.cwd, known)}
        if isinstance(spec.stop, str):
            more["stop_signal"] = spec.stop
        process = await self._start(
            container,
            name,
            role=spec.role,
            aliases=(spec.role, kind),
            publish={API_PORT: self._published["api"]} if first else None,
            until=until,
            member=True,
            **more,
        )
        self._roster.started(process, image=self._images["stack"], container=self._parts[name].wrapped.short_id)
        return process

    def _tcp_of(self, process: Process, port: int | None) -> tuple[str, int]:
        """On its own address: whoever publishes a port for it accepts connections before it does."""
        return self._parts[process.name].address, API_PORT if port is None else port

    async def _redis_for(self, name: str) -> tuple[str, int]:
        """Where a process reaches Redis: a port of the wire's of its own, so that we know who speaks."""
        if self._wire_control is None:
            return "redis", REDIS_PORT
        if name not in self._wire_ports:
            port = self._wire_ports[name] = FIRST_WIRE_PORT + len(self._wire_ports)
            upstream = ["redis", REDIS_PORT]
            await self._wire_control.ask("listen", process=name, host="0.0.0.0", port=port, upstream=upstream)  # noqa: S104 - reason: inside a container
        return "wire", self._wire_ports[name]

    def _settings(self, name: str, *, redis: tuple[str, int]) -> tuple[dict[str, str], dict[str, str]]:
        """The environment of one process, and what its placeholders stand for."""
        settings = contract(
            name=name,
            listen=("0.0.0.0", API_PORT),  # noqa: S104 - reason: inside a container
            public_url=f"http://api:{API_PORT}",
            database=postgres_settings(
                "postgres", DATABASE_PORT, user=USER, password=self._password, database=DATABASE
            ),
            redis=redis,
            providers=self._mocks.environment(url=f"http://mocks:{MOCKS_PORT}"),
        )
        known = placeholders(settings, self._profile, python="python")
        mine = filled(self._profile.env, known, of="[env]")
        return {**settings, **mine, **self._stack_env}, known

    @staticmethod
    def _command(command: list[str], known: Mapping[str, str]) -> list[str]:
        return [fill(word, known, what="the command") for word in command]

    # what a scenario does to it

    def members(self, role: Role) -> list[Member]:
        return [replace(member, pid=self._parts[member.name].pid) for member in self._roster.members(role)]

    def _of(self, role: Role) -> list[Part]:
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

    def _ask_to_stop(self, part: Part) -> None:
        """By the signal that its profile says, or the command, which runs in its container."""
        stop = self._profile.processes[kind_of(part.name)].stop
        if isinstance(stop, list):
            part.wrapped.exec_run(self._command(stop, self._known[part.name]))
            part.await_end(STOP_WITHIN)
        part.wrapped.stop(timeout=STOP_WITHIN)

    async def _end(self, role: Role, end: Callable[[Part], None]) -> None:
        for part in self._of(role):
            self._roster.expect_exit(part.name)
            await self._engine(partial(end, part))
            await self._engine(part.join)

    async def disconnect(self, role: Role) -> None:
        """Takes all containers of a role off the network; raises Unobservable when none runs."""
        await self._network_of(role, Part.disconnect)

    async def reconnect(self, role: Role) -> None:
        """Puts them back, under the names that they had."""
        await self._network_of(role, Part.reconnect)

    async def _network_of(self, role: Role, do: Callable[[Part], None]) -> None:
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
            list(removers.map(Part.remove, list(self._parts.values())))
        if self._client is not None:
            engine.remove(self._client, self.run)
            self._client.close()
        if self._janitor is not None:
            self._janitor.dismiss()
