"""Containers that run already, as a profile names them: by name or id, or by their compose service."""

from __future__ import annotations

import sys
from typing import Any

from harness.deploy import engine
from harness.errors import DeployError, Unobservable
from harness.profile import Process

PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
"""The labels that compose puts on what it makes."""


class Boxes:
    """The engine's containers; it is asked for the first time when one is looked for."""

    def __init__(self) -> None:
        self._client: Any = None

    def of(self, kind: str, spec: Process) -> list[Any]:
        """The containers that run now of what `[processes.KIND]` names; raises Unobservable where it can't be told."""
        import docker.errors
        import requests

        try:
            if self._client is None:
                self._client = engine.connect()
            if spec.container is not None:
                return [self._client.containers.get(spec.container)]
            return self._of_service(kind, spec.service or "")
        except docker.errors.NotFound as error:
            raise Unobservable(
                f"[processes.{kind}] container = {spec.container!r}: the engine has none of that name or id"
            ) from error
        except (DeployError, docker.errors.DockerException, requests.RequestException) as error:
            raise Unobservable(f"the {kind}'s container can't be looked for: {error}") from error

    def _of_service(self, kind: str, service: str) -> list[Any]:
        project, _, name = service.rpartition("/")
        labels = [f"{SERVICE}={name}", *([f"{PROJECT}={project}"] if project else [])]
        found: list[Any] = self._client.containers.list(filters={"label": labels})
        projects = sorted({str(one.labels.get(PROJECT)) for one in found})
        if len(projects) > 1:
            raise Unobservable(
                f"[processes.{kind}] service = {service!r} runs in the projects {', '.join(projects)}; name one: "
                f'service = "{projects[0]}/{name}"'
            )
        return sorted(found, key=lambda one: str(one.name))

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def address_of(box: Any) -> frozenset[str]:
    """Its addresses on all of its networks."""
    networks: dict[str, Any] = box.attrs["NetworkSettings"]["Networks"]
    return frozenset(str(one["IPAddress"]) for one in networks.values() if one.get("IPAddress"))


def unpausing(box: Any) -> list[str]:
    """The command that lets a paused container go on, for whoever outlives us."""
    return [sys.executable, "-m", "harness.deploy.boxes", str(box.id)]


def unpause(name: str) -> None:
    client = engine.connect()
    box = client.containers.get(name)
    if box.status == "paused":
        box.unpause()
    client.close()


if __name__ == "__main__":
    unpause(sys.argv[1])
