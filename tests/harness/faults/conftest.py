"""A deployed stack that faults are put on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness_support import ROOT

from harness.profile import load
from harness.scenario.stack import Stack
from harness.session import Options, deployed


@pytest.fixture(scope="session")
def deployed_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = Options(build=Path(tmp_path_factory.mktemp("faults")), database_wire=True)
    with deployed(load(ROOT / "harness.toml", environ={}), options) as stack:
        yield stack


@pytest.fixture
def faulted(deployed_stack: Stack) -> Stack:
    """The stack, at the begin of a scenario of the test's own."""
    deployed_stack.begin("a test")
    return deployed_stack
