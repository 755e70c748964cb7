"""One container of a deployment: made with testcontainers, its output and its end told as a process's are."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from harness.deploy.engine import RUN, labels
from harness.deploy.processes import Process
from harness.errors import DeployError

DATABASE_PORT, REDIS_PORT, MOCKS_PORT, WIRE_PORT, API_PORT = 5432, 6379, 4010, 7000, 8080
DATA = "/var/lib/postgresql/data"

# what it holds is thrown away; a crash of the machine may lose it, a crash of a process can't
POSTGRES_OPTIONS = [
    word
    for setting in (
        *("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200", "jit=off"),
        "track_commit_timestamp=on",
    )
    for word in ("-c", setting)
]
REDIS_OPTIONS = ["--save", "", "--appendonly", "no"]


class Postgres(PostgresContainer):
    """PostgreSQL; we ask ourselves whether it is ready: the library does it with the password on a command line."""

    def _connect(self) -> None:
        pass


def postgres(image: str, *, user: str, password: str, database: str) -> DockerContainer:
    container = Postgres(image, username=user, password=password, dbname=database, driver=None)
    container.with_tmpfs_mount(DATA).with_env("PGDATA", f"{DATA}/cluster")
    return container.with_command(POSTGRES_OPTIONS)


def redis(image: str) -> DockerContainer:
    container = RedisContainer(image)
    # its own look at readiness goes to an address that a port on loopback doesn't have
    container._wait_strategy = None
    return container.with_command(REDIS_OPTIONS)


def network(run: str) -> Network:
    """A network of this run's own; its containers reach each other, and nothing outside."""
    options = {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    made = Network(docker_network_kw={"labels": labels(run), "driver": "bridge", "options": options})
    made.name = f"{RUN}-{run}"
    return made


def reaper_where_it_is(client: Any) -> None:
    """The library's own reaper is used where its image is; our janitor does its work everywhere."""
    import docker.errors

    try:
        client.images.get(testcontainers_config.ryuk_image)
    except docker.errors.ImageNotFound:
        testcontainers_config.ryuk_disabled = True


class Part:
    """A container on the run's network, reached by its name; `process` is how the rest of the harness sees it."""

    def __init__(
        self,
        container: DockerContainer,
        *,
        run: str,
        name: str,
        role: str,
        network: Network,
        on_exit: Callable[[Process], None],
        aliases: Sequence[str] = (),
        publish: dict[int, int] | None = None,
        member: bool = False,
        **more: Any,
    ) -> None:
        """`more` are words of the engine's own for the container that is made."""
        self.name = name
        self.role = role
        self.container = container
        self._network = network
        self._member = member
        self._aliases = list(dict.fromkeys((*aliases, name)))
        self._on_exit = on_exit
        self._thread: threading.Thread | None = None
        self._init: int | None = None
        container.with_name(f"{RUN}-{run}-{name}").with_network(network).with_network_aliases(*self._aliases)
        # we ask for readiness ourselves, and a health check would wake the processor during a verification
        # `init`: to the first process of a container a signal that it doesn't handle (yet) means nothing
        container.with_kwargs(labels=labels(run), healthcheck={"test": ["NONE"]}, init=True, **more)
        on_loopback: Any = {f"{inside}/tcp": ("127.0.0.1", outside) for inside, outside in (publish or {}).items()}
        container.ports = on_loopback  # the library's own methods know no address, and its type none either

    def start(self) -> Process:
        """Creates and starts it, and begins to read what it says; raises DeployError with the engine's reason."""
        import docker.errors

        try:
            self.container.start()
            self._init = int(self.inspect()["State"]["Pid"])
        except docker.errors.DockerException as error:
            why = getattr(error, "explanation", None) or str(error)
            raise DeployError(f"the container {self.name} can't be started: {why}") from error
        ours, theirs = os.pipe()
        process = Process(name=self.name, role=self.role, pid=self._init, output=ours, member=self._member)
        self._thread = threading.Thread(
            target=self._follow, args=(process, theirs), name=f"harness-{self.name}", daemon=True
        )
        self._thread.start()
        return process

    @property
    def pid(self) -> int | None:
        """The process that the container runs, as this machine numbers it: the child of its init; None where unseen.

        Whoever stops it from outside must not stop the init instead.
        """
        if self._init is None:
            return None
        try:
            children = Path(f"/proc/{self._init}/task/{self._init}/children").read_text(encoding="ascii").split()
        except OSError:
            return None
        return int(children[0]) if children else None

    def inspect(self) -> dict[str, Any]:
        wrapped = self.wrapped
        found: dict[str, Any] = wrapped.client.api.inspect_container(wrapped.id)
        return found

    @property
    def wrapped(self) -> Any:
        return self.container.get_wrapped_container()

    def _follow(self, process: Process, pipe: int) -> None:
        """Copies the output until the container has ended, then says with which code."""
        import docker.errors
        import requests

        gone = (docker.errors.DockerException, requests.RequestException, OSError, ValueError)
        with open(pipe, "wb", buffering=0) as output, contextlib.suppress(*gone):
            output.writelines(self.wrapped.logs(stream=True, follow=True))
        code = None
        with contextlib.suppress(*gone):
            code = int(self.wrapped.wait()["StatusCode"])
        process.end(code)
        self._on_exit(process)

    @property
    def address(self) -> str:
        """Its own on the run's network, as this machine reaches it."""
        networks: dict[str, Any] = self.inspect()["NetworkSettings"]["Networks"]
        return next(str(one["IPAddress"]) for one in networks.values() if one["IPAddress"])

    def await_end(self, within: float) -> None:
        """Returns when it has ended, or so many seconds have passed."""
        if self._thread is not None:
            self._thread.join(within)

    def join(self) -> None:
        """Returns when it has ended and everybody has been told."""
        self.await_end(10)

    def disconnect(self) -> None:
        self._network._unwrap_network.disconnect(self.wrapped, force=True)

    def reconnect(self) -> None:
        self._network.connect(self.wrapped.id, network_aliases=self._aliases)

    def remove(self) -> None:
        """Removes it in whatever state it is; returns when its output has been read."""
        import docker.errors

        if self.container._container is not None:
            with contextlib.suppress(docker.errors.APIError):
                self.container.stop()
        self.join()
