"""A container of a deployment, however it was made: its output and its end are told as a process's are."""

from __future__ import annotations

import contextlib
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.deploy.processes import Process
from harness.errors import DeployError


class Contained(ABC):
    """A container by its name in the deployment; `process` is how the rest of the harness sees it."""

    def __init__(self, *, name: str, role: str, on_exit: Callable[[Process], None], member: bool = False) -> None:
        self.name = name
        self.role = role
        self._member = member
        self._on_exit = on_exit
        self._thread: threading.Thread | None = None
        self._first: int | None = None
        self._has_init = False
        self._left: dict[str, list[str]] = {}

    @property
    @abstractmethod
    def wrapped(self) -> Any:
        """The engine's own object."""

    @abstractmethod
    def make(self) -> None:
        """Creates and starts it."""

    @abstractmethod
    def remove(self) -> None:
        """Removes it in whatever state it is; returns when its output has been read."""

    def start(self) -> Process:
        """Creates and starts it, and begins to read what it says; raises DeployError with the engine's reason."""
        import docker.errors

        try:
            self.make()
            made = self.inspect()
            self._first, self._has_init = int(made["State"]["Pid"]), bool(made["HostConfig"].get("Init"))
        except docker.errors.DockerException as error:
            why = getattr(error, "explanation", None) or str(error)
            raise DeployError(f"the container {self.name} can't be started: {why}") from error
        ours, theirs = os.pipe()
        process = Process(name=self.name, role=self.role, pid=self._first, output=ours, member=self._member)
        self._thread = threading.Thread(
            target=self._follow, args=(process, theirs), name=f"harness-{self.name}", daemon=True
        )
        self._thread.start()
        return process

    @property
    def pid(self) -> int | None:
        """The process that the container runs, as this machine numbers it; None where unseen.

        Whoever stops it from outside must not stop its init instead, where it has one: then it is that one's child.
        """
        if self._first is None:
            return None
        if not self._has_init:
            return self._first
        try:
            children = Path(f"/proc/{self._first}/task/{self._first}/children").read_text(encoding="ascii").split()
        except OSError:
            return None
        return int(children[0]) if children else None

    def inspect(self) -> dict[str, Any]:
        wrapped = self.wrapped
        found: dict[str, Any] = wrapped.client.api.inspect_container(wrapped.id)
        return found

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

    def disconnect(self) -> None:
        """Takes it off all its networks."""
        networks: dict[str, Any] = self.inspect()["NetworkSettings"]["Networks"]
        self._left = {name: list(one.get("Aliases") or ()) for name, one in networks.items()}
        for name in networks:
            self.wrapped.client.networks.get(name).disconnect(self.wrapped, force=True)

    def reconnect(self) -> None:
        """Puts it back on those, under the names that it had."""
        for name, aliases in self._left.items():
            self.wrapped.client.networks.get(name).connect(self.wrapped, aliases=aliases)
        self._left = {}

    def await_end(self, within: float) -> None:
        """Returns when it has ended, or so many seconds have passed."""
        if self._thread is not None:
            self._thread.join(within)

    def join(self) -> None:
        """Returns when it has ended and everybody has been told."""
        self.await_end(10)
