"""The deployment by compose: the user's own compose file, with our mocks and wire beside it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

from testcontainers.core.network import Network

from harness.deploy import engine, images
from harness.deploy.boxes import PROJECT, SERVICE
from harness.deploy.contained import Contained
from harness.deploy.driver import Addresses
from harness.deploy.engine import RUN
from harness.deploy.filling import filled, placeholders, words
from harness.deploy.looks import database_answers, redis_answers
from harness.deploy.on_engine import FIRST_WIRE_PORT, OnEngine
from harness.deploy.overlay import Copy, moved, overlaid, place
from harness.deploy.parts import API_PORT, DATABASE_PORT, REDIS_PORT
from harness.deploy.processes import Process
from harness.deploy.project import Project
from harness.deploy.ready import Look, seen
from harness.errors import DeployError
from harness.profile import Process as Kind
from harness.profile import Profile
from harness.profile.placeholders import fill

SPARE = 2
"""Containers of each kind beyond the profile's number that a scenario may start."""


class Service(Contained):
    """A container that compose makes of a service."""

    def __init__(self, service: str, *, project: Project, client: Any, **known: Any) -> None:
        super().__init__(**known)
        self._service = service
        self._project = project
        self._client = client
        self._found: Any = None

    def make(self) -> None:
        # what it waits for was started, or has done its work, before
        self._project.up(self._service, options=("--no-deps",))
        self._found = self._one()

    def _one(self) -> Any:
        labels = [f"{PROJECT}={self._project.name}", f"{SERVICE}={self._service}"]
        found = self._client.containers.list(all=True, filters={"label": labels})
        if not found:
            raise DeployError(f"compose has made no container of the service {self._service}")
        return found[0]

    @property
    def wrapped(self) -> Any:
        return self._found

    def remove(self) -> None:
        import docker.errors

        if self._found is not None:
            try:
                self._found.remove(force=True, v=True)
            except docker.errors.NotFound:
                pass
            except docker.errors.APIError as error:
                raise DeployError(f"the container {self.name} can't be removed: {error.explanation}") from error
        self.join()


