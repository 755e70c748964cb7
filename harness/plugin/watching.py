"""Where the session's stack is, for tests that only talk to it: in the environment, while it is deployed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import pytest

from harness.plugin.items import STACK_FIXTURE

if TYPE_CHECKING:
    from harness.scenario.stack import Stack

PARTS: Final = ("api", "mocks", "redis", "database")
"""The parts whose addresses are told, as `HARNESS_API_URL` and so on."""


@contextlib.contextmanager
def announced(stack: Stack) -> Iterator[None]:
    """The stack's addresses in the environment, as far as it has them, for as long as the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        for part in PARTS:
            variable, where = f"HARNESS_{part.upper()}_URL", getattr(stack.driver.addresses, part)
            if where:
                patch.setenv(variable, where)
            else:
                patch.delenv(variable, raising=False)
        yield


def watched(request: pytest.FixtureRequest) -> Iterator[None]:
    """The fixture: the session's stack under tests that don't take it.

    It isn't one of those that make a test a scenario, so such tests get no verdict, and a story where they fail.
    """
    stack: Stack = request.getfixturevalue(STACK_FIXTURE)
    with announced(stack):
        yield
