"""What the harness's tests share: the reference profile, and real servers (see harness_support)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness_support import ROOT, Harness, Postgres, Valkey

from harness.deploy.ports import Ports
from harness.deploy.processes import Processes
from harness.loop import Loop
from harness.profile import Profile, load


@pytest.fixture(scope="session")
def profile() -> Profile:
    return load(ROOT / "harness.toml")


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def processes() -> Iterator[Processes]:
    kept = Processes()
    yield kept
    kept.close()


@pytest.fixture(scope="session")
def ports() -> Iterator[Ports]:
    kept = Ports()
    yield kept
    kept.close()


@pytest.fixture(scope="session")
def postgres(processes: Processes, loop: Loop, ports: Ports) -> Postgres:
    return Postgres(processes, loop, ports)


@pytest.fixture
def database(postgres: Postgres) -> str:
    """The URL of a database of the test's own."""
    return postgres.database()


@pytest.fixture(scope="session")
def valkey_server(processes: Processes, ports: Ports) -> Valkey:
    return Valkey(processes, ports)


@pytest.fixture
def valkey(valkey_server: Valkey) -> Valkey:
    """A real server, emptied."""
    valkey_server.client().flushall()
    return valkey_server


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    """The `harness` command, as a process of its own."""
    return Harness(tmp_path)
