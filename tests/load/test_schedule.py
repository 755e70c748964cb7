"""The open-model schedule: the right number at the right times, and the same again for the same seed."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.load.plan import Gaps, Plan, Shape, parse_mix
from harness.load.schedule import arrivals, intended_rate
from harness.probes.probe import token_in


@pytest.mark.parametrize("gaps", get_args(Gaps))
@pytest.mark.parametrize(("shape", "expected"), [("constant", 2000), ("ramp", 1000), ("spike", 2400)])
def test_as_many_arrive_as_the_shape_holds(shape: Shape, expected: int, gaps: Gaps) -> None:
    found = arrivals(Plan(rate=100, duration=20, shape=shape, gaps=gaps))
    # five standard deviations of a Poisson count; none for even gaps
    assert len(found) == pytest.approx(expected, abs=5 * expected**0.5 if gaps == "poisson" else 0)
    assert all(before.at <= after.at for before, after in pairwise(found))
    assert all(0 <= arrival.at <= 20 for arrival in found)
    assert [arrival.number for arrival in found] == list(range(len(found)))


def test_the_rate_follows_the_shape() -> None:
    ramp = intended_rate(Plan(rate=100, duration=10, shape="ramp", gaps="uniform"), 10)
    assert ramp == sorted(ramp)
    assert [ramp[0], ramp[9]] == pytest.approx([5, 95], abs=1)
    spike = intended_rate(Plan(rate=100, duration=20, shape="spike", gaps="uniform"), 20)
    assert [second for second, count in enumerate(spike) if count > 200] == [9, 10]


def test_poisson_gaps_vary_and_even_ones_do_not() -> None:
    def gaps(plan: Plan) -> list[float]:
        return [after.at - before.at for before, after in pairwise(arrivals(plan))]

    even = gaps(Plan(rate=100, duration=10, gaps="uniform"))
    assert max(even) - min(even) < 1e-9
    drawn = gaps(Plan(rate=100, duration=10))
    assert min(drawn) < 0.001
    assert max(drawn) > 0.04


@given(seed=st.integers(0, 1000), rate=st.floats(1, 200), shape=st.sampled_from(get_args(Shape)))
def test_the_same_seed_gives_the_same_arrivals(seed: int, rate: float, shape: Shape) -> None:
    plan = Plan(rate=rate, duration=3, seed=seed, shape=shape)
    assert arrivals(Plan.loads(plan.dumps())) == arrivals(plan) == arrivals(plan.again())


def test_who_sends_follows_the_mix() -> None:
    found = Counter(arrival.kind for arrival in arrivals(Plan(rate=500, duration=10, mix={"api": 3, "queue": 1})))
    assert set(found) == {"api", "queue"}
    assert found["api"] / found["queue"] == pytest.approx(3, rel=0.2)


def test_every_token_is_one_that_the_probes_know_and_nobody_elses() -> None:
    plan = Plan()
    tokens = [plan.token(number) for number in (0, 1, 35, 36, 199_999)]
    assert all(token_in(f"load 1 {token}") == token for token in tokens)
    assert len({*tokens, *(plan.again().token(number) for number in (0, 1))}) == 7


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate": 0}, "rate 0 is out of range"),
        ({"duration": 4000}, "duration 4000 is out of range"),
        ({"shape": "square"}, "shape 'square' isn't known; known are constant, ramp, spike"),
        ({"gaps": "none"}, "gaps 'none' isn't known"),
        ({"mix": {"fax": 1}}, "no such user fax"),
        ({"mix": {"api": 0}}, "one above 0"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Plan(**options)  # type: ignore[arg-type]  # reason: that is the test


def test_too_many_messages_are_refused() -> None:
    with pytest.raises(UsageError, match="3600000 messages are too many"):
        arrivals(Plan(rate=1000, duration=3600))


def test_a_mix_in_words() -> None:
    assert parse_mix("api=8, queue=0.5,webhook") == {"api": 8, "queue": 0.5, "webhook": 1}
    for text, words in (("fax=1", "no such user 'fax'"), ("api=x", "has no number")):
        with pytest.raises(UsageError, match=words):
            parse_mix(text)
