"""The search for the highest rate that holds, on stacks whose answer is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.load.searching import NEAR, Found, Purpose, Step, search


def stack(limit: float, *, long_limit: float | None = None, loses_at: float = 1e9) -> Callable[[float, Purpose], Step]:
    """A stack that holds up to a limit; over a longer time up to another."""

    def tried(rate: float, purpose: Purpose) -> Step:
        most = long_limit if purpose == "proof" and long_limit is not None else limit
        return Step(
            rate=rate, purpose=purpose, outcome="held" if rate <= most else "broken", lost=int(rate >= loses_at)
        )

    return tried


def found(tried: Callable[[float, Purpose], Step], *, first: float = 50, most: float = 3000) -> Found:
    return search(tried, first=first, most=most)


@pytest.mark.parametrize("limit", [1.5, 7, 49, 50, 51, 420, 1234, 2999])
def test_the_highest_rate_that_holds_is_found_nearly_and_proven(limit: float) -> None:
    it = found(stack(limit))
    assert it.proven is not None
    assert limit / NEAR <= it.proven.rate <= limit
    assert it.proven.purpose == "proof"
    assert it.above is not None
    assert it.above.rate <= it.proven.rate * NEAR
    assert len(it.steps) < 15


def test_no_more_is_tried_than_was_asked() -> None:
    it = found(stack(1e6), most=300)
    assert it.proven is not None
    assert it.proven.rate == max(one.rate for one in it.steps) == 300
    assert it.above is None


def test_a_stack_that_holds_nothing_has_no_capacity() -> None:
    it = found(stack(0.0))
    assert it.proven is None
    assert all(one.outcome == "broken" for one in it.steps)
    assert len(it.steps) < 10


def test_what_holds_for_a_moment_only_is_tried_with_less() -> None:
    it = found(stack(400, long_limit=340))
    assert it.proven is not None
    assert it.proven.rate <= 340
    assert [one.outcome for one in it.steps if one.purpose == "proof"][-1] == "held"
    assert found(stack(400, long_limit=1)).proven is None


def test_a_rate_of_which_nothing_was_learnt_is_tried_again() -> None:
    known = stack(100)
    tries: Counter[float] = Counter()

    def at_times(rate: float, purpose: Purpose) -> Step:
        tries[rate] += 1
        step = known(rate, purpose)
        return replace(step, outcome="unknown") if tries[rate] == 1 else step

    it = found(at_times)
    assert it.proven is not None
    assert 100 / NEAR <= it.proven.rate <= 100
    assert it.above is not None
    assert it.above.rate > 100, "what was unknown at first and held then is not above"
    never = found(lambda rate, purpose: replace(known(rate, purpose), outcome="unknown"))
    assert never.proven is None
    assert len(never.steps) == 3 * len({one.rate for one in never.steps})


def test_a_loss_ends_the_search() -> None:
    it = found(stack(1000, loses_at=200))
    assert (it.proven, it.lost) == (None, 1)
    assert it.steps[-1].rate == 200


def test_each_step_is_told_as_it_comes() -> None:
    told: list[Step] = []
    it = search(stack(100), first=50, most=3000, told=told.append)
    assert told == it.steps
