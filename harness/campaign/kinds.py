"""The kinds of faults that a campaign makes, and which of them a stack can have."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from harness.errors import Unobservable
from harness.scenario.faults.processes import library
from harness.scenario.stack import Stack

Made = AbstractContextManager[Any]
Numbers = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of fault: `make` begins one on a stack, with the numbers that `draw` has drawn for it."""

    name: str
    make: Callable[[Stack, Numbers], Made]
    draw: Callable[[random.Random], Numbers] = lambda _: {}
    longest_s: float = 1.0
    """How long one lasts at most: what takes time itself to begin lasts less."""


def kinds_of(stack: Stack) -> list[Kind]:
    """Every kind that this deployment can have, in an order that is always the same."""
    return [*_servers(stack), *_links(stack), *_processes(stack), *_providers(stack)]


def _servers(stack: Stack) -> Iterator[Kind]:
    servers = stack.driver.services
    if servers is None:
        return
    if servers.has("redis") and stack.profile.queue.base != "none":
        if stack.profile.queue.kind == "stream":
            yield Kind(name="redis: down", make=lambda stack, _: stack.faults.redis_down())
        yield Kind(name="redis: out of memory", make=lambda stack, _: stack.faults.redis_out_of_memory())
        yield Kind(name="redis: read-only", make=lambda stack, _: stack.faults.redis_read_only())
        yield Kind(name="redis: disk full", make=lambda stack, _: stack.faults.redis_disk_full())
    if servers.has("postgres"):
        yield Kind(name="postgres: down", make=lambda stack, _: stack.faults.postgres_down())
        yield Kind(name="postgres: crashed", make=lambda stack, _: stack.faults.postgres_down(immediate=True))
        yield Kind(name="postgres: read-only", make=lambda stack, _: stack.faults.postgres_read_only())
        yield Kind(name="postgres: disk full", make=lambda stack, _: stack.faults.postgres_disk_full())


def _links(stack: Stack) -> Iterator[Kind]:
    for role, part in stack.faults.links:
        if role in ("api", "worker"):
            yield from _link(role, part)


def _link(role: str, part: str) -> Iterator[Kind]:
    where = f"{role}-{part}"
    yield Kind(name=f"{where}: cut", make=lambda stack, _: stack.faults.cut(role, part))
    yield Kind(name=f"{where}: reset", make=lambda stack, _: stack.faults.reset(role, part))
    yield Kind(name=f"{where}: half-open", make=lambda stack, _: stack.faults.half_open(role, part))
    yield Kind(name=f"{where}: unheard", make=lambda stack, _: stack.faults.unheard(role, part))
    yield Kind(
        name=f"{where}: late",
        make=lambda stack, given: stack.faults.delay(role, part, **given),
        draw=lambda dice: {"seconds": dice.choice([0.01, 0.05, 0.2]), "jitter": dice.choice([0.0, 0.05])},
    )
    yield Kind(
        name=f"{where}: slow",
        make=lambda stack, given: stack.faults.slow(role, part, **given),
        draw=lambda dice: {"bytes_per_s": dice.choice([20_000.0, 100_000.0])},
    )


def _processes(stack: Stack) -> Iterator[Kind]:
    if stack.driver.services is None:
        return
    for role in ("worker", "api"):
        if role in stack.profile.roles:
            yield from _of(role)
    if "worker" in stack.profile.roles and clock_can_be_shifted():
        yield Kind(
            name="worker: wrong clock",
            make=lambda stack, given: stack.faults.clock("worker", **given),
            draw=lambda dice: {"seconds": float(dice.choice([-86_400, -60, 60, 3600]))},
            longest_s=0.5,
        )


def _of(role: str) -> Iterator[Kind]:
    yield Kind(name=f"{role}: killed", make=lambda stack, _: stack.faults.killed(role), longest_s=0.5)
    yield Kind(name=f"{role}: hangs", make=lambda stack, _: stack.faults.stopped(role))


def clock_can_be_shifted() -> bool:
    try:
        return bool(library())
    except Unobservable:
        return False


PROVIDERS: dict[str, dict[str, Any]] = {
    "429": {"status": 429, "retry_after": 0},
    "500": {"status": 500},
    "503": {"status": 503},
    "reset": {"reset": True},
    "half an answer": {"truncate": True},
    "took it and hung up": {"accept": True, "reset": True},
    "slow": {"latency_s": {"uniform": [0.05, 0.4]}},
}


def _providers(stack: Stack) -> Iterator[Kind]:
    if not stack.has_providers:
        return
    for name, effect in PROVIDERS.items():
        yield Kind(name=f"providers: {name}", make=_provider(effect))


def _provider(effect: dict[str, Any]) -> Callable[[Stack, Numbers], Made]:
    return lambda stack, _: stack.providers.fault({}, probability=0.7, **effect)
