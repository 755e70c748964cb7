"""Which fault comes when, and for how long: decided by a seed alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from harness.campaign.kinds import Kind, Numbers

SHORTEST_S = 0.3
PAUSES_S = (0.3, 1.5)
"""Seconds between two faults: sometimes less than a stack needs to recover."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A fault of a schedule: after a pause, so long, with these numbers."""

    kind: Kind
    pause_s: float
    lasts_s: float
    numbers: Numbers

    def __str__(self) -> str:
        given = "".join(f", {name} {value:g}" for name, value in self.numbers.items())
        return f"{self.kind.name} for {self.lasts_s:.2f} s{given}"


def schedule(kinds: Sequence[Kind], *, seed: int, count: int) -> list[Planned]:
    """So many faults; each kind once before any comes twice. The same seed and kinds give the same schedule."""
    dice = random.Random(seed)  # noqa: S311 - reason: it must be repeatable, not secret
    left: list[Kind] = []
    planned = []
    for _ in range(count):
        if not left:
            left = dice.sample(list(kinds), len(kinds))
        kind = left.pop()
        pause, lasts = dice.uniform(*PAUSES_S), dice.uniform(SHORTEST_S, kind.longest_s)
        planned.append(Planned(kind=kind, pause_s=pause, lasts_s=lasts, numbers=kind.draw(dice)))
    return planned
