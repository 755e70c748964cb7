"""A flow's sends: how many messages they are, who was heard, when an entry is over, what came in."""

from __future__ import annotations

from typing import Any

import pytest
from histories import Script, made

from harness.history import Event, Flow, key
from harness.history.flow import GIVE_UP_S, heard, ordered, took

TEXT = [key("token", "#a")]


def asked(request: int, **data: Any) -> Event:
    return made("api.requested", at=request, keys=TEXT, request=request, **{"operation": "send", **data})


def answered(request: int, message: str | None, *, status: int = 201, **data: Any) -> Event:
    given = {"operation": "send", **data}
    return made("api.answered", at=request, message_id=message, keys=TEXT, request=request, status=status, **given)


def row(message: str, **data: Any) -> Event:
    return made("database.inserted", at=5, message_id=message, new="pending", **data)


def flow(*events: Event) -> Flow:
    return Flow(Script(events).history.events())


@pytest.mark.parametrize(
    ("events", "messages"),
    [
        ([], 1),
        ([row("m1")], 1),
        ([row("m1"), row("m2"), row("m2")], 2),
        ([asked(1)], 1),
        ([asked(1), answered(1, "m1")], 1),
        ([asked(1), answered(1, "m1"), asked(2), answered(2, "m2")], 2),
        ([asked(1), answered(1, "m1"), asked(2), answered(2, "m1")], 1),
        ([asked(1), answered(1, "m1"), row("m1"), row("m2")], 1),
        ([asked(1), answered(1, "m1"), asked(2), row("m1")], 1),
        ([asked(1), answered(1, "m1"), asked(2), row("m1"), row("m2")], 2),
        ([asked(1), answered(1, "m1"), asked(2), row("m1"), row("m2"), row("m3")], 2),
        ([asked(1), answered(1, None), asked(2), answered(2, None)], 2),
        ([asked(1), answered(1, None, status=422), asked(2), answered(2, None, status=422)], 1),
        ([asked(1), answered(1, None), row("m1")], 1),
        ([asked(1), answered(1, "m1"), asked(2, operation="list"), row("m1"), row("m2")], 1),
        ([asked(1, operation="list"), row("m1"), row("m2")], 2),
    ],
)
def test_how_many_messages_there_should_be(events: list[Event], messages: int) -> None:
    assert flow(*events).messages == messages


def test_an_idempotency_key_makes_two_sends_one_message() -> None:
    first, second = asked(1, idempotency_key="k"), asked(2, idempotency_key="k")
    rows = row("m1"), row("m2")
    assert flow(first, answered(1, "m1"), second, *rows).messages == 1, "the second is the first, said again"
    assert flow(first, second, *rows).messages == 1
    assert flow(first, asked(2, idempotency_key="other"), *rows).messages == 2


def test_a_send_that_was_put_off_is_no_request_and_its_answer_none() -> None:
    put_off = answered(1, None, status=429, again_in_s=0.5)
    waiting = flow(asked(1), put_off)
    assert (waiting.requests, waiting.answers, waiting.waits_to_be_asked) == ([], [], True)
    again = flow(asked(1), put_off, asked(2))
    assert ([event.data["request"] for event in again.requests], again.waits_to_be_asked) == ([2], False)
    assert not flow(asked(1), answered(1, "m1")).waits_to_be_asked
    assert not flow().waits_to_be_asked


def test_a_look_at_the_message_is_no_answer_to_its_send() -> None:
    looked = flow(asked(1), answered(1, "m1"), answered(2, "m1", operation="look"))
    assert [event.data["request"] for event in looked.answers] == [1]


@pytest.mark.parametrize(
    ("data", "taken"),
    [
        ({"status": 199}, False),
        ({"status": 200}, True),
        ({"status": 299}, True),
        ({"status": 300}, False),
        ({"status": None}, False),
        ({"status": 201, "accepted": False}, False),
        ({"status": 404, "accepted": True}, True),
    ],
)
def test_an_answer_takes_a_message_by_its_status_unless_the_profile_has_said(data: dict[str, Any], taken: bool) -> None:
    assert took(made("api.answered", at=0, **data)) is taken


@pytest.mark.parametrize(
    ("events", "inside"),
    [
        ([made("callback.sent", at=0, what="inbound")], True),
        ([made("callback.answered", at=0, what="parse")], True),
        ([made("callback.sent", at=0, what="status")], False),
        ([row("m1", direction="inbound")], True),
        ([row("m1", direction="inbound"), row("m2", direction="outbound")], False),
        ([row("m1")], False),
        ([], False),
    ],
)
def test_what_came_from_outside(events: list[Event], inside: bool) -> None:
    assert flow(*events).came_in is inside


