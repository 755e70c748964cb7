"""A disturbance is a reason for what it met alone, and each repetition needs one of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from histories import CONTRACT as PROFILE
from histories import ID, MESSAGE, START, TOKEN, Script, made, right, window
from judging import called_again, second_entry, second_entry_gone

from harness.checks import whole_record
from harness.checks.verdict import Verdict
from harness.history import Event, Flow, History, key
from harness.profile import Profile


def judged(*events: Event, profile: Profile = PROFILE) -> Verdict:
    """The whole record, of events whose arrival was when they happened."""
    ordered = sorted(events, key=lambda event: event.at)
    return whole_record(History.of([replace(e, seen=e.at) for e in ordered], until=START + 3_000), profile)


def fault(number: int, what: str, target: str, begin: float, end: float) -> tuple[Event, Event]:
    return window(number, what, target, at=begin), window(number, what, target, at=end, ended=True)


def call(number: int, at: float, **answer: object) -> tuple[Event, Event]:
    """One more call of the message, accepted 1 ms later; `answer` says what its caller was told."""
    first = next(event for event in right().events if event.kind == "provider.called")
    name = key("call", "twilio", number)
    called = replace(
        first, at=START + at / 1000, data={**first.data, "call": f"twilio/{number}"}, keys=(name, key("token", TOKEN))
    )
    told = {"call": f"twilio/{number}", "status": 201, "message": f"SM{number}", "accepted": True, **answer}
    return called, made("provider.answered", at=at + 1, keys=[name], **told)


# calls


@pytest.mark.parametrize(
    ("begin", "target", "outcome"),
    [
        (7.5, "worker", "pass"),  # it had called, and its row didn't say so
        (8.5, "worker", "pass"),  # its row said so, and its entry was still pending
        (5000, "worker", "fail"),  # all was written down long before
        (7.5, "api", "fail"),  # who was ended called nobody
    ],
)
def test_a_kill_explains_a_second_call_of_who_could_not_write_the_first_down(
    begin: float, target: str, outcome: str
) -> None:
    events = right().events
    verdict = judged(*events, *fault(9, "kill", target, begin, begin + 0.2), *call(2, max(begin, 20) + 1))
    assert verdict.outcome == outcome, verdict.story()
    if outcome == "fail":
        assert "delivered more than once" in verdict.reason


def test_one_kill_explains_one_call_not_two() -> None:
    once = [*right().events, *fault(9, "kill", "worker", 7.5, 7.7), *call(2, 20)]
    assert judged(*once).outcome == "pass"
    assert "delivered more than once" in judged(*once, *call(3, 30)).reason


def test_a_kill_that_comes_after_a_second_call_explains_nothing() -> None:
    events = [*right().events, *call(2, 20), *fault(9, "kill", "worker", 3000, 3001)]
    assert "delivered more than once" in judged(*events).reason


def test_an_entry_that_was_put_back_with_a_reason_may_be_sent_once_more() -> None:
    again = [second_entry(at=12), *second_entry_gone(at=25), *fault(9, "kill", "api", 2.5, 11), *call(2, 20)]
    assert judged(*right().events, *again).outcome == "pass"
    assert "delivered more than once" in judged(*right().events, *again, *call(3, 30)).reason


@pytest.mark.parametrize("disturbed", [True, False])
def test_where_no_entry_of_it_can_be_told_a_given_up_gate_may_have_put_one_back(disturbed: bool) -> None:
    """The answer that it was taken named no id, so nothing joins the message to its entries."""
    events = [event for event in right().events if not event.kind.startswith("queue.")]
    missed = made("probe.gap", at=0.5, source="queue", reason="no id", kinds=["queue."], lasting=True)
    gate = [*fault(9, "gate", "api", 0.2, 9000), made("fault.left", at=5000, source="queue", fault="gate", gate=9)]
    reason = judged(*events, missed, *(gate if disturbed else []), *call(2, 5001)).story()
    assert ("delivered more than once" not in reason) is disturbed


# entries


@pytest.mark.parametrize(("begin", "explained"), [(2.5, True), (400, True), (5000, False)])
def test_a_kill_explains_a_second_entry_of_who_had_only_just_appended_the_first(begin: float, explained: bool) -> None:
    again = second_entry(at=begin + 100)
    reason = judged(*right().events, *fault(9, "kill", "api", begin, begin + 50), again).reason
    assert ("queued more than once" not in reason) is explained


@pytest.mark.parametrize(("seconds", "explained"), [(6, True), (0.5, False)])
def test_who_waits_long_for_a_held_worker_may_put_the_entry_back(seconds: float, explained: bool) -> None:
    sent = [event for event in right().events if event.at < START + 0.004]
    later = [replace(event, at=event.at + 10) for event in right().events if event.at >= START + 0.004]
    again = second_entry(at=1000 * seconds)
    reason = judged(*sent, *later, *fault(9, "hold", "worker", -1, 9_000), again).reason
    assert ("queued more than once" not in reason) is explained


@pytest.mark.parametrize(("hits", "entries", "explained"), [(1, 2, True), (2, 3, True), (2, 4, False)])
def test_a_gate_explains_an_entry_for_each_answer_that_it_withheld(hits: int, entries: int, explained: bool) -> None:
    begin, end = fault(9, "gate", "api", 1, 9)
    told = [made("fault.hit", at=2, source="queue", fault="gate", gate=9, target="api-1") for _ in range(hits)]
    told += [made("fault.left", at=3, source="queue", fault="gate", gate=9, target="api-1")]
    again = [
        replace(second_entry(at=4 + n), keys=(f"entry:message_queue:sms/{n}-9", *second_entry().keys[1:]))
        for n in range(1, entries)
    ]
    reason = judged(*right().events, begin, *told, end, *again).story()
    assert ("1 queued more than once" not in reason) is explained


# how many messages there should be


def test_rows_that_nobody_asked_for_make_no_second_message() -> None:
    other = "99999999-2222-4333-8444-555555555555"
    token = [key("token", TOKEN)]
    row = made("database.inserted", at=1.5, keys=token, message_id=other, sequence=9, old=None, new="pending")
    events = [*called_again(right()).events, row]
    assert Flow(History.of(events).flow(token[0])).messages == 1
    assert "delivered more than once" in judged(*events).story()


def requested(number: int, *, key_of: str | None = None, answered: str | None = None) -> list[Event]:
    token = [key("token", TOKEN)]
    asked = {"operation": "send", "request": number, **({"idempotency_key": key_of} if key_of else {})}
    events = [made("api.requested", at=number, keys=token, **asked)]
    row = {"sequence": number, "old": None, "new": "pending", "message_id": f"id-{number}"}
    events.append(made("database.inserted", at=number, keys=token, **row))
    if answered is not None:
        events.append(made("api.answered", at=number, keys=token, status=201, message_id=answered, **asked))
    return events


@pytest.mark.parametrize(
    ("sends", "messages"),
    [
        ([{"answered": "id-1"}, {"answered": "id-2"}], 2),
        ([{"answered": "id-1"}, {}], 2),
        ([{}, {}], 2),
        ([{"key_of": "k", "answered": "id-1"}, {"key_of": "k", "answered": "id-1"}], 1),
        ([{"key_of": "k", "answered": "id-1"}, {"key_of": "k"}], 1),
        ([{"key_of": "k", "answered": "id-1"}, {"key_of": "k", "answered": "id-2"}], 2),
        ([{"key_of": "k"}, {"key_of": "k"}], 1),
        ([{"key_of": "k"}, {"key_of": "l"}], 2),
    ],
)
def test_a_flow_holds_as_many_messages_as_the_api_took(sends: list[dict[str, str]], messages: int) -> None:
    events = [event for number, one in enumerate(sends, start=1) for event in requested(number, **one)]
    assert Flow(History.of(events).flow(key("token", TOKEN))).messages == messages


# where messages ended


def ended(status: str, *more: Event, script: Script | None = None) -> Verdict:
    script = script or right()
    last = made("database.status", at=50, message_id=ID, sequence=9, old="sent", new=status)
    return judged(*script.events, last, *more)


def report(word: str) -> tuple[Event, Event]:
    keys = [key("provider", "SM1"), key("call", "twilio", 8)]
    data = {"call": "twilio/8", "what": "status", "message": "SM1", "report": word}
    return made("callback.sent", at=40, keys=keys, **data), made(
        "callback.answered", at=41, keys=keys, status=204, **data
    )


def test_a_message_that_was_accepted_fails_only_by_a_report_or_by_asking() -> None:
    assert "1 unrecorded" in ended("failed").reason
    assert ended("failed", *report("undelivered")).outcome == "pass"
    asked = made("provider.called", at=30, keys=[key("token", TOKEN)], endpoint="messages.fetch", call="twilio/7")
    assert "unrecorded" not in ended("failed", asked).reason


def test_a_message_is_delivered_only_by_a_report_or_by_asking() -> None:
    assert "1 delivered, though no provider said so" in ended("delivered").reason
    assert ended("delivered", *report("delivered")).outcome == "pass"


def test_what_failed_without_any_call_is_unknown_and_what_went_out_unasked_too() -> None:
    bare = right().drop("provider.called", "provider.answered").change("database.status", new="failed")
    assert "1 failed, and the record shows no reason" in whole_record(bare.history, PROFILE).story()
    unasked = right().drop("api.requested", "api.answered")
    said = whole_record(unasked.history, PROFILE)
    assert (said.outcome, "1 went out though nobody asked the API for them" in said.reason) == ("unknown", True)
    wrote = made(
        "callback.sent", at=-5, keys=["call:twilio/5"], call="twilio/5", what="inbound", **{"from": MESSAGE.to}
    )
    answer = whole_record(Script([wrote, *unasked.events]).history, PROFILE)
    assert "nobody asked" not in answer.story(), "it answers somebody who wrote"


def test_a_reply_that_was_refused_and_is_stored_is_unexpected() -> None:
    keys = [key("provider", "SM7")]
    data = {"call": "twilio/7", "what": "inbound", "message": "SM7"}

    def stored(status: int) -> Verdict:
        events = [
            *right().events,
            made("callback.sent", at=60, keys=keys, **data),
            made("callback.answered", at=61, keys=keys, status=status, **data),
            made("database.inserted", at=600, keys=keys, message_id="in-1", direction="inbound", new="received"),
        ]
        return judged(*events)

    assert stored(200).outcome == "pass"
    assert "1 unexpected" in stored(403).reason


def test_an_entry_that_names_no_message_is_no_message() -> None:
    bare = made("queue.appended", at=70, keys=["entry:message_queue:sms/9-0"], stream="message_queue:sms", id="9-0")
    assert judged(*right().events, bare).outcome == "pass"


def test_a_sent_message_is_no_dead_letter_whatever_failed_before() -> None:
    dead = made("queue.appended", at=20, message_id=ID, stream="message_queue:dead", id="9-0", entry="9-0", dead=True)
    first = call(2, 5.5, status=503, accepted=False, message=None)
    assert "1 dead letters that nobody expected" in judged(*right().events, *first, dead).reason


def test_a_row_that_moves_back_as_its_message_is_sent_again_with_a_reason_does_no_more_than_that() -> None:
    moves = [
        made("database.status", at=21, message_id=ID, sequence=8, old="sent", new="sending"),
        made("database.status", at=23, message_id=ID, sequence=9, old="sending", new="sent"),
    ]
    again = [*right().events, *call(2, 22), *moves]
    assert "1 moved back" in judged(*again).reason
    assert judged(*again, *fault(9, "kill", "worker", 8.5, 9.5)).outcome == "pass"
