"""The container engine, and the labels by which everything that we start there is found again and removed."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import DeployError

RUN = "messaging-harness"
OWNER = "messaging-harness.owner"
ROUNDS = 20
LATE = 0.5
"""Seconds in which the engine ends a creation that a dying owner had ordered; it tells nobody that one is under way."""
ABSENT = (
    "no container engine answers at {host}: start one with `dockerd &` (apt-get install docker.io iptables), or say "
    "DOCKER_HOST"
)


def connect() -> Any:
    """A client of the engine; raises DeployError when none answers."""
    import docker
    import docker.errors

    if not listening():  # the library would leave sockets behind
        raise DeployError(ABSENT.format(host=host()))
    try:
        return docker.from_env()
    except docker.errors.DockerException as error:
        raise DeployError(ABSENT.format(host=host())) from error


def host() -> str:
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def listening() -> bool:
    """Whether something listens where the engine should be; for one that isn't on this machine, only asking tells."""
    if not host().startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(host().removeprefix("unix://")) == 0


# whose is it?


def owner() -> str:
    """This process, so that another one can tell whether it still lives: machine, process namespace, number, start."""
    return ":".join((*place(), str(os.getpid()), started(os.getpid()) or ""))


def place() -> tuple[str, str]:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return boot, str(Path("/proc/self/ns/pid").stat().st_ino)


def started(pid: int) -> str | None:
    """When a process started, in the kernel's ticks since boot; None when there is none, or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else fields[19]


def dead(label: str) -> bool:
    """Whether an owner has surely ended; one on another machine, or in another process namespace, can't be judged."""
    boot, namespace, pid, start = (label.split(":") + [""] * 4)[:4]
    return (boot, namespace) == place() and pid.isdigit() and started(int(pid)) != start


def labels(run: str) -> dict[str, str]:
    return {RUN: run, OWNER: owner()}


# removing


@dataclass
class Swept:
    """What a sweep has removed."""

    runs: int = 0
    containers: int = 0
    networks: int = 0


def sweep(client: Any) -> Swept:
    """Removes what runs left whose owner is dead; what belongs to the living is never touched."""
    swept = Swept()
    for run in orphans(client):
        containers, networks = remove(client, run)
        swept.runs += 1
        swept.containers += containers
        swept.networks += networks
    return swept


def sweep_all(client: Any) -> Swept:
    """As `sweep`, and looks again after a moment, for what a dying owner had just ordered from the engine."""
    swept = sweep(client)
    time.sleep(LATE)  # reason: see LATE
    again = sweep(client)
    return Swept(
        runs=max(swept.runs, again.runs),
        containers=swept.containers + again.containers,
        networks=swept.networks + again.networks,
    )


def orphans(client: Any) -> list[str]:
    things = [
        *client.api.containers(all=True, filters={"label": OWNER}),
        *client.api.networks(filters={"label": OWNER}),
    ]
    found = {thing["Labels"][RUN]: thing["Labels"][OWNER] for thing in things}
    return [run for run, label in found.items() if dead(label)]


def remove(client: Any, run: str) -> tuple[int, int]:
    """Removes all of a run, whatever state it is in; returns how many containers and networks there were.

    Others may be removing the same at the same time. Raises DeployError when the engine doesn't let go.
    """
    containers: set[str] = set()
    networks: set[str] = set()
    for _ in range(ROUNDS):
        mine = {"label": f"{RUN}={run}"}
        left = [c["Id"] for c in client.api.containers(all=True, filters=mine)]
        nets = [n["Id"] for n in client.api.networks(filters=mine)]
        kept = [v["Name"] for v in client.api.volumes(filters=mine)["Volumes"] or ()]
        if not left and not nets and not kept:
            return len(containers), len(networks)
        containers |= set(left)
        networks |= set(nets)
        for identity in left:
            with tolerated():
                client.api.remove_container(identity, force=True, v=True)
            with tolerated():
                client.api.wait(identity, condition="removed", timeout=20)
        for identity in nets:
            with tolerated():
                client.api.remove_network(identity)
        for name in kept:
            with tolerated():
                client.api.remove_volume(name, force=True)
    raise DeployError(
        f"the engine doesn't remove what run {run} left; look at `docker ps -a --filter label={RUN}={run}`"
    )


def remove_late(client: Any, run: str) -> None:
    """As `remove`, and looks again after a moment."""
    remove(client, run)
    time.sleep(LATE)  # reason: see LATE
    remove(client, run)


@contextlib.contextmanager
def tolerated() -> Iterator[None]:
    """Someone else was quicker, or is at it: the next round tells."""
    import docker.errors
    import requests

    with contextlib.suppress(docker.errors.APIError, requests.RequestException):
        yield