def called(call: int, at: float) -> Event:
    return made("provider.called", at=at, call=call)


@pytest.mark.parametrize(
    ("answer", "is_heard"),
    [
        ({}, True),
        ({"status": 200}, True),
        ({"status": 299, "outcome": "answered"}, True),
        ({"status": 300}, False),
        ({"status": 503}, False),
        ({"status": 200, "outcome": "reset"}, False),
        ({"outcome": "aborted"}, False),
    ],
)
def test_a_caller_hears_only_a_whole_yes(answer: dict[str, Any], is_heard: bool) -> None:
    given = made("provider.answered", at=1, call=1, **answer)
    assert heard(given, called(1, 0), []) is is_heard
    assert heard(given, None, []) is is_heard


@pytest.mark.parametrize(
    ("answered_at", "again_at", "is_heard"),
    [
        (GIVE_UP_S * 1000 - 1, 1000, True),  # too soon to have given up
        (GIVE_UP_S * 1000, 1000, False),
        (GIVE_UP_S * 1000, 0, True),  # called together with the first
        (GIVE_UP_S * 1000, GIVE_UP_S * 1000, True),  # called when the answer was there
        (GIVE_UP_S * 1000 + 1000, 2999, False),
    ],
)
def test_who_calls_again_while_the_first_call_is_open_has_given_it_up(
    answered_at: float, again_at: float, is_heard: bool
) -> None:
    first, again = called(1, 0), called(2, again_at)
    answer = made("provider.answered", at=answered_at, call=1, status=200)
    assert heard(answer, first, [first, again]) is is_heard
    assert (flow(first, again, answer).unheard == []) is is_heard


def entry(kind: str, at: float, name: str = "e1", **data: Any) -> Event:
    return made(kind, at=at, entry=name, **data)


def test_a_message_is_finished_when_the_last_of_its_entries_was_first_acknowledged() -> None:
    once = flow(entry("queue.acked", 1), entry("queue.acked", 3, "e2"), entry("queue.acked", 9))
    assert once.finish is once.events[1]
    assert flow(entry("queue.deleted", 1)).finish is None
    late_told = flow(entry("queue.acked", 3, "e2"), entry("queue.acked", 1))
    assert late_told.finish is late_told.events[0]


def test_an_entry_that_was_put_back_is_finished_when_it_is_acknowledged_after_that() -> None:
    back = flow(entry("queue.acked", 1), entry("queue.appended", 2, again=True), entry("queue.acked", 3))
    assert back.finish is back.events[2]
    assert flow(entry("queue.acked", 1), entry("queue.appended", 2, again=True)).finish is None
    assert flow(entry("queue.acked", 1), entry("queue.appended", 2)).finish is not None


def test_a_dead_letter_is_no_open_entry() -> None:
    letters = flow(entry("queue.appended", 1), entry("queue.appended", 2, "dead", dead=True))
    assert letters.open_entries == {"e1"}
    assert flow(entry("queue.appended", 1), entry("queue.deleted", 2)).open_entries == set()


def test_events_of_several_kinds_come_in_the_order_of_the_record() -> None:
    mixed = flow(entry("queue.acked", 1), entry("queue.claimed", 2), entry("queue.acked", 3))
    assert mixed.of("queue.acked", "queue.claimed", "queue.deleted") == list(mixed.events)
    assert mixed.of("queue.deleted", "queue.acked") == [mixed.events[0], mixed.events[2]]
    assert mixed.of("queue.deleted", "queue.appended") == []
    assert mixed.of("queue.deleted") == []


def test_rows_without_a_sequence_follow_their_arrival_and_stand_before_those_with_one() -> None:
    events = Script([row("m1", sequence=2), row("m2"), row("m3", sequence=1), row("m4")]).history.events()
    assert [event.message_id for event in ordered(events)] == ["m2", "m4", "m3", "m1"]


def test_the_texts_of_a_flow_are_all_tokens_that_its_events_carry() -> None:
    two = [key("token", "#a"), key("message", "m")], [key("token", "#b")]
    assert flow(*(made("provider.called", at=0, keys=keys) for keys in two)).texts == {"token:#a", "token:#b"}
