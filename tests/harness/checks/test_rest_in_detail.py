"""What a stack still owes a message, at the edges: entries that went back, who was cut off, reports, and the clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from histories import CONTRACT, made

from harness.checks.rest import (
    SAME_TIME_S,
    allowed_by,
    cut_between,
    entry_within,
    given_up,
    late,
    over,
    owed_by,
    said_by,
    unacknowledged,
    unanswered,
    words_of,
    work,
)
from harness.checks.sync_processing_disabled import slowest
from harness.history import Event, Flow, History
from harness.history.facts import Facts

POPS = CONTRACT.model_copy(update={"queue": CONTRACT.queue.model_copy(update={"kind": "list", "finish": None})})


def at(kind: str, seconds: float, entry: str | None = "a", **data: Any) -> Event:
    return replace(made(kind, at=seconds * 1000, **({"entry": entry} if entry else {}), **data), seen=seconds)


def flow(*events: Event) -> Flow:
    return Flow([replace(event, seq=number) for number, event in enumerate(events)])


def test_an_entry_that_was_put_back_is_not_over_until_it_is_finished_after_that() -> None:
    put, ack, back = at("queue.appended", 1), at("queue.acked", 2), at("queue.appended", 3, again=True)
    assert over(flow(put, ack), CONTRACT) == {"a"}
    assert over(flow(put, ack, back), CONTRACT) == set()
    assert over(flow(put, ack, back, at("queue.deleted", 4)), CONTRACT) == {"a"}
    first = flow(ack)
    assert given_up(first, first.acks) == {"a"}, "also the very first event of a record"


def test_what_is_popped_is_over_where_that_is_all() -> None:
    taken = flow(at("queue.appended", 1), at("queue.claimed", 2))
    assert over(taken, POPS) == {"a"}
    assert over(taken, CONTRACT) == set()


def test_work_is_what_is_no_dead_letter_each_entry_with_what_shows_it_first() -> None:
    events = at("queue.appended", 1), at("queue.claimed", 2), at("queue.appended", 3, "dead", dead=True)
    found = work(flow(*events, at("queue.claimed", 4, "b")))
    assert {name: event.seen for name, event in found.items()} == {"a": 1, "b": 4}


def test_an_entry_that_was_read_with_noack_is_acknowledged() -> None:
    put, other = at("queue.appended", 1), at("queue.appended", 1, "b")
    open_ones = unacknowledged(flow(put, other, at("queue.claimed", 2, noack=True)), CONTRACT)
    assert [event.data["entry"] for event in open_ones] == ["b"]
    assert unacknowledged(flow(put), CONTRACT.model_copy(update={"queue": POPS.queue})) == []


def disturbed(fault: str, target: str, begin: float, end: float | None) -> list[Event]:
    what: dict[str, Any] = {"entry": None, "fault": fault, "target": target, "number": f"{fault} {begin}"}
    events = [at("fault.began", begin, **what)]
    return events if end is None else [*events, at("fault.ended", end, **what)]


@pytest.mark.parametrize(
    ("fault", "target", "begin", "end", "cut"),
    [
        ("kill", "worker", 2.0, 2.1, True),
        ("kill", "worker", 2.0 + SAME_TIME_S, 3.0, True),
        ("kill", "worker", 2.01 + SAME_TIME_S, 3.0, False),
        ("kill", "worker", 1.0, 2.0, True),
        ("kill", "worker", 1.0, 1.9, False),
        ("kill", "worker", 1.0, None, True),
        ("kill", "api", 2.0, 2.1, False),
        ("hold", "worker", 2.0, 2.1, False),
    ],
)
def test_who_was_ended_right_after_an_acknowledgement_deletes_nothing(
    fault: str, target: str, begin: float, end: float | None, cut: bool
) -> None:
    ack = at("queue.acked", 2.0)
    history = History.of(sorted([ack, *disturbed(fault, target, begin, end)], key=lambda event: event.seen))
    assert (cut_between(Flow([ack]), Facts(history)) is not None) is cut


def test_time_that_was_withheld_does_not_count_between_an_acknowledgement_and_an_end() -> None:
    ack = at("queue.acked", 2.0)
    events = [ack, *disturbed("hold", "worker", 2.1, 9.0), *disturbed("kill", "worker", 9.1, 9.2)]
    assert cut_between(Flow([ack]), Facts(History.of(events))) is not None
    without = [ack, *disturbed("kill", "worker", 9.1, 9.2)]
    assert cut_between(Flow([ack]), Facts(History.of(without))) is None


@pytest.mark.parametrize(
    ("fault", "target", "by_another"),
    [("kill", "worker", True), ("kill", "api", False), ("hold", "worker", False)],
)
def test_an_entry_whose_worker_was_ended_has_the_time_of_another(fault: str, target: str, by_another: bool) -> None:
    events = [at("queue.claimed", 1.0), *disturbed(fault, target, 2.0, 3.0), at("queue.acked", 9.0)]
    policy, history = CONTRACT.policy, History.of(events)
    assert policy.taken_up_within > policy.finished_within
    expected = policy.taken_up_within if by_another else policy.finished_within
    assert entry_within(Flow([events[0]]), Facts(history), CONTRACT) == expected
    lacks = CONTRACT.model_copy(update={"claims": CONTRACT.claims.model_copy(update={"redelivery": False})})
    assert entry_within(Flow([events[0]]), Facts(history), lacks) == policy.finished_within
    assert entry_within(Flow([]), Facts(history), CONTRACT) == policy.finished_within


@pytest.mark.parametrize(
    ("data", "words", "owed", "allowed"),
    [
        ({"report": "delivered"}, {"delivered"}, ["delivered"], ["delivered"]),
        ({"report": "open"}, {"open"}, [], ["delivered"]),
        ({"report": "bounce"}, {"bounce"}, ["failed"], ["failed"]),
        ({"report": "blocked"}, {"blocked"}, [], ["failed"]),
        ({"report": "spamreport"}, {"spamreport"}, [], ["delivered", "failed"]),
        ({"report": "sent", "reports": ["delivered", "sent"]}, {"delivered", "sent"}, ["delivered"], ["delivered"]),
        ({"report": "sent", "reports": []}, {"sent"}, [], []),
        ({"report": "sent", "reports": "odd"}, {"sent"}, [], []),
        ({"report": None}, {""}, [], []),
        ({"params": [{"event": "x"}, {"event": "open"}, {"event": "bounce"}]}, {"bounce"}, ["failed"], ["failed"]),
        ({"params": [{"event": "delivered"}]}, {"delivered"}, ["delivered"], ["delivered"]),
        ({"params": ["odd"]}, {""}, [], []),
        ({"params": []}, {""}, [], []),
        ({"params": {"MessageStatus": "delivered"}}, {"delivered"}, ["delivered"], ["delivered"]),
        ({}, {""}, [], []),
    ],
)
def test_what_a_report_says_and_calls_for(
    data: dict[str, Any], words: set[str], owed: list[str], allowed: list[str]
) -> None:
    event = made("callback.sent", at=0, **data)
    assert words_of(event) == words
    assert said_by(event) in words or len(words) > 1
    assert (owed_by(event, CONTRACT), allowed_by(event, CONTRACT)) == (owed, allowed)


@pytest.mark.parametrize(("until", "is_late"), [(12.9, False), (13.0, True), (99.0, True)])
def test_late_is_counted_from_the_last_of_several(until: float, is_late: bool) -> None:
    history = History.of([], until=until)
    first, last = at("queue.acked", 1.0), at("queue.acked", 3.0)
    assert late(history, last, None, first, by=10.0) is is_late
    assert not late(history, None, by=0.0), "of nothing nothing is late"


@pytest.mark.parametrize(("until", "is_late"), [(16.9, False), (17.0, True)])
def test_what_we_withheld_is_not_the_stacks(until: float, is_late: bool) -> None:
    history = History.of(disturbed("hold", "worker", 5.0, 9.0), until=until)
    assert late(history, at("queue.acked", 3.0), by=10.0) is is_late


def test_a_send_is_owed_its_answer() -> None:
    request = at("api.requested", 1.0, None, request=1)
    answer = at("api.answered", 2.0, None, request=1, operation="send", status=201)
    put_off = at("api.answered", 2.0, None, request=1, operation="send", status=429, again_in_s=1)
    assert [debt.what for debt in unanswered(flow(request))] == ["its send has not been answered"]
    assert list(unanswered(flow(request, answer))) == []
    assert [debt.kind for debt in unanswered(flow(request, put_off))] == ["answer"]


def test_the_slowest_answer_to_a_send_that_nothing_kept_waiting() -> None:
    def asked(number: int, begin: float, end: float, operation: str = "send") -> list[Event]:
        given = {"request": number, "operation": operation}
        return [at("api.requested", begin, None, **given), at("api.answered", end, None, **given)]

    events = [*asked(1, 0.0, 0.5), *asked(2, 1.0, 1.2), *asked(3, 2.0, 9.0, "list"), *asked(4, 20.0, 29.0)]
    events += [*disturbed("hold", "worker", 28.0, 30.0), at("api.answered", 40.0, None, request=99, operation="send")]
    history = History.of(sorted(events, key=lambda event: event.seen))
    assert slowest(history) == 0.5
    assert slowest(History()) == float("inf")
