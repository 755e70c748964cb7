"""Whether deliveries overlapped is read from the record."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from harness.history import Event, History
from harness.history.overlap import overlap

Delivery = tuple[float, float | None]
"""When it was sent and when it was answered, in milliseconds; None if it was not."""


def deliveries(*given: Delivery, **more: Any) -> list[Event]:
    history, calls = History(), itertools.count(1)
    for sent, answered in given:
        call = f"twilio/{next(calls)}"
        history.append("callback.sent", source="providers", at=1000 + sent / 1000, data={"call": call, **more})
        if answered is not None:
            data = {"call": call, "status": 200}
            history.append("callback.answered", source="providers", at=1000 + answered / 1000, data=data)
    history.append("provider.called", source="providers", data={"call": "twilio/99"})
    return history.events()


@pytest.mark.parametrize(
    ("given", "overlapped", "words"),
    [
        (
            [(0, 10), (0.4, 9.6), (1.2, 12)],
            True,
            "3 at once: {} 1.2 ms after the first, 8.4 ms before the first answer",
        ),
        ([(0, 5), (4.9, 20)], True, "2 at once: {} 4.9 ms after the first, 0.1 ms before the first answer"),
        ([(0, 5), (6, 9)], False, "2 not at once: {} 6.0 ms after the first, 1.0 ms after the first answer"),
        # the first two overlap, and the last two: not all of them
        ([(0, 5), (4, 9), (8, 12)], False, "3 not at once: {} 8.0 ms after the first, 3.0 ms after the first answer"),
        ([(0, 5), (5, 9)], False, "2 not at once: {} 5.0 ms after the first, 0.0 ms after the first answer"),
        ([(0, 9), (1, None)], False, "1 of 2 have no answer yet"),
        ([(0, 9)], False, "1 of 2 that were to arrive at once went out"),
        ([], False, "none of 2 that were to arrive at once went out"),
    ],
)
def test_all_must_have_been_sent_before_any_was_answered(given: list[Delivery], overlapped: bool, words: str) -> None:
    expected = (overlapped, words.format("the last was sent"))
    assert overlap(deliveries(*given)) == expected
    assert overlap(reversed(deliveries(*given))) == expected


def test_a_delivery_that_found_nobody_overlapped_with_nothing() -> None:
    events = deliveries((0, 9), (1, 8))
    failed = {**events[-2].data, "status": None, "error": "ClientConnectorError: refused"}
    history = History.of(events[:-2])
    history.append("callback.answered", source="providers", at=events[-2].at, data=failed)
    assert overlap(history.events()) == (False, "1 of 2 reached nobody: ClientConnectorError: refused")


def test_fewer_than_were_to_arrive_are_not_all_of_them() -> None:
    events = deliveries((0, 9), (1, 8), at_once={"name": "x", "of": 3})
    assert overlap(events) == (False, "2 of 3 that were to arrive at once went out")
    assert overlap(deliveries((0, 9), (1, 8), at_once={"name": "x", "of": 2}))[0] is True
    assert overlap(deliveries((0, 9), (1, 8), at_once="odd"))[0] is True


def test_of_several_that_reached_nobody_the_number_is_told() -> None:
    history = History()
    for call, status in ((1, None), (2, 200), (3, None)):
        history.append("callback.sent", source="providers", at=1000, data={"call": call})
        history.append("callback.answered", source="providers", at=1001, data={"call": call, "status": status})
    assert overlap(history.events()) == (False, "2 of 3 reached nobody: no status")


def test_the_most_that_any_delivery_expects_beside_it_counts() -> None:
    history = History()
    for call, at_once in ((1, {"of": 2}), (2, {"of": 3}), (3, {"of": "many"}), (4, None)):
        history.append("callback.sent", source="providers", at=1000, data={"call": call, "at_once": at_once})
        history.append("callback.answered", source="providers", at=1001, data={"call": call, "status": 200})
    assert overlap(history.events())[0] is True
    assert overlap(history.events()[:4]) == (False, "2 of 3 that were to arrive at once went out")


def test_spreads_are_told_in_milliseconds() -> None:
    told = "2 at once: the last was sent 1500.0 ms after the first, 2000.0 ms before the first answer"
    assert overlap(deliveries((0, 3500), (1500, 4000))) == (True, told)
    late = "2 not at once: the last was sent 6000.0 ms after the first, 1000.0 ms after the first answer"
    assert overlap(deliveries((0, 5000), (6000, 9000))) == (False, late)
