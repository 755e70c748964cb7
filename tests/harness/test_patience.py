"""How long a wait is, after what a run has taught: whole until it was in vain, brief after that."""

from __future__ import annotations

import pytest

from harness.scenario.patience import BRIEF_S, Patience


def test_a_first_wait_is_whole() -> None:
    patience = Patience()
    assert patience.before("status") == 0.0
    assert patience.of("status", 10.0) == 10.0


@pytest.mark.parametrize(("waited", "next_one"), [(9.9, 10.0), (10.0, BRIEF_S), (99.0, BRIEF_S)])
def test_a_wait_is_brief_once_as_long_was_in_vain(waited: float, next_one: float) -> None:
    patience = Patience()
    patience.in_vain(["status"], waited)
    assert patience.of("status", 10.0) == next_one
    assert patience.of("answer", 10.0) == 10.0, "of another kind nothing was learned"


def test_what_was_in_vain_adds_up() -> None:
    patience = Patience()
    patience.in_vain(["status", "answer"], 6.0)
    assert patience.of("status", 10.0) == 10.0
    patience.in_vain(["status"], 4.0)
    assert (patience.before("status"), patience.before("answer")) == (10.0, 6.0)
    assert patience.of("status", 10.0) == BRIEF_S


@pytest.mark.parametrize(
    ("paid", "brief"),
    [
        ([], BRIEF_S),
        ([0.01], BRIEF_S),
        ([1.0], 2.0),
        ([0.1] * 9 + [3.0], 6.0),  # nine of ten are no more than that
        ([0.5] * 10 + [3.0], 1.0),
        ([3.0, 1.0], 6.0),
        ([7.0], 10.0),  # never longer than whole
    ],
)
def test_a_brief_wait_is_twice_what_is_usual(paid: list[float], brief: float) -> None:
    patience = Patience()
    for seconds in paid:
        patience.paid(["status", "answer"], seconds)
    patience.in_vain(["status"], 10.0)
    assert patience.of("status", 10.0) == brief
