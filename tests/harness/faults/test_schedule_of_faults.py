"""A schedule is decided by its seed, and has each kind before any comes twice."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from harness.campaign.kinds import Kind
from harness.campaign.schedule import PAUSES_S, SHORTEST_S, schedule

KINDS = [
    Kind(name=f"kind {number}", make=lambda *_: nullcontext(), draw=lambda dice: {"seconds": dice.random()})
    for number in range(7)
]


def told(seed: int, *, count: int = 20) -> list[str]:
    return [f"{one} after {one.pause_s}" for one in schedule(KINDS, seed=seed, count=count)]


def test_a_seed_is_a_schedule() -> None:
    assert told(4) == told(4)
    assert told(4) != told(5)
    assert told(4, count=5) == told(4)[:5], "a shorter one is the beginning of a longer"


@pytest.mark.parametrize("seed", range(5))
def test_each_kind_comes_before_any_comes_again(seed: int) -> None:
    planned = schedule(KINDS, seed=seed, count=21)
    for begin in (0, 7, 14):
        assert {one.kind.name for one in planned[begin : begin + 7]} == {kind.name for kind in KINDS}
    assert all(SHORTEST_S <= one.lasts_s <= one.kind.longest_s for one in planned)
    assert all(PAUSES_S[0] <= one.pause_s <= PAUSES_S[1] for one in planned)
