"""A project of compose: the user's own file, as compose itself reads it, run under a name of the run's own."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from testcontainers.compose import DockerCompose

from harness.errors import DeployError
from harness.extras import need

ABSENT = (
    "no compose is to be had: neither `docker compose` nor docker-compose is here; get it with apt-get install "
    "docker-compose (Debian), docker-compose-v2 (Ubuntu) or docker-compose-plugin (Docker's own packages)"
)
WITHIN = 300.0
"""Seconds that one command of compose may take: it may have to build an image."""
WITH_US = [sys.executable, "-I", "-S", "-c"]
WITH_US += ["import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execvp(sys.argv[1], sys.argv[1:])"]
"""Runs what follows so that the kernel ends it with us: who goes on would make containers that nobody removes."""
LAST = 5
"""Lines of what compose said that are told."""
FIRST = "1."
"""How the versions of compose's first generation begin."""


def binary() -> list[str]:
    """The words that run compose: the engine's own command, else the standalone program; DeployError without either."""
    if shutil.which("docker"):
        asked = subprocess.run(
            ["docker", "compose", "version"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30
        )
        if asked.returncode == 0:
            return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise DeployError(ABSENT)


class Compose(DockerCompose):
    """The library's, for either generation of the program, under a project's name."""

    def __init__(self, *, words: list[str], project: str, folder: Path, file: Path) -> None:
        super().__init__(context=str(folder), compose_file_name=[str(file)], wait=False)
        self._words = [*words, "-p", project, "--project-directory", str(folder), "-f", str(file)]

    @cached_property
    def compose_command_property(self) -> list[str]:
        return self._words


class Project:
    """Runs compose on a file of the user's, or on ours; every call blocks and raises DeployError with what it said."""

    def __init__(self, name: str, file: Path) -> None:
        self.name = name
        self.folder = file.parent
        self._program = binary()
        self._compose = self._on(file)

    def _on(self, file: Path) -> Compose:
        return Compose(words=self._program, project=self.name, folder=self.folder, file=file)

    def use(self, file: Path) -> None:
        """From now on this file is the project's."""
        self._compose = self._on(file)

    def config(self) -> dict[str, Any]:
        """The file with everything filled in, as compose reads it."""
        found: dict[str, Any]
        if not self.run("version", "--short").startswith(FIRST):
            found = json.loads(self.run("config", "--format", "json"))
            return found
        need("yaml")  # the first generation writes nothing else
        import yaml

        found = yaml.safe_load(self.run("config"))
        return found

    def up(self, *services: str, options: Sequence[str] = ()) -> None:
        self.run("up", "--detach", *options, *services)

    def down(self) -> None:
        """Removes all containers, networks and volumes of the project."""
        self.run("down", "--volumes", "--remove-orphans", "--timeout", "1")

    def run(self, *words: str) -> str:
        """Runs one of its commands and returns what it printed."""
        command = [*self._compose.docker_compose_command(), *words]
        told = f"`{shlex.join([*self._program, *words])}`"
        try:
            done = subprocess.run(
                [*WITH_US, *command],
                cwd=self.folder,
                env={**os.environ, "COMPOSE_PROJECT_NAME": self.name},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=WITHIN,
            )
        except subprocess.TimeoutExpired as error:
            raise DeployError(f"{told} didn't end within {WITHIN:g} s") from error
        if done.returncode == 0:
            return done.stdout
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()][-LAST:]
        raise DeployError(f"{told} ended with {done.returncode}: {' | '.join(lines)}"[:1000])
