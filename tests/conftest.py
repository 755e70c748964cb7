"""Coverage is measured in what tests start too, but not in whole stacks: it would slow them down by a half."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "unmeasured: what the test starts isn't measured for coverage")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    if item.get_closest_marker("unmeasured") is None:
        return (yield)
    with without_coverage():
        return (yield)


@contextmanager
def without_coverage() -> Iterator[None]:
    """What is started in the block doesn't measure itself: it runs code that cheaper tests have run already."""
    told = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("COVERAGE_PROCESS_")}
    try:
        yield
    finally:
        os.environ.update(told)


@pytest.fixture
def unmeasured() -> Callable[[], AbstractContextManager[None]]:
    """What the mark does, for a block within a test."""
    return without_coverage
