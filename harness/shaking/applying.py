"""One function that puts a disturbance on a stack, recorded and healed as all of them are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from harness.errors import Unobservable
from harness.scenario.stack import Stack
from harness.shaking.disturbance import Disturbance
from harness.shaking.loads import loaded
from harness.shaking.orders import Background, ordered

WHOLE_RUN = ("machine", "state", "clock", "tests")
"""Families of what lasts a whole run; all others are made anew for each test."""


@contextlib.contextmanager
def applied(stack: Stack, disturbance: Disturbance) -> Iterator[None]:
    """A disturbance of a stack, or of its machine, while the block runs; raises Unobservable where it can't be made."""
    strength, what = disturbance.strength, disturbance.sort.what
    match disturbance.axis:
        case "worker" | "api" as role:
            with stack.faults.delay(role, "redis", seconds=strength):
                yield
        case "database":
            with database_slow(stack, strength):
                yield
        case "provider":
            with stack.providers.fault({}, latency_s=strength):
                yield
        case "webhook":
            with stack.providers.fault({"endpoint": "webhook.*"}, webhook={"delay_s": strength}):
                yield
        case "order":
            with ordered(stack, what, strength):
                yield
        case "pause":
            with paused(stack, what, strength):
                yield
        case "cpu":
            with loaded("cpu", int(strength)):
                yield
        case "io":
            with loaded("io", int(strength)):
                yield
        case "state":
            flows = [stack.send(stack.message("left over")) for _ in range(int(strength))]
            stack.all_finished(flows)
            yield
        case _:
            yield  # what concerns the tests is done where they are run


@contextlib.contextmanager
def database_slow(stack: Stack, seconds: float) -> Iterator[None]:
    roles = [role for role, part in stack.faults.links if part == "postgres"]
    if not roles:
        raise Unobservable("no wire stands between this stack and PostgreSQL, so nothing can be late there")
    with contextlib.ExitStack() as healed:
        for role in roles:
            healed.enter_context(stack.faults.delay(role, "postgres", seconds=seconds))
        yield


@contextlib.contextmanager
def paused(stack: Stack, role: str, seconds: float) -> Iterator[None]:
    """A role's processes stand still from now on, for so long, or until the block ends."""

    def stand_still(beside: Background) -> None:
        with stack.faults.stopped(role):
            beside.ready.set()
            beside.over.wait(seconds)

    with Background(stack, stand_still):
        yield
