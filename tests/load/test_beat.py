"""When the generator was kept from running, from beats that come late."""

from __future__ import annotations

import pytest

from harness.load.beat import EVERY_S, Beat


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def beat() -> Beat:
    it = Beat(Clock())
    it.beaten(101.0, 101.002)  # a beat is never quite in time
    it.beaten(102.0, 102.5)
    it.beaten(103.0, 103.25)
    it._due = 1000.0
    return it


@pytest.mark.parametrize(
    ("begin", "end", "seconds"),
    [
        (100.0, 104.0, 0.75),
        (100.0, 102.0, 0.0),
        (102.0, 102.5, 0.5),
        (102.2, 102.4, 0.2),
        (102.4, 103.1, 0.2),
        (102.6, 102.9, 0.0),
        (103.25, 200.0, 0.0),
        (103.0, 102.0, 0.0),
    ],
)
def test_a_stall_counts_as_far_as_it_lies_between_two_times(
    beat: Beat, begin: float, end: float, seconds: float
) -> None:
    assert beat.kept(begin, end) == pytest.approx(seconds)


def test_a_stall_that_still_lasts_counts_too() -> None:
    clock = Clock()
    beat = Beat(clock)
    due = clock.at + EVERY_S
    assert beat.kept(clock.at, due + 0.001) == 0, "that is how late any beat is"
    assert beat.kept(clock.at, due + 2.0) == pytest.approx(2.0)
    assert beat.kept(due + 1.5, due + 2.0) == pytest.approx(0.5)
