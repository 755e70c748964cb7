"""A stack gets over an outage of what it stands on by itself: a scenario for each kind, and each link."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from harness.checks import outages
from harness.plugin.lifetime import parts_of
from harness.scenario.outage import live_through
from harness.scenario.stack import Stack

pytestmark = [pytest.mark.check("outages"), pytest.mark.needs("outages"), pytest.mark.deep]

Make = Callable[[Stack], AbstractContextManager[Any]]
SERVERS: dict[str, dict[str, Make]] = {
    "redis": {
        "redis restarts": lambda stack: stack.faults.redis_down(),
        "redis is out of memory": lambda stack: stack.faults.redis_out_of_memory(),
        "redis fails over": lambda stack: stack.faults.redis_read_only(),
        "the disk of redis is full": lambda stack: stack.faults.redis_disk_full(),
    },
    "postgres": {
        "postgres restarts": lambda stack: stack.faults.postgres_down(),
        "postgres crashes": lambda stack: stack.faults.postgres_down(immediate=True),
        "postgres is read-only": lambda stack: stack.faults.postgres_read_only(),
        "the disk of postgres is full": lambda stack: stack.faults.postgres_disk_full(),
    },
}
LINKS: dict[str, Callable[[Stack, str, str], AbstractContextManager[Any]]] = {
    "cut": lambda stack, role, part: stack.faults.cut(role, part),
    "reset": lambda stack, role, part: stack.faults.reset(role, part),
    "half-open": lambda stack, role, part: stack.faults.half_open(role, part),
    "unheard": lambda stack, role, part: stack.faults.unheard(role, part),
    "late": lambda stack, role, part: stack.faults.delay(role, part, seconds=0.1, jitter=0.1),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Of the servers those that the profile has."""
    has = parts_of(metafunc.config)
    if "server" in metafunc.fixturenames:
        metafunc.parametrize("server", [name for part in has for name in SERVERS[part]])
    if "part" in metafunc.fixturenames:
        metafunc.parametrize("part", has)


def test_an_outage_of_a_server_is_got_over(stack: Stack, server: str) -> None:
    make = next(kinds[server] for kinds in SERVERS.values() if server in kinds)
    since = live_through(stack, make(stack), in_flight=True)
    stack.judge(outages(stack.history, stack.profile, after=since))


@pytest.mark.parametrize("role", ["api", "worker"])
@pytest.mark.parametrize("link", list(LINKS))
def test_an_outage_of_a_link_is_got_over(stack: Stack, role: str, link: str, part: str) -> None:
    since = live_through(stack, LINKS[link](stack, role, part), in_flight=True)
    stack.judge(outages(stack.history, stack.profile, after=since))


def test_workers_that_hang_for_a_while_go_on(stack: Stack) -> None:
    since = live_through(stack, stack.faults.stopped("worker"))
    stack.judge(outages(stack.history, stack.profile, after=since))


def test_workers_whose_clock_is_wrong_work_all_the_same(stack: Stack) -> None:
    since = live_through(stack, stack.faults.clock("worker", seconds=-7200))
    stack.judge(outages(stack.history, stack.profile, after=since))
