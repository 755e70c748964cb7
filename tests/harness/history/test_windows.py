"""Windows: which were on at a time, found without reading all; how many seconds were withheld, each counted once."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest
from histories import made

from harness.history import Event
from harness.history.windows import Windows, Withheld, joined

Span = tuple[float, float | None]


def events(*spans: Span, fault: str = "hold", **data: Any) -> list[Event]:
    """A window for each span of seconds; None while it is on."""
    found = []
    for number, (begin, end) in enumerate(spans):
        what = {"fault": fault, "target": "worker", "number": number, **data}
        found.append(replace(made("fault.began", at=0, **what), seen=begin))
        if end is not None:
            found.append(replace(made("fault.ended", at=0, **what), seen=end))
    return sorted(found, key=lambda event: event.seen)


def numbers(windows: Windows, since: float, until: float) -> list[int]:
    return [window.began.data["number"] for window in windows.between(since, until)]


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (0, 10, [0, 1, 2]),
        (2, 2, [0]),
        (2.5, 2.5, []),
        (3, 4, [1]),
        (5, 5, [1]),
        (5.5, 5.5, []),
        (5.5, 6, [2]),
        (100, 200, [2]),
        (0, 0.5, []),
        (0, 1, [0]),
        (-inf, inf, [0, 1, 2]),
    ],
)
def test_those_that_were_on_between_two_times_ends_included(since: float, until: float, found: list[int]) -> None:
    assert numbers(Windows(events((1, 2), (3, 5), (6, None))), since, until) == found


def test_a_long_one_is_found_behind_short_ones_that_began_later() -> None:
    windows = Windows(events((0, 10), (1, 2), (3, 4), (11, 12)))
    assert numbers(windows, 9, 9.5) == [0]
    assert numbers(windows, 3.5, 3.5) == [2, 0]  # in the order in which they ended
    assert numbers(windows, 10.5, 10.5) == []


def test_a_begin_without_an_end_is_on_and_an_end_without_a_begin_is_nothing() -> None:
    lone = [event for event in events((0, 1), (2, 3)) if (event.kind, event.data["number"]) != ("fault.began", 0)]
    assert [window.until for window in joined(lone)] == [3]
    assert [window.until for window in joined(events((0, None)))] == [inf]


def test_an_event_is_covered_from_the_begin_to_the_end() -> None:
    (window,) = joined(events((1, 2)))
    covered = [at for at in (0.9, 1, 1.5, 2, 2.1) if window.covers(replace(made("queue.acked", at=0), seen=at))]
    assert covered == [1, 1.5, 2]


@pytest.mark.parametrize(
    ("spans", "begin", "end", "seconds"),
    [
        ([], 0, 10, 0),
        ([(1, 3)], 0, 10, 2),
        ([(1, 3)], 2, 10, 1),
        ([(1, 3)], 0, 2, 1),
        ([(1, 3)], 3, 10, 0),
        ([(1, 3)], 0, 1, 0),
        ([(1, 3)], 10, 0, 0),  # never less than none
        ([(1, 3), (5, 6)], 0, 10, 3),
        ([(1, 3), (5, 6)], 2, 5.5, 1.5),
        ([(1, 3), (2, 6)], 0, 10, 5),  # both at once count once
        ([(1, 6), (2, 3)], 0, 10, 5),
        ([(1, 3), (3, 4)], 0, 10, 3),
        ([(1, 6), (2, 3), (8, 9)], 5, 8.5, 1.5),
        ([(0, 1), (2, 3), (2.5, 7)], 0, 10, 6),
        ([(1, None)], 0, 10, 9),
    ],
)
def test_seconds_that_were_withheld(spans: list[Span], begin: float, end: float, seconds: float) -> None:
    assert Withheld(events(*spans)).seconds(begin, end) == pytest.approx(seconds)


@pytest.mark.parametrize(("fault", "seconds"), [("hold", 2), ("gate", 2), ("kill", 0), ("provider", 0)])
def test_what_ends_somebody_or_answers_badly_withholds_nothing(fault: str, seconds: float) -> None:
    assert Withheld(events((1, 3), fault=fault)).seconds(0, 10) == seconds


def test_an_outage_withholds_until_the_stack_has_had_its_time_to_recover() -> None:
    known = Withheld(events((1, 3), fault="cut", recovers_s=4))
    assert (known.seconds(0, 5), known.seconds(0, 10), known.seconds(7, 10)) == (4, 6, 0)
    assert Withheld(events((1, 3), fault="cut", recovers_s=0)).seconds(0, 10) == 2
    (window,) = joined(events((1, 3), fault="cut", recovers_s=0))
    assert (window.outage, window.recovers_s) == (True, 0.0)
