"""The deployment in containers: every part a container on a network of the run's own, reached on loopback only."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from testcontainers.core.container import DockerContainer

from harness.deploy import images, parts
from harness.deploy.driver import Addresses
from harness.deploy.embedded import DATABASE
from harness.deploy.filling import filled, placeholders, words
from harness.deploy.looks import database_answers, redis_answers
from harness.deploy.on_engine import OnEngine
from harness.deploy.parts import API_PORT, DATABASE_PORT, REDIS_PORT
from harness.deploy.processes import Process
from harness.deploy.roster import contract, postgres_settings
from harness.errors import DeployError
from harness.history import History
from harness.probes.wire import WireProbe
from harness.profile import Process as Kind
from harness.profile import Profile
from harness.profile.placeholders import fill
from harness.redact import Redactor

T = TypeVar("T")
USER = "harness"
CONFIG = "/tmp/mocks.toml"  # noqa: S108 - reason: inside a container of our own
FIRST_WIRE_PORT = 6400


async def in_turn(*starts: Callable[[], Awaitable[None]]) -> None:
    for start in starts:
        await start()


class Containers(OnEngine):
    """Everything in containers, made with testcontainers."""

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
        super().__init__(profile, history, redactor=redactor, logs=logs, stack_env=stack_env, wire=wire)
        self._password = secrets.token_urlsafe(18)
        self._published |= {part: self._ports.free() for part in ("database", "redis")}

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
        self._connect()
        self._images = images.chosen(self._client, self._profile.images)
        self._network = parts.network(self.run)
        self._network.create()

    async def _start_database(self) -> None:
        container = parts.postgres(self._images["postgres"], user=USER, password=self._password, database=DATABASE)
        port = self._published["database"]
        process = await self._start(container, "postgres", role="database", publish={DATABASE_PORT: port})

        url = f"postgresql://{USER}:{self._password}@127.0.0.1:{port}/{DATABASE}"
        await self._probed(process, partial(database_answers, url), "PostgreSQL")
        if self._profile.migrate:
            await self._migrate()

    async def _start_redis(self) -> None:
        port = self._published["redis"]
        container = parts.redis(self._images["redis"])
        process = await self._start(container, "redis", role="queue", publish={REDIS_PORT: port})

        await self._probed(process, partial(redis_answers, f"redis://127.0.0.1:{port}/0"), "Redis")

    async def _migrate(self) -> None:
        within = self._profile.deploy.start_within
        settings, known = self._settings("migrate", redis=("redis", REDIS_PORT))
        command = words(self._profile.migrate, known)
        process = await self._start(self._of_stack(command, settings), "migrate", role="migrate")
        if not await asyncio.to_thread(process.ended.wait, within):
            raise DeployError(f"`{' '.join(command)}` didn't end within {within:g} s; look at {self._output.directory}")
        await self._output.drain_one(process)
        if process.code != 0:
            raise DeployError(f"`{' '.join(command)}` {self._output.end_of(process)}")

    # the stack

    def _of_stack(self, command: list[str], settings: Mapping[str, str]) -> DockerContainer:
        return DockerContainer(self._images["stack"]).with_command(command).with_envs(**settings)

    async def _begin(self, name: str, kind: str, spec: Kind, *, until: re.Pattern[str] | None) -> Process:
        if name in self._parts:
            await self._engine(self._parts[name].remove)
        settings, known = self._settings(name, redis=await self._redis_for(name))
        self._known[name] = known
        settings |= filled(spec.env, known, of=f"[processes.{kind}] env") | self._stack_env
        container = self._of_stack(words(spec.command or [], known), settings)
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
            public_url=self._api_inside,
            database=postgres_settings(
                "postgres", DATABASE_PORT, user=USER, password=self._password, database=DATABASE
            ),
            redis=redis,
            providers=self._mocks.environment(url=f"http://mocks:{self._mocks_port}"),
        )
        known = placeholders(settings, self._profile, python="python")
        mine = filled(self._profile.env, known, of="[env]")
        return {**settings, **mine, **self._stack_env}, known

    # what a scenario does to it
