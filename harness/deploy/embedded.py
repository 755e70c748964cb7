"""The embedded deployment: real servers from wheels and the stack's own processes, on loopback, gone when we are."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import asyncpg

from harness.deploy import postgres, valkey
from harness.deploy.driver import Addresses, Reached, Role
from harness.deploy.filling import filled, placeholders, words
from harness.deploy.launching import Launching
from harness.deploy.mocks import Mocks, hosts_in
from harness.deploy.output import Output
from harness.deploy.ports import Ports
from harness.deploy.processes import Process, Processes
from harness.deploy.roster import KEEPER, Roster, contract, postgres_settings, sqlite_settings
from harness.deploy.services import Server, Services
from harness.deploy.tree import Tree
from harness.deploy.unlocked import stop_unlocked
from harness.errors import DeployError
from harness.history import History
from harness.probes.wire import WireControl, WireProbe
from harness.profile import Process as Kind
from harness.profile import Profile
from harness.profile.database import sqlite_path
from harness.profile.placeholders import fill
from harness.profile.processes import kind_of
from harness.redact import Redactor
from harness.vitals import died

DATABASE = "messaging"
STOP_WITHIN = 10.0
"""Seconds that a process has to end once it was asked to."""


class Embedded(Launching):
    """Everything as child processes on 127.0.0.1; `wire` is None where the profile observes the queue otherwise.

    With `database_wire` each process of the stack reaches PostgreSQL through the wire, too.
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
        database_wire: bool = False,
    ) -> None:
        self._profile = profile
        self._history = history
        self._roster = Roster(history)
        self._redactor = redactor
        self._stack_env = dict(stack_env)
        self._wire = wire
        self._wire_control: WireControl | None = None
        self._database_wire = database_wire and profile.database.kind == "postgres"
        self._ports = Ports()
        self._processes = Processes(on_exit=self._roster.exited, on_gone=self._keeper_gone)
        self._trees: dict[str, Tree] = {}
        self._postgres: asyncio.Task[postgres.Postgres] | None = None
        self._directory = self._processes.directory()
        logs.mkdir(parents=True, exist_ok=True)
        self._output = Output(logs, on_line=self._line, redact=redactor)
        self._roster.last_words = self._output.tail
        self._wire_ports: dict[tuple[str, str], int] = {}
        self._mocks = Mocks()
        self.services = Services(output=self._output, roster=self._roster, start_within=profile.deploy.start_within)
        self._servers: list[postgres.Postgres] = []
        self._more_env: dict[Role, Mapping[str, str]] = {}
        self._password = secrets.token_urlsafe(18)
        self._api_port = 0
        self._postgres_port = 0
        self._redis_port = 0
        self.addresses = Addresses(api="")

    # services

    async def start_services(self) -> None:
        deploy = self._profile.deploy
        self._redactor.hide(self._password, *self._mocks.secrets)
        self._api_port = self._ports.fixed(deploy.api_port, name="API") if deploy.api_port else self._ports.free()
        self._postgres_port, self._redis_port = self._ports.free(), self._ports.free()
        api = f"http://127.0.0.1:{self._api_port}"
        starts = [self._start_redis(), self._start_mocks(api), self._start_wire()]
        if self._profile.database.kind == "postgres":
            starts.insert(0, self._start_postgres())
        try:
            async with asyncio.timeout(deploy.start_within), asyncio.TaskGroup() as group:
                for start in starts:
                    group.create_task(start)
        except TimeoutError as error:
            raise DeployError(
                f"the services were not ready within {deploy.start_within:g} s; look at the logs in "
                f"{self._output.directory}, or raise [deploy] start_within"
            ) from error
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        self.addresses = Addresses(
            api=api,
            database=self._database_url(),
            redis=f"redis://127.0.0.1:{self._redis_port}/0",
            mocks=self._mocks.url,
            twilio_account=self._mocks.twilio_account,
            sendgrid_account=self._mocks.sendgrid_account,
        )
        if self._profile.migrate:
            await self._migrate()

    def _database_url(self) -> str | None:
        match self._profile.database.kind:
            case "postgres":
                return f"postgresql://{postgres.SUPERUSER}:{self._password}@127.0.0.1:{self._postgres_port}/{DATABASE}"
            case "sqlite":
                return self._database()["DATABASE_URL"]
        return None

    def _database(self, *, port: int | None = None) -> dict[str, str]:
        """The settings by which a process finds the database; at a port of the wire's, where it is to go through it."""
        match self._profile.database.kind:
            case "postgres":
                user = {"user": postgres.SUPERUSER, "password": self._password, "database": DATABASE}
                return postgres_settings("127.0.0.1", port or self._postgres_port, **user)
            case "sqlite":
                own = self._directory / "database"
                own.mkdir(exist_ok=True)
                path = self._profile.database.path
                return sqlite_settings(path.absolute() if path else own / f"{DATABASE}.db")
        return {}

    async def _start_postgres(self) -> None:
        directory = postgres.binaries(self._profile.deploy.postgres_bin)
        starting = asyncio.to_thread(
            postgres.start,
            self._processes,
            bin_directory=directory,
            directory=self._directory,
            port=self._postgres_port,
        )
        self._postgres = asyncio.create_task(starting)
        server = await asyncio.shield(self._postgres)  # the thread can't be ended: `stop` waits for it
        await self._await_line(server.process, postgres.READY)
        self._servers.append(server)

        def again() -> Process:
            self._servers.append(
                postgres.run(
                    self._processes, bin_directory=directory, directory=self._directory, port=self._postgres_port
                )
            )
            return self._servers[-1].process

        self.services.add("postgres", Server(process=server.process, spawn=again, ready=postgres.READY))
        connection = await asyncpg.connect(
            host=str(server.socket_directory), port=server.port, user=postgres.SUPERUSER, database="postgres"
        )
        try:
            quoted = self._password.replace("'", "''")
            await connection.execute(f"ALTER ROLE {postgres.SUPERUSER} PASSWORD '{quoted}'")
            await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()

    async def _start_redis(self) -> None:
        binary = valkey.binary(self._profile.deploy.redis_server)

        def start() -> Process:
            return valkey.start(self._processes, binary=binary, directory=self._directory, port=self._redis_port)

        process = start()
        await self._await_line(process, valkey.READY)
        self.services.add("redis", Server(process=process, spawn=start, ready=valkey.READY))

    async def _start_mocks(self, api: str) -> None:
        profile = self._profile
        called = hosts_in(profile.env, *(kind.env for kind in profile.processes.values()), self._stack_env)
        config, announce = self._mocks.configure(self._directory, api=api, webhooks=profile.webhooks, called=called)
        process = self._processes.spawn(
            *self._mocks.command(config, announce, journal=self._directory / "mocks.jsonl"),
            name="mocks",
            role="mocks",
            env=dict(os.environ),
            cwd=self._directory,
        )
        await self._output.follow(process)
        await self._mocks.ready(announce, process, output=self._output)

    async def _start_wire(self) -> None:
        if self._wire is None:
            return
        ours, theirs = socket.socketpair()
        process = self._processes.spawn(
            sys.executable,
            *("-m", "harness.wire"),
            name="wire",
            role="wire",
            env=dict(os.environ),
            cwd=self._directory,
            control=theirs,
        )
        theirs.close()
        await self._output.follow(process)
        self._wire.has_database = self._database_wire
        self._wire_control = self._wire.connect(ours)
        await self._wire_control.start()
        await self._wire_control.ask("settle")

    async def _migrate(self) -> None:
        env, known = self._settings("migrate")
        process = self._processes.spawn(
            *words(self._profile.migrate, known), name="migrate", role="migrate", env=env, cwd=self._home(known)
        )
        await self._output.follow(process)
        if not await asyncio.to_thread(process.ended.wait, self._profile.deploy.start_within):
            raise DeployError(
                f"`{' '.join(self._profile.migrate)}` didn't end; look at the logs in {self._output.directory}"
            )
        await self._output.drain_one(process)
        if process.code != 0:
            raise DeployError(f"`{' '.join(self._profile.migrate)}` {self._output.end_of(process)}")

    async def _await_line(self, process: Process, text: str) -> None:
        await self._output.follow(process)
        if not await self._output.await_line(process, text, within=self._profile.deploy.start_within):
            raise DeployError(f"{process.name} {self._output.end_of(process, when=' at its start')}")

    # the stack

    async def _begin(self, name: str, kind: str, spec: Kind, *, until: re.Pattern[str] | None) -> Process:
        await self._listen_for(name)
        settings, known = self._settings(name)
        process = self._processes.spawn(
            *words(spec.command or [], known),
            name=name,
            role=spec.role,
            env={
                **settings,
                **filled(spec.env, known, of=f"[processes.{kind}] env"),
                **self._stack_env,
                **self._more_env.get(spec.role, {}),
            },
            cwd=self._cwd(spec, known),
            stop_signal=signal.Signals[spec.stop] if isinstance(spec.stop, str) else signal.SIGTERM,
            member=True,
        )
        self._trees[name] = Tree(process.pid, mark=self._processes.mark(process))
        self._roster.started(process)
        await self._output.follow(process, until=until)
        return process

    def _cwd(self, spec: Kind, known: Mapping[str, str]) -> Path:
        return self._home(known) if spec.cwd is None else self._profile.folder / fill(spec.cwd, known)

    def _home(self, known: Mapping[str, str]) -> Path:
        """Where the stack's processes run that say nothing else; raises DeployError where that is no folder."""
        if self._profile.cwd is None:
            return Path.cwd()
        home = self._profile.folder / fill(self._profile.cwd, known)
        if not home.is_dir():
            raise DeployError(f"cwd = {self._profile.cwd!r} is no folder: there is no {home}; mend it in the profile")
        return home

    def _tcp_of(self, process: Process, port: int | None) -> tuple[str, int]:  # noqa: ARG002 - reason: of containers
        return "127.0.0.1", self._api_port if port is None else port

    async def _listen_for(self, name: str) -> None:
        """Gives a process ports of the wire's, of its own, by which it reaches the services: so we know who speaks."""
        if self._wire_control is None:
            return
        upstreams = {"redis": self._redis_port} | ({"postgres": self._postgres_port} if self._database_wire else {})
        for part, upstream in upstreams.items():
            if (name, part) not in self._wire_ports:
                port = self._wire_ports[name, part] = self._ports.free()
                where = {"host": "127.0.0.1", "port": port, "upstream": ["127.0.0.1", upstream]}
                await self._wire_control.ask("listen", process=name, part=part, **where)

    def _settings(self, name: str) -> tuple[dict[str, str], dict[str, str]]:
        """The environment of one process, and what its placeholders stand for."""
        settings = contract(
            name=name,
            listen=("127.0.0.1", self._api_port),
            public_url=f"http://127.0.0.1:{self._api_port}",
            database=self._database(port=self._wire_ports.get((name, "postgres"))),
            redis=("127.0.0.1", self._wire_ports.get((name, "redis"), self._redis_port)),
            providers=self._mocks.environment(),
        )
        known = placeholders(settings, self._profile, python=sys.executable)
        mine = filled(self._profile.env, known, of="[env]")
        return {**os.environ, **settings, **mine, **self._stack_env}, known

    # what a scenario does to it

    def pids(self, role: Role) -> frozenset[int]:
        return frozenset(pid for process in self._roster.of(role) for pid in self._trees[process.name].pids)

    def name_of_pid(self, pid: int) -> str | None:
        return next((name for name, tree in self._trees.items() if tree.origin(pid) is not None), None)

    async def hold(self, role: Role) -> Reached:
        pids: set[int] = set()
        for process in self._roster.of(role):
            pids |= await asyncio.to_thread(
                stop_unlocked, self._trees[process.name], sqlite_path(self.addresses.database)
            )
            self._roster.held.add(process.name)
        return Reached(names=tuple(process.name for process in self._roster.of(role)), pids=frozenset(pids))

    async def release(self, role: Role) -> None:
        for process in self._roster.of(role):
            tree = self._trees[process.name]
            await asyncio.to_thread(tree.resume)
            if not tree.held:
                self._roster.held.discard(process.name)

    async def kill(self, role: Role) -> Reached:
        names = tuple(process.name for process in self._roster.of(role))
        return Reached(names=names, pids=await self._end(role))

    async def launch_with(self, role: Role, env: Mapping[str, str]) -> None:
        self._more_env[role] = env
        try:
            await self.launch(role)
        finally:
            del self._more_env[role]

    async def terminate(self, role: Role) -> None:
        await self._end(role, self._ask_to_stop)

    async def _ask_to_stop(self, process: Process) -> None:
        """By the signal that its profile says, or the command; who doesn't end by that is asked by SIGTERM."""
        kind = kind_of(process.name)
        spec = self._profile.processes[kind]
        if isinstance(spec.stop, list):
            settings, known = self._settings(process.name)
            asker = self._processes.spawn(
                *words(spec.stop, known),
                name=f"{process.name}-stop",
                role="stop",
                env=settings | filled(spec.env, known, of=f"[processes.{kind}] env") | self._stack_env,
                cwd=self._cwd(spec, known),
            )
            await self._output.follow(asker)
            await asyncio.to_thread(process.ended.wait, STOP_WITHIN)
        await asyncio.to_thread(self._processes.stop, [process], within=STOP_WITHIN)

    async def _end(self, role: Role, ask: Callable[[Process], Awaitable[None]] | None = None) -> frozenset[int]:
        """Asks each process to end, where there is a way to ask, and ends what is left of its tree then."""
        pids: set[int] = set()
        for process in self._roster.of(role):
            self._roster.expect_exit(process.name)
            tree = self._trees[process.name]
            pids |= tree.pids
            if ask is not None:
                await ask(process)
            pids |= await asyncio.to_thread(tree.kill)
            await asyncio.to_thread(process.ended.wait, 10)
            self._roster.held.discard(process.name)
        return frozenset(pids)

    def _line(self, process: Process, line: str) -> None:
        self.services.hear(process, line)
        self._roster.line(process, line)

    def _keeper_gone(self) -> None:
        died(self._history, KEEPER, "it has ended, and all that it kept with it")

    async def stop(self) -> None:
        self._roster.expect_exit()
        if self._postgres is not None:
            await asyncio.wait({self._postgres})  # what it copies after all was removed would stay
        await asyncio.to_thread(self._processes.close)
        if self._postgres is not None and self._postgres.exception() is None:
            for server in {*self._servers, self._postgres.result()}:
                server.forget()
        await self._output.drain()
        self._ports.close()
