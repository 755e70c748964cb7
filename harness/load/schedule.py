"""When each message is to start: an open model, so that a slow stack never slows the arrivals down.

Arrivals are drawn at an even pace of one and then stretched so that their density follows the shape: the same
draw serves every shape, and the number of messages is known beforehand.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from math import sqrt
from typing import Final, NamedTuple

from harness.errors import UsageError
from harness.load.plan import MOST_MESSAGES, Kind, Plan
from harness.profile.base import Channel

CHANNEL_WEIGHTS: Final[dict[Channel, int]] = {"sms": 6, "mms": 2, "email": 2}
SPIKE = 3.0
"""How many times the rate a spike has, in the middle tenth of the run."""


class Arrival(NamedTuple):
    """One message to send, `at` seconds after the start."""

    number: int
    at: float
    kind: Kind
    channel: Channel


def arrivals(plan: Plan) -> list[Arrival]:
    """Every arrival of a plan, in order of time; raises UsageError where they are too many."""
    knots = shape(plan)
    expected = sum(areas(knots))
    if expected > MOST_MESSAGES:
        raise UsageError(
            f"{expected:.0f} messages are too many for one run (at most {MOST_MESSAGES}); lower --rate or --duration"
        )
    dice = random.Random(plan.seed)  # noqa: S311  # reason: arrivals must be repeatable, not secret
    kinds = plan.kinds
    weights = [plan.mix[kind] for kind in kinds]
    found = []
    for number, at in enumerate(times(plan, knots, dice)):
        [kind] = dice.choices(kinds, weights)
        channels = plan.of(kind)
        [channel] = dice.choices(channels, [CHANNEL_WEIGHTS[one] for one in channels])
        found.append(Arrival(number, at, kind, channel))
    return found


def times(plan: Plan, knots: list[tuple[float, float]], dice: random.Random) -> Iterator[float]:
    place, end = 0.0, sum(areas(knots))
    while True:
        place += dice.expovariate(1.0) if plan.gaps == "poisson" else 1.0
        if place > end + 1e-9:
            return
        yield stretch(knots, place)


def shape(plan: Plan) -> list[tuple[float, float]]:
    """The rate as a line through (seconds, messages a second)."""
    rate, end = plan.rate, plan.duration
    if plan.shape == "ramp":
        return [(0.0, 0.0), (end, rate)]
    if plan.shape == "spike":
        first, last = end * 0.45, end * 0.55
        return [(0.0, rate), (first, rate), (first, SPIKE * rate), (last, SPIKE * rate), (last, rate), (end, rate)]
    return [(0.0, rate), (end, rate)]


def peak(plan: Plan) -> float:
    """The greatest rate of a plan, in messages a second."""
    return max(rate for _, rate in shape(plan))


def areas(knots: list[tuple[float, float]]) -> list[float]:
    """How many messages each piece of the line holds."""
    return [(after[0] - before[0]) * (before[1] + after[1]) / 2 for before, after in pairwise(knots)]


def stretch(knots: list[tuple[float, float]], count: float) -> float:
    """The time at which `count` messages have arrived."""
    for (before, after), area in zip(pairwise(knots), areas(knots), strict=True):
        if count <= area:
            (start, low), (end, high) = before, after
            slope = (high - low) / (end - start)
            root = sqrt(max(0.0, low * low + 2 * slope * count))
            return start + 2 * count / (low + root)
        count -= area
    return knots[-1][0]


def intended_rate(plan: Plan, seconds: int) -> list[float]:
    """Messages that arrive in each of the first `seconds` seconds."""
    counts = [0.0] * seconds
    for arrival in arrivals(plan):
        if arrival.at < seconds:
            counts[int(arrival.at)] += 1
    return counts
