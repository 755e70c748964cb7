"""What is tried, and in which order: calm runs, each axis at a telling strength, then combinations by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from harness.extras import installed
from harness.shaking.disturbance import Disturbance, Disturbed, telling

CALM: Final = 2
"""Undisturbed runs at the beginning."""
ORDERLY: Final = (
    *("order=worker-first", "worker=slow", "provider=slow", "api=slow", "tests=alone", "tests=reversed"),
    *("state=left-over", "webhook=slow", "order=api-first", "order=callback-first", "database=slow", "pause=worker"),
    *("pause=api", "order=crash-after-ack", "order=crash-before-ack", "tests=shuffled", "tests=side-by-side"),
    *("cpu=load", "io=load", "clock=scale"),
)
"""Those first that tell most: the pipeline before the machine, since what a slow pipeline flips is no machine's."""
DRAWN: Final = (
    *("worker=slow", "provider=slow", "api=slow", "database=slow", "webhook=slow", "order=worker-first"),
    *("order=api-first", "pause=worker", "pause=api", "state=left-over"),
)


def single(*, slowest: float) -> list[Disturbed]:
    """Each axis once; no time is longer than `slowest`."""
    names = [name for name in ORDERLY if name != "tests=side-by-side" or installed("xdist.plugin")]
    return [(bounded(telling(name), slowest),) for name in names]


def drawn(seed: int, *, slowest: float) -> Iterator[Disturbed]:
    """Combinations of two, and single ones at other strengths, without end; the same seed gives the same."""
    dice = random.Random(seed)  # noqa: S311 - reason: a design that can be repeated, no secret
    while True:
        names = dice.sample(DRAWN, dice.choice([1, 2, 2]))
        yield tuple(weaker(bounded(telling(name), slowest), dice) for name in names)


def weaker(one: Disturbance, dice: random.Random) -> Disturbance:
    if one.sort.unit == "time":
        return one.at(round(one.strength * dice.choice([0.1, 0.3, 0.6, 1.0]), 4))
    return one


def bounded(one: Disturbance, slowest: float) -> Disturbance:
    return one.at(min(one.strength, slowest)) if one.sort.unit == "time" else one
