"""Tries at the edges: how early, how late, how often; what an answer came to; whose time is whose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from histories import CONTRACT, TOKEN, made, window

from harness.checks import Outcome
from harness.checks.tries import (
    A_SECOND,
    EARLY,
    NOW_S,
    STORM,
    asked_to_wait,
    asked_until,
    outcome_of,
    overdue,
    passing,
    stormed,
    tried_as_said,
    tries,
)
from harness.history import Event, Flow, History, key
from harness.history.facts import Facts
from harness.profile import Profile
from harness.profile.features import Retries

TEXT = [key("token", TOKEN)]


def at(kind: str, seconds: float, **data: Any) -> Event:
    return replace(made(kind, at=seconds * 1000, keys=TEXT, **data), seen=seconds)


def calls(*times: float, answered: float = 0.1, **answer: Any) -> list[Event]:
    """Calls at these seconds, each answered so much later."""
    found = []
    for number, begin in enumerate(times):
        found.append(at("provider.called", begin, call=number))
        found.append(at("provider.answered", begin + answered, call=number, **{"status": 503, **answer}))
    return sorted(found, key=lambda event: event.seen)


def saying(**retries: Any) -> Profile:
    return CONTRACT.model_copy(update={"retries": Retries(**retries)})


def said(events: list[Event], profile: Profile, *, until: float | None = None) -> list[tuple[Outcome, str]]:
    history = History.of(events, until=events[-1].seen if until is None else until)
    flow = Flow(history.events())
    return [(answer.outcome, answer.reason) for answer in tried_as_said(Facts(history), flow, profile)]


@pytest.mark.parametrize(
    ("data", "passes"),
    [
        ({"status": 503}, True),
        ({"status": 503, "outcome": "answered"}, True),
        ({"status": 503, "outcome": "slow"}, True),
        ({"status": 400}, False),
        ({"status": 201, "accepted": True}, False),
        ({"status": 201, "accepted": False}, True),  # garbage
        ({"status": None, "outcome": "reset"}, True),
        ({"status": None, "outcome": "empty"}, True),
        ({"status": 201, "outcome": "truncated"}, True),
        ({"status": None, "outcome": "aborted"}, True),
        ({"status": 503, "outcome": "odd"}, False),
    ],
)
def test_after_what_a_call_is_tried_again(data: dict[str, Any], passes: bool) -> None:
    full = saying(statuses=[503], also=["reset", "closed", "cut", "timeout", "garbage"])
    assert passing(made("provider.answered", at=0, **data), full) is passes
    if data.get("outcome") in ("reset", "empty", "truncated", "aborted") or data.get("accepted") is False:
        assert not passing(made("provider.answered", at=0, **data), saying(statuses=[503]))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"status": 503}, "an answer 503"),
        ({"status": 200}, "an answer 200 that isn't the provider's"),
        ({"status": 299, "outcome": "slow"}, "an answer 299 that isn't the provider's"),
        ({"outcome": "reset"}, "a connection that was reset"),
        ({"outcome": "empty"}, "a connection that was closed"),
        ({"outcome": "aborted"}, "a timeout"),
        ({"outcome": "truncated"}, "half an answer"),
    ],
)
def test_what_came_of_a_call(data: dict[str, Any], words: str) -> None:
    assert outcome_of(made("provider.answered", at=0, **data)) == words


def test_a_storm_is_so_many_calls_within_a_second() -> None:
    storm = [n / STORM * 0.99 for n in range(STORM)]
    assert len(stormed(Flow(calls(*storm)))) == STORM == 50
    assert stormed(Flow(calls(*storm[1:]))) == []
    assert stormed(Flow(calls(*[n / (STORM - 1) for n in range(STORM)]))) == [], "a second is no storm"
    late = stormed(Flow(calls(-100.0, *storm)))
    assert late[0].seen == 0.0, "the storm itself is told"
    assert said(calls(*storm), saying())[0] == ("fail", "50 calls came within 0.97 s for one message: a storm")


def test_how_often_is_counted_by_message() -> None:
    assert said(calls(0, 1, 2), saying(attempts=3)) == []
    over = ("fail", "3 calls were made for one message, and [retries] attempts is 2")
    assert said(calls(0, 1, 2), saying(attempts=2)) == [over]
    rows = [at("database.inserted", 0, message_id=name) for name in ("a", "b")]
    assert said([*rows, *calls(0, 1, 2)], saying(attempts=2)) == []


def test_how_late_is_counted_from_the_answer_and_without_what_was_withheld() -> None:
    profile = saying(within=2.0, statuses=[503])
    assert said(calls(0, 2.1), profile) == []
    late = ("fail", "it was tried again after 2.1 s, and [retries] within is 2 s")
    assert said(calls(0, 2.2), profile) == [late]
    hold = [replace(window(1, "hold", "worker", at=0), seen=1.0)]
    hold.append(replace(window(1, "hold", "worker", at=0, ended=True), seen=1.5))
    assert said(sorted([*calls(0, 2.2), *hold], key=lambda event: event.seen), profile) == []
    assert said(calls(0, 2.2), saying(within=2.0, statuses=[429])) == []


def test_how_late_is_counted_from_what_the_answer_asked_for() -> None:
    profile = saying(within=2.0, statuses=[503])
    waited = {"wait_s": 3, "retry_after": "3"}
    assert said(calls(0, 5.0, **waited), profile) == []
    assert len(said(calls(0, 5.2, **waited), profile)) == 1


def test_who_was_ended_in_between_counts_anew() -> None:
    kill = [replace(window(1, "kill", "worker", at=0), seen=0.5)]
    kill.append(replace(window(1, "kill", "worker", at=0, ended=True), seen=0.6))
    events = sorted([*calls(0, 1, 2), *kill], key=lambda event: event.seen)
    assert said(events, saying(attempts=2, within=0.1, statuses=[503])) == []


@pytest.mark.parametrize(
    ("again", "retry_after", "soon"),
    [
        (2.0, "2", True),  # 1.9 s after the answer
        (2.1 - NOW_S - 0.01, "2", True),
        (2.1 - NOW_S + 0.01, "2", False),
        (2.1 - NOW_S - 0.01, "2.0", True),
        (2.1 - A_SECOND + 0.01, "Wed, 21 Oct 2015 07:28:00 GMT", False),
        (2.1 - A_SECOND - 0.01, "Wed, 21 Oct 2015 07:28:00 GMT", True),
    ],
)
def test_too_soon_by_what_the_answer_asked_for(again: float, retry_after: str, soon: bool) -> None:
    events = calls(0, again, wait_s=2, retry_after=retry_after)
    reasons = said(events, saying(retry_after=True))
    assert bool(reasons) is soon
    if soon:
        assert f"after an answer 503, which asked to wait: Retry-After {retry_after}" in reasons[0][1]
    assert said(events, saying(retry_after=False)) == []


def test_an_answer_without_a_wait_asks_for_none() -> None:
    bare = made("provider.answered", at=0)
    assert (asked_until(bare), asked_to_wait(bare)) == (None, 0.0)
    zero = made("provider.answered", at=0, wait_s=0, retry_after="0")
    assert asked_until(zero) == pytest.approx(1000 - NOW_S)


@pytest.mark.parametrize(
    ("elapsed_s", "outcome", "again", "early"),
    [
        (10 * EARLY - 0.1, "aborted", True, True),
        (10 * EARLY, "aborted", True, False),
        (10 * EARLY - 0.1, "reset", True, False),
        (10 * EARLY - 0.1, "aborted", False, False),
        (None, "aborted", True, True),
    ],
)
def test_a_call_that_was_given_up_before_its_time(
    elapsed_s: float | None, outcome: str, again: bool, early: bool
) -> None:
    answer = {"outcome": outcome, "status": None, "elapsed_ms": None if elapsed_s is None else elapsed_s * 1000}
    events = calls(0, answered=1.0, **answer) + (calls(1.0) if again else [])
    reasons = said(events, saying(timeout=10))
    assert bool(reasons) is early
    if early:
        told = f"a call was given up after {elapsed_s or 0:.2f} s and made again, and [retries] timeout is 10 s"
        assert reasons == [("fail", told)]
    assert said(events, saying()) == []


SENDING = [at("database.status", 0.05, new="sending", sequence=1)]


@pytest.mark.parametrize(("until", "late"), [(2.09, False), (2.1, True)])
def test_a_message_that_nobody_tries_again(until: float, late: bool) -> None:
    reasons = said([*SENDING, *calls(0)], saying(within=2, statuses=[503]), until=until)
    why = "after an answer 503 it was not tried again within 2 s, and the row stays sending"
    assert reasons == ([("fail", why)] if late else [])
    done = [at("database.status", 0.05, new="sent", sequence=1)]
    assert said([*done, *calls(0)], saying(within=2, statuses=[503]), until=100) == []
    assert said([*SENDING, *calls(0)], saying(statuses=[503]), until=100) == []


@pytest.mark.parametrize(
    ("attempts", "why"),
    [
        (None, "after an answer 503 it was not tried again within 2 s, and the row stays sending"),
        (3, "after an answer 503 it was not tried again within 2 s, and the row stays sending"),
        (2, "it had its 2 calls, all that [retries] attempts allows, and the row stays sending"),
    ],
)
def test_a_message_that_had_all_its_calls(attempts: int | None, why: str) -> None:
    profile = saying(within=2, statuses=[503], attempts=attempts)
    assert said([*SENDING, *calls(0, 1)], profile, until=100) == [("fail", why)]


@pytest.mark.parametrize(("until", "late"), [(11.9, False), (12.0, True)])
def test_a_call_without_an_answer_is_given_up_by_its_timeout(until: float, late: bool) -> None:
    events = [at("provider.called", 0, call=1), *SENDING]
    reasons = said(events, saying(within=2, timeout=10), until=until)
    why = "a call without an answer is never given up, and the row stays sending; [retries] timeout is 10 s"
    assert reasons == ([("fail", why)] if late else [])
    assert said(events, saying(within=2), until=100) == []


@pytest.mark.parametrize(("killed", "is_overdue"), [(0.5, False), (2.0, False), (2.1, True), (None, True)])
def test_who_was_ended_before_it_was_due_is_excused(killed: float | None, is_overdue: bool) -> None:
    event = at("provider.answered", 0)
    events = [event, at("worker.log", 50)]
    if killed is not None:
        events.insert(1, replace(window(1, "kill", "worker", at=0), seen=killed))
        events.insert(2, replace(window(1, "kill", "worker", at=0, ended=True), seen=killed))
    history = History.of(events, until=50.0)
    assert overdue(Facts(history), history.events()[0], by=2.0) is is_overdue
    assert not overdue(Facts(History()), event, by=0.0)


def test_each_failed_call_is_followed_by_the_next_one() -> None:
    flow = Flow(calls(0, 1, 2))
    found = [(answer.data["call"], call.data["call"]) for answer, call in tries(flow, saying(statuses=[503]))]
    assert found == [(0, 1), (1, 2)]


def test_of_several_answers_the_last_one_asks_to_wait() -> None:
    first, *rest = calls(0), calls(1, wait_s=3, retry_after="3")
    events = [*SENDING, *first, *rest[0]]
    profile = saying(within=2, statuses=[503])
    assert said(events, profile, until=6.0) == []
    assert len(said(events, profile, until=6.2)) == 1


def test_of_several_calls_without_an_answer_the_last_one_is_waited_for() -> None:
    events = [at("provider.called", 0, call=1), *SENDING, at("provider.called", 5, call=2)]
    profile = saying(within=2, timeout=10)
    assert said(events, profile, until=16.9) == []
    assert len(said(events, profile, until=17.0)) == 1


def test_who_was_ended_before_a_call_was_made_again_is_excused_for_giving_it_up() -> None:
    answer = {"outcome": "aborted", "status": None, "elapsed_ms": 100}
    kill = [replace(window(1, "kill", "worker", at=0), seen=0.5)]
    kill.append(replace(window(1, "kill", "worker", at=0, ended=True), seen=0.6))
    events = sorted([*calls(0, answered=1.0, **answer), *kill, *calls(2.0)], key=lambda event: event.seen)
    assert said(events, saying(timeout=10)) == []
