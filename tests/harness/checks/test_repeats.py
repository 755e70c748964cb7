"""Whether a second entry or a second call is explained: by whom a disturbance met, not by its being on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from histories import CONTRACT as PROFILE
from histories import ID, MESSAGE, Script, made, right, window
from judging import called_again

from harness.checks import accounting, message_queued, whole_record, worker_processed
from harness.checks.repeats import insisted
from harness.history import Event, History, key
from harness.history.facts import Facts


def background(script: Script) -> Script:
    """Every provider call of the run is slowed down from its beginning on."""
    return Script([window(1, "provider", "providers", at=-100), *script.events])


def queued_again(script: Script, *, at: float) -> Script:
    first = next(event for event in script.events if event.kind == "queue.appended")
    again = replace(first, at=1_000 + at / 1000, data={**first.data, "id": "2-0", "entry": "2-0"})
    events = [*script.events, again]
    return Script(sorted(events, key=lambda event: event.at))


def answer(script: Script, **data: Any) -> Script:
    """Changes what the first caller was told."""
    return script.change("provider.answered", lambda event: event.data["call"] == "twilio/1", **data)


def sent(script: Script) -> dict[str, str]:
    history = script.history
    flow = script.flow(history)
    return {
        "message-queued": message_queued(history, flow, PROFILE, channel="sms").outcome,
        "worker-processed": worker_processed(history, flow, PROFILE, message=MESSAGE).outcome,
        "accounting": accounting(history, PROFILE).outcome,
        "whole-record": whole_record(history, PROFILE).outcome,
    }


@pytest.mark.parametrize("slow", [False, True])
def test_slow_providers_are_no_excuse_for_a_second_call(slow: bool) -> None:
    script = called_again(right())
    said = sent(background(script) if slow else script)
    assert (said["worker-processed"], said["accounting"], said["whole-record"]) == ("fail", "fail", "fail")


@pytest.mark.parametrize("slow", [False, True])
def test_slow_providers_are_no_excuse_for_a_second_entry(slow: bool) -> None:
    script = queued_again(right(), at=2.5)
    said = sent(background(script) if slow else script)
    assert (said["message-queued"], said["whole-record"]) == ("fail", "fail")


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"status": 500}, "pass"),
        ({"status": None, "outcome": "reset"}, "pass"),
        ({"outcome": "truncated"}, "pass"),
        ({"status": None, "outcome": "aborted"}, "pass"),
        ({"outcome": "answered"}, "fail"),
        ({}, "fail"),
    ],
)
def test_who_was_not_told_that_it_was_accepted_may_call_again(told: dict[str, Any], outcome: str) -> None:
    script = answer(called_again(right()), **told) if told else called_again(right())
    assert sent(script)["accounting"] == outcome


def test_of_the_callers_who_were_told_one_is_enough() -> None:
    """The first wasn't told, the second was: nothing explains the third."""
    script = answer(called_again(right()), status=500)
    call = key("call", "twilio", 3)
    first = next(event for event in script.events if event.kind == "provider.called")
    keys = (call, *first.keys[1:])
    third = replace(first, at=1_000.03, data={**first.data, "call": "twilio/3"}, keys=keys)
    script = Script([*script.events, third])
    assert sent(script)["accounting"] == "pass", "it isn't accepted yet"
    script = script.add("provider.answered", at=31, keys=[call], call="twilio/3", message="SM3", accepted=True)
    assert sent(script)["accounting"] == "fail"


def test_a_caller_that_gave_a_slow_call_up_made_the_next_one_before_its_answer() -> None:
    """It never hung up; the answer came 3 s after the call, the next call 2.5 s after it."""

    def moved(event: Event) -> Event:
        later = {"twilio/1": {"provider.answered": 3.0}, "twilio/2": {"provider.called": 2.5, "provider.answered": 3.1}}
        seconds = later.get(str(event.data.get("call")), {}).get(event.kind)
        return event if seconds is None else replace(event, at=1_000 + seconds)

    def judged(events: list[Event]) -> str:
        return accounting(History.of([replace(e, seen=e.at) for e in events], until=3_000), PROFILE).outcome

    events = list(called_again(right()).events)
    assert judged([moved(event) for event in events]) == "pass"
    assert judged(events) == "fail", "it was answered at once, and called again all the same"


@pytest.mark.parametrize(("at", "outcome"), [(8.0, "pass"), (2.5, "fail")])
def test_a_second_entry_after_a_call_that_failed_is_the_retry(at: float, outcome: str) -> None:
    """A stack that counts its tries elsewhere puts the same entry on the stream again."""
    script = answer(right(), status=503, accepted=False, message=None)
    assert sent(queued_again(script, at=at))["message-queued"] == outcome


def test_two_more_entries_after_one_failed_call_are_one_too_many() -> None:
    script = answer(right(), status=503, accepted=False, message=None)
    script = queued_again(queued_again(script, at=8.0), at=9.5)
    assert len([event for event in script.events if event.kind == "queue.appended"]) == 3
    assert sent(script)["message-queued"] == "fail"


def test_a_dead_letter_after_calls_that_nobody_was_told_the_end_of_is_expected() -> None:
    dead = made("queue.appended", at=20, message_id=ID, stream="message_queue:dead", id="9-0", entry="9-0", dead=True)
    told, untold = Script([*right().events, dead]), Script([*answer(right(), status=500).events, dead])
    assert "dead letters that nobody expected" in whole_record(told.history, PROFILE).reason
    assert "dead letters that nobody expected" not in whole_record(untold.history, PROFILE).reason


@pytest.mark.parametrize("killed", [True, False])
def test_each_entry_that_was_queued_with_a_reason_may_be_refused_for_good(killed: bool) -> None:
    """An API that died with its append unanswered puts the entry on the stream again; both are worked on."""
    script = queued_again(called_again(right()), at=2.5)
    script = script.change("provider.answered", status=400, accepted=False, message=None)
    kill = [window(1, "kill", "api", at=2.2), window(1, "kill", "api", at=2.4, ended=True)] if killed else []
    script = Script(sorted([*script.events, *kill], key=lambda event: event.at))
    history = script.history
    assert bool(insisted(script.flow(history), Facts(history))) is not killed
