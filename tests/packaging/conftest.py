"""One wheel, and one environment for each extra that is looked at by itself; all of it in one process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.environments import MEASURED, Environment, NoIndexError, Uv, built

HERE = Path(__file__).parent
REQUIRED = "MESSAGING_HARNESS_REQUIRE_INDEX"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.unmeasured)
            item.add_marker(pytest.mark.xdist_group("packaging"))  # they share what was installed


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints what was measured, also where a worker of xdist did."""
    for report in terminalreporter.stats.get("passed", []):
        for name, told in report.user_properties:
            if name == MEASURED:
                terminalreporter.write_line(str(told))


@contextmanager
def from_an_index() -> Iterator[None]:
    """Skips what depends on a fixture that can't be fetched, unless an index is required."""
    try:
        yield
    except NoIndexError as error:
        if os.environ.get(REQUIRED) == "1":
            raise
        pytest.skip(f"no package index can be reached ({error}); {REQUIRED}=1 makes this a failure")


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packaging")


@pytest.fixture(scope="session")
def wheel(directory: Path) -> Path:
    return built(directory / "wheel")


@pytest.fixture(scope="session")
@from_an_index()
def uv(directory: Path) -> Uv:
    return Uv(directory)


@pytest.fixture(scope="session")
@from_an_index()
def base(uv: Uv, wheel: Path) -> Environment:
    return uv.environment("base", wheel)


@pytest.fixture(scope="session")
@from_an_index()
def mocks(uv: Uv, wheel: Path) -> Environment:
    return uv.environment("mocks", f"messaging-harness[mocks] @ {wheel.as_uri()}")


@pytest.fixture(scope="session")
@from_an_index()
def attached(uv: Uv, wheel: Path) -> Environment:
    return uv.environment("attached", f"messaging-harness[attached] @ {wheel.as_uri()}")


@pytest.fixture(scope="session")
@from_an_index()
def embedded(uv: Uv, wheel: Path) -> Environment:
    """All that starts a stack, and none of what the reference stack is made of."""
    return uv.environment("embedded", f"messaging-harness[embedded] @ {wheel.as_uri()}")


@pytest.fixture(scope="session")
@from_an_index()
def everything(uv: Uv, wheel: Path) -> Environment:
    return uv.environment("all", f"messaging-harness[all] @ {wheel.as_uri()}")
