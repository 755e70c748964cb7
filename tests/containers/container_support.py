"""What the container tests share: a real engine, what of ours is on it, and the `harness` command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.deploy import engine, images
from harness.errors import DeployError
from harness.profile import Images

ROOT = Path(__file__).parents[2]
REQUIRED = "MESSAGING_HARNESS_REQUIRE_DOCKER"
"""Where this is set, a missing engine or image fails the tests instead of skipping them."""


def client() -> Any:
    """A client of the engine, when all images are there; else the test is skipped, or fails where it may not be."""
    try:
        found = engine.connect()
        images.chosen(found, Images())
    except DeployError as error:
        if os.environ.get(REQUIRED):
            pytest.fail(f"{REQUIRED} is set, and {error}")
        pytest.skip(str(error))
    return found


def command(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "harness", *map(str, words)]


def run(*words: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    """A `harness` command, to its end."""
    return subprocess.run(
        command(*words),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "140", **env},
    )


def owned_by(found: Any, pid: int) -> list[str]:
    """The names of the containers and networks that a process has made."""
    ours = {"label": engine.OWNER}
    things = [(c["Names"][0], c["Labels"]) for c in found.api.containers(all=True, filters=ours)]
    things += [(n["Name"], n["Labels"]) for n in found.api.networks(filters=ours)]
    return sorted(name for name, labels in things if labels[engine.OWNER].split(":")[2] == str(pid))
