"""One deployment in containers for all tests of this directory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import container_support
import pytest

from harness.deploy.containers import Containers
from harness.deploy.engine import RUN
from harness.profile import load
from harness.scenario.stack import Stack
from harness.session import Options, deployed


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    found = container_support.client()
    yield found
    found.close()


@pytest.fixture(scope="session")
def contained(client: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The reference stack in containers."""
    profile = load(container_support.ROOT / "harness.toml", driver="containers")
    with deployed(profile, Options(build=tmp_path_factory.mktemp("build"))) as stack:
        yield stack


@pytest.fixture
def boxes(contained: Stack, client: Any) -> dict[str, dict[str, Any]]:
    """What the engine says of each running container of the deployment, by the part's name."""
    contained.begin()
    driver = contained.driver
    assert isinstance(driver, Containers)
    mine = client.containers.list(filters={"label": f"{RUN}={driver.run}"})
    return {box.name.removeprefix(f"{RUN}-{driver.run}-"): box.attrs for box in mine}
