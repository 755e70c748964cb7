"""The highest rate that holds: steps up until one is broken, then halving what lies between, then a longer proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from typing import Final, Literal

LEAST: Final = 0.5
"""Messages a second below which nothing is tried."""
NEAR: Final = 1.1
"""How far, as a factor, the lowest broken rate may be from the highest held one."""
LESS: Final = 0.9
"""What is tried where the proof didn't hold."""
PROOFS: Final = 4
AGAIN: Final = 2
"""How often a rate of which nothing was learnt is tried again: a generator that was kept from running says nothing."""
Outcome = Literal["held", "broken", "unknown"]
Purpose = Literal["step", "proof"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One load at a rate; `in_the_way` are who was named where it isn't held."""

    rate: float
    outcome: Outcome
    purpose: Purpose = "step"
    sent: float = 0.0
    """Messages sent a second."""
    p50: float | None = None
    p99: float | None = None
    """Of sent, from the intended start, in milliseconds."""
    why: str = ""
    in_the_way: tuple[str, ...] = ()
    lost: int = 0


@dataclass(kw_only=True)
class Found:
    """What a search came to: the highest rate that was proven, None where there is none."""

    steps: list[Step] = field(default_factory=list)
    proven: Step | None = None

    @property
    def above(self) -> Step | None:
        """The lowest rate that isn't held, with who is in the way."""
        last = {(one.rate, one.purpose): one for one in self.steps}.values()
        return min((one for one in last if one.outcome != "held"), key=lambda one: one.rate, default=None)

    @property
    def lost(self) -> int:
        return sum(one.lost for one in self.steps)


def search(
    tried: Callable[[float, Purpose], Step], *, first: float, most: float, told: Callable[[Step], None] = lambda _: None
) -> Found:
    """Searches between almost nothing and `most` messages a second, from `first` on.

    Doubles while a rate holds, else halves; then narrows down until what is held and what isn't are near each other,
    and proves the highest that holds by a longer load. Where that doesn't hold, a tenth less is tried. It ends at once
    where a message was lost: that is no question of the rate.
    """
    found = Found()

    def at(rate: float, purpose: Purpose = "step") -> Step:
        for _ in range(1 + AGAIN):
            step = tried(rate, purpose)
            found.steps.append(step)
            told(step)
            if step.outcome != "unknown" or step.lost:
                break
        return step

    rate, low, high = min(first, most), 0.0, None
    while high is None or low == 0.0 or high / low > NEAR:
        step = at(rate)
        if step.lost:
            return found
        if step.outcome == "held":
            low = rate
            if rate >= most:
                break
        else:
            high = rate
        if high is None:
            rate = min(most, rate * 2)
        elif low == 0.0:
            rate = high / 2
            if rate < LEAST:
                return found
        else:
            rate = sqrt(low * high)
    for _ in range(PROOFS):
        step = at(low, "proof")
        if step.outcome == "held":
            found.proven = step
            break
        if step.lost:
            break
        low *= LESS
    return found