class Composed(OnEngine):
    """The services of a compose file; those that the profile names are the stack's processes."""

    _beside: Mapping[str, str] = {"mocks": "harness-mocks", "wire": "harness-wire"}

    def __init__(self, profile: Profile, *rest: Any, **more: Any) -> None:
        super().__init__(profile, *rest, **more)
        self._folder = TemporaryDirectory(prefix="messaging-harness-compose-")
        self._project: Project | None = None
        self._config: dict[str, Any] = {}
        self._publish: dict[str, dict[int, int]] = {}
        self._redis: tuple[str, int] | None = None
        self._port = API_PORT
        self._up: list[str] = []

    @property
    def project(self) -> Project:
        if self._project is None:
            raise DeployError("compose has not been asked yet")
        return self._project

    # services

    async def start_services(self) -> None:
        deploy = self._profile.deploy
        self._redactor.hide(*self._mocks.secrets)
        outside = self._ports.fixed(deploy.api_port, name="API") if deploy.api_port else self._ports.free()
        await self._engine(self._prepare)
        self.addresses = Addresses(
            api=f"http://127.0.0.1:{outside}",
            mocks=f"http://127.0.0.1:{self._published['mocks']}",
            twilio_account=self._mocks.twilio_account,
            sendgrid_account=self._mocks.sendgrid_account,
            mocks_token=self._mocks.token,
        )
        services = self._reached(outside)
        await self._engine(partial(self._write, {}))
        await self._engine(partial(self.project.run, "up", "--no-start", "--no-deps", *self._services()))
        await self._engine(self._join)
        await self._start_mocks()
        await self._engine(partial(self._connect_to_all, self._beside["mocks"]))
        await self._start_others(services)
        if self._wire is not None:
            await self._start_wire()
            await self._engine(partial(self._connect_to_all, self._beside["wire"]))
        await self._engine(partial(self._write, await self._copies()))
        if self._profile.migrate:
            await self._migrate()

    async def _start_others(self, services: list[str]) -> None:
        """Starts what the profile's addresses name, and what the processes wait for; returns when it is ready."""
        awaited = self._awaited()
        self._up = list(dict.fromkeys([*services, *awaited]))
        within = self._profile.deploy.start_within
        if services:
            await self._engine(partial(self.project.up, *services))
        if self.addresses.redis:
            await seen(self._alive(services, partial(redis_answers, self.addresses.redis)), name="Redis", within=within)
        if self.addresses.database:
            look = self._alive(services, partial(database_answers, self.addresses.database))
            await seen(look, name="PostgreSQL", within=within)
        if awaited:
            await self._engine(partial(self.project.up, *awaited))
        for service, condition in awaited.items():
            if condition == "service_completed_successfully":
                await seen(partial(self._engine, partial(self._undone, service)), name=service, within=within)

    def _awaited(self) -> dict[str, str]:
        """The services that the stack's processes wait for, and until when."""
        found: dict[str, str] = {}
        for service in self._services():
            said = self._config["services"][service].get("depends_on") or {}
            known = dict.fromkeys(said) if isinstance(said, list) else said
            found |= {name: str((how or {}).get("condition", "")) for name, how in known.items()}
        return {name: condition for name, condition in found.items() if name not in self._services()}

    def _alive(self, services: list[str], look: Look) -> Look:
        """The same look; raises DeployError with what it said where one of the services has ended."""

        def ended() -> str | None:
            for box in self._boxes(*services):
                if box.status == "exited":
                    raise DeployError(f"the service {box.labels[SERVICE]} ended with {told(box)}")
            return None

        async def both() -> str | None:
            return await self._engine(ended) or await look()

        return both

    def _boxes(self, *services: str) -> list[Any]:
        mine = {"label": [f"{PROJECT}={self.project.name}"]}
        found = self._client.containers.list(all=True, filters=mine)
        return [box for box in found if not services or box.labels.get(SERVICE) in services]

    def _undone(self, service: str) -> str | None:
        """What a service that is to end well, such as a migration, does instead; raises DeployError where it won't."""
        for box in self._boxes(service):
            if box.status != "exited":
                return f"it is {box.status}"
            if box.attrs["State"]["ExitCode"]:
                if box.attrs["HostConfig"]["RestartPolicy"]["Name"] in ("", "no"):
                    raise DeployError(f"the service {service} ended with {told(box)}")
                return f"it ended with {told(box)}"
        return None

    def _prepare(self) -> None:
        file = self._file()
        self._connect()
        tools = self._profile.images.tools
        self._images = {"tools": images.first(self._client, tools, part="tools")}
        self._project = Project(f"{RUN}-{self.run}", file)
        self._config = self._project.config()
        known = self._config.get("services") or {}
        for kind in self._profile.processes:
            service = self._service(kind)
            if service not in known:
                raise DeployError(
                    f"[processes.{kind}] service = {service!r}: {file} has no such service; it has "
                    f"{', '.join(sorted(known))}"
                )
            if known[service].get("network_mode"):
                raise DeployError(
                    f"the service {service} has a network_mode, so nothing of ours can be reached from it"
                )

    def _file(self) -> Path:
        file = self._profile.folder / self._profile.deploy.compose
        if not file.is_file():
            others = sorted(one.name for one in self._profile.folder.glob("*compose*.y*ml"))
            here = f"; there is {', '.join(others)}" if others else ""
            raise DeployError(f"[deploy] compose = {self._profile.deploy.compose!r}: there is no file {file}{here}")
        return file

    def _service(self, kind: str) -> str:
        return self._profile.processes[kind].service or kind

    def _services(self) -> list[str]:
        return [self._service(kind) for kind in self._profile.processes]

    def _reached(self, outside: int) -> list[str]:
        """Publishes what the profile's addresses name; returns the services of those that are no processes."""
        api = self._service(next(iter(self._profile.of_role("api"))))
        if self._profile.api.url:
            _, self._port = place(self._profile.api.url, self._config, key="[api] url", port=80)
        self._publish = {api: {self._port: outside}}
        self._api_inside = f"http://{api}:{self._port}"
        found: list[str] = []
        if self._profile.queue.url is not None:
            self._redis = place(self._profile.queue.url, self._config, key="[queue] url", port=REDIS_PORT)
            url = moved(self._profile.queue.url, self._published_for(*self._redis))
            self.addresses = replace(self.addresses, redis=url)
            found.append(self._redis[0])
        if self._profile.database.url is not None:
            database = place(self._profile.database.url, self._config, key="[database] url", port=DATABASE_PORT)
            url = moved(self._profile.database.url, self._published_for(*database))
            self.addresses = replace(self.addresses, database=url)
            found.append(database[0])
        return [service for service in dict.fromkeys(found) if service not in self._services()]

    def _published_for(self, service: str, inside: int) -> int:
        return self._publish.setdefault(service, {}).setdefault(inside, self._ports.free())

    def _hosts_of_the_stack(self) -> Iterable[str]:
        for name, service in self._config["services"].items():
            yield name
            yield from (str(service[key]) for key in ("container_name", "hostname") if service.get(key))
            networks = service.get("networks")
            for said in networks.values() if isinstance(networks, dict) else ():
                yield from map(str, (said or {}).get("aliases") or ())

    def _write(self, copies: Mapping[str, Sequence[Copy]]) -> None:
        """Our file, which holds secrets; without copies the processes are as the user wrote them."""
        made = overlaid(self._config, copies=copies, publish=self._publish, labels=engine.labels(self.run))
        path = Path(self._folder.name) / "compose.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(made), encoding="utf-8")
        self.project.use(path)

    def _networks(self) -> list[Any]:
        """The networks of the stack's processes, of which compose has made what wasn't there."""
        names = dict.fromkeys(name for box in self._boxes() for name in box.attrs["NetworkSettings"]["Networks"])
        return [self._client.networks.get(name) for name in names]

    def _join(self) -> None:
        found = self._networks()
        if not found:
            raise DeployError("the services of the compose file are on no network")
        self._network = Network()
        self._network.name, self._network._network = found[0].name, found[0]

    def _connect_to_all(self, name: str) -> None:
        part = self._parts[name]
        for network in self._networks():
            if network.name != self._network.name:
                aliases = [name, *(self._profile.providers.names if name == self._beside["mocks"] else ())]
                network.connect(part.wrapped, aliases=aliases)

    async def _copies(self) -> dict[str, list[Copy]]:
        return {self._service(kind): [one async for one in self._of_kind(kind)] for kind in self._profile.processes}

    async def _of_kind(self, kind: str) -> Any:
        spec = self._profile.processes[kind]
        for number in range(1, max(1, spec.count) + SPARE + 1):
            name = f"{kind}-{number}"
            settings, known = await self._settings(name)
            settings |= filled(spec.env, known, of=f"[processes.{kind}] env") | self._stack_env
            self._known[name] = known
            yield Copy(
                name=self._service_of(kind, number),
                env=settings,
                command=words(spec.command, known) if spec.command else None,
                cwd=None if spec.cwd is None else fill(spec.cwd, known),
                stop_signal=spec.stop if isinstance(spec.stop, str) and "stop" in spec.model_fields_set else None,
            )

    def _service_of(self, kind: str, number: int) -> str:
        """The service of one container of a kind; the first is the user's own."""
        return self._service(kind) if number == 1 else f"{self._service(kind)}-harness-{number}"

    async def _settings(self, name: str) -> tuple[dict[str, str], dict[str, str]]:
        """What the profile sets for a process, and what its placeholders stand for; all else is the compose file's."""
        mocks = f"http://{self._beside['mocks']}:{self._mocks_port}"
        settings = {
            **self._mocks.environment(url=mocks),
            "HOST": "0.0.0.0",  # noqa: S104 - reason: inside a container
            "PORT": str(self._port),
            "PUBLIC_URL": self._api_inside,
            "WORKER_NAME": name,
            **dict(self._database()),
        }
        if self._redis is not None and self._profile.queue.url is not None:
            host, port = await self._redis_for(name)
            settings |= {"REDIS_HOST": host, "REDIS_PORT": str(port)}
            parts = urlsplit(self._profile.queue.url)
            user, at, _ = parts.netloc.rpartition("@")
            settings["REDIS_URL"] = parts._replace(netloc=f"{user}{at}{host}:{port}").geturl()
        known = placeholders(settings, self._profile, python="python")
        return {**filled(self._profile.env, known, of="[env]"), **self._stack_env}, known

    def _database(self) -> Iterator[tuple[str, str]]:
        url = self._profile.database.url
        if url is not None:
            parts = urlsplit(url)
            yield "DATABASE_URL", url
            yield "POSTGRES_HOST", parts.hostname or ""
            yield "POSTGRES_PORT", str(parts.port or DATABASE_PORT)
            yield "POSTGRES_USER", unquote(parts.username or "")
            yield "POSTGRES_PASSWORD", unquote(parts.password or "")
            yield "POSTGRES_DB", parts.path.lstrip("/")

    async def _redis_for(self, name: str) -> tuple[str, int]:
        """Where a process reaches Redis: a port of the wire's of its own, so that we know who speaks."""
        if self._redis is None:
            raise DeployError("[queue] url names no Redis")
        if self._wire_control is None:
            return self._redis
        if name not in self._wire_ports:
            port = self._wire_ports[name] = FIRST_WIRE_PORT + len(self._wire_ports)
            upstream = list(self._redis)
            await self._wire_control.ask("listen", process=name, host="0.0.0.0", port=port, upstream=upstream)  # noqa: S104 - reason: inside a container
        return self._beside["wire"], self._wire_ports[name]

    async def _migrate(self) -> None:
        """In a container of the API's service."""
        api = next(iter(self._profile.of_role("api")))
        command = words(self._profile.migrate, self._known[f"{api}-1"])
        await self._engine(partial(self.project.run, "run", "--rm", "-T", self._service(api), *command))

    # the stack

    async def start_stack(self) -> None:
        await super().start_stack()
        mine = {*self._services(), *self._up}
        others = [name for name in self._config["services"] if name not in mine]
        if others:
            await self._engine(partial(self.project.up, *others, options=("--no-deps",)))

    async def _begin(self, name: str, kind: str, spec: Kind, *, until: re.Pattern[str] | None) -> Process:
        number = int(name.rpartition("-")[2])
        if number > max(1, spec.count) + SPARE:
            raise DeployError(f"{name} is one more than a run by compose prepares: {max(1, spec.count) + SPARE}")
        if name in self._parts:
            await self._engine(self._parts[name].remove)
        part = Service(
            self._service_of(kind, number),
            project=self.project,
            client=self._client,
            name=name,
            role=spec.role,
            on_exit=self._roster.exited,
            member=True,
        )
        self._parts[name] = part
        process = await self._engine(part.start)
        await self._output.follow(process, until=until)
        self._roster.started(process, container=part.wrapped.short_id)
        return process

    def _tcp_of(self, process: Process, port: int | None) -> tuple[str, int]:
        return self._parts[process.name].address, self._port if port is None else port

    async def stop(self) -> None:
        await super().stop()
        await asyncio.to_thread(self._folder.cleanup)

    def _remove_more(self) -> None:
        if self._project is not None and self._config:
            with contextlib.suppress(DeployError):  # what it leaves has our labels, and is removed by them
                self._project.down()


def told(box: Any) -> str:
    """How a container has ended, and what it said last."""
    return f"{box.attrs['State']['ExitCode']}: {' '.join(box.logs(tail=5).decode('utf-8', 'replace').split())[-400:]}"
