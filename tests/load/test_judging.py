"""Histograms that add up, and a generator that is judged by how punctual it was."""

from __future__ import annotations

import pytest

from harness.load.histogram import Histogram, merged
from harness.load.judge import kept_up, punctuality
from harness.load.plan import Plan
from harness.load.schedule import arrivals

PLAN = arrivals(Plan(rate=100, duration=2, gaps="uniform"))


def test_a_histogram_is_exact_to_three_digits() -> None:
    histogram = Histogram(number / 1000 for number in range(1, 1001))
    assert histogram.count == 1000
    for percent, expected in ((50, 0.5), (99, 0.99), (100, 1.0)):
        assert histogram.quantile(percent) == pytest.approx(expected, rel=0.002)
    assert histogram.max == pytest.approx(1.0, rel=0.001)


def test_histograms_of_several_processes_add_up_to_one_of_all_values() -> None:
    values = [0.0001 * number**1.5 for number in range(1, 500)]
    parts = [Histogram.loads(Histogram(values[place::3]).dumps()) for place in range(3)]
    assert merged(parts).summary() == Histogram(values).summary()


def test_an_empty_histogram_says_nothing() -> None:
    assert Histogram().summary() == {"count": 0, "p50": 0, "p90": 0, "p99": 0, "p99.9": 0, "max": 0}
    assert merged([]).count == 0


def started(late: float, *, every: int = 1, dropped: int = 0) -> dict[int, float]:
    kept = PLAN[dropped:]
    return {a.number: 1000.0 + a.at + (late if a.number % every == 0 else 0.0) for a in kept}


def judged(starts: dict[int, float], *, own: dict[int, float], dropped: dict[int, float]) -> tuple[str, str]:
    it = punctuality(PLAN, starts, own=own, dropped=dropped, start=1000.0, limit=0.1)
    verdict = kept_up(it, share=0.05, cpu=12)
    return verdict.outcome, verdict.reason


@pytest.mark.parametrize(
    ("starts", "outcome", "words"),
    [
        (started(0.01), "pass", "200 of 200 started, 0 dropped, 0 later than 100 ms"),
        (started(0.2, every=50), "pass", "4 later than 100 ms"),
        (started(0.2, every=10), "unknown", "late too often: 200 of 200 started, 0 dropped, 20 later"),
        (started(0.0, dropped=1), "unknown", "could not keep up: 199 of 200 started, 1 dropped"),
        ({}, "unknown", "200 dropped"),
    ],
)
def test_a_late_or_dropped_start_counts_against_the_generator(
    starts: dict[int, float], outcome: str, words: str
) -> None:
    found, reason = judged(starts, own={}, dropped={})
    assert (found, words in reason) == (outcome, True), reason


def test_a_start_that_waited_for_the_stack_counts_against_the_stack() -> None:
    starts = started(2.0)
    outcome, reason = judged(starts, own=dict.fromkeys(starts, 0.01), dropped={})
    assert outcome == "pass", reason
    assert "0 later than 100 ms" in reason
    assert "200 starts waited for the stack, which kept every user waiting" in reason
    assert "--users" not in reason


def test_what_the_stack_kept_from_starting_is_no_fault_of_the_generator_and_no_load_either() -> None:
    starts = started(0.0, dropped=60)
    kept_off = {a.number: 0.02 for a in PLAN[:60]}
    outcome, reason = judged(starts, own={}, dropped=kept_off)
    assert (outcome, "the stack was too slow for this load" in reason) == ("unknown", True), reason
    few = started(0.0, dropped=3)
    assert judged(few, own={}, dropped={a.number: 0.02 for a in PLAN[:3]})[0] == "pass"
    own = {a.number: 6.0 if a.number == 1 else 0.02 for a in PLAN[:3]}
    outcome, reason = judged(few, own=own, dropped=own)
    assert (outcome, "could not keep up" in reason) == ("unknown", True), "one of them was the generator's"


def test_nothing_scheduled_shows_nothing() -> None:
    it = punctuality([], {}, own={}, dropped={}, start=0, limit=0.1)
    assert kept_up(it, share=0.05, cpu=0).outcome == "unknown"
