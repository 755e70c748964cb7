"""One container of a deployment that is made with testcontainers: what it is made of, and its place on the network."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from testcontainers.community.postgres import PostgresContainer
from testcontainers.community.redis import RedisContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from harness.deploy.contained import Contained
from harness.deploy.engine import RUN, labels
from harness.deploy.processes import Process

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


class Part(Contained):
    """A container on the run's network, reached by its name."""

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
        super().__init__(name=name, role=role, on_exit=on_exit, member=member)
        self.container = container
        self._network = network
        self._aliases = list(dict.fromkeys((*aliases, name)))
        container.with_name(f"{RUN}-{run}-{name}").with_network(network).with_network_aliases(*self._aliases)
        # we ask for readiness ourselves, and a health check would wake the processor during a verification
        # `init`: to the first process of a container a signal that it doesn't handle (yet) means nothing
        container.with_kwargs(labels=labels(run), healthcheck={"test": ["NONE"]}, init=True, **more)
        on_loopback: Any = {f"{inside}/tcp": ("127.0.0.1", outside) for inside, outside in (publish or {}).items()}
        container.ports = on_loopback  # the library's own methods know no address, and its type none either

    def make(self) -> None:
        self.container.start()

    @property
    def wrapped(self) -> Any:
        return self.container.get_wrapped_container()

    def remove(self) -> None:
        import docker.errors

        if self.container._container is not None:
            with contextlib.suppress(docker.errors.APIError):
                self.container.stop()
        self.join()
