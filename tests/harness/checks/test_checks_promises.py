"""The checks of what the API promises, each on histories that show it, refute it, and can't tell."""

from __future__ import annotations

from typing import Any

import pytest
from histories import CONTRACT, ID, TOKEN, Script, is_new, made, right, send, started, watched
from judging import second_entry

from harness.checks import (
    Verdict,
    conflict_refused,
    in_order,
    listed_once,
    none_left_out,
    none_shown,
    one_of_many,
    shown_as_stored,
    shown_at_once,
    stored_before_answer,
    taken,
    times_are_so,
    wrong_refused,
)
from harness.history import Event, Flow, History, key
from harness.profile import Profile

OTHER = "99999999-2222-4333-8444-555555555555"
UNCLAIMED = Profile()


def kept(script: Script) -> Verdict:
    history = script.history
    return stored_before_answer(history, script.flow(history), CONTRACT)


def test_a_row_or_an_entry_before_the_answer_keeps_it() -> None:
    assert kept(right()).reason == "its row was there before the answer"
    late = right().change("database.inserted", at=50)
    assert kept(late).reason == "its entry was queued before the answer"


def test_the_first_entry_is_the_one_that_was_there() -> None:
    """A second one, even before the answer, says no more; one after it doesn't hide behind the first."""
    twice = right().change("database.inserted", at=50).insert("api.answered", second_entry())
    verdict = kept(twice)
    assert verdict.reason == "its entry was queued before the answer"
    assert verdict.witnesses[0].data["id"] == "1-0"
    later = right().change("database.inserted", at=50).change("queue.appended", at=51)
    verdict = kept(later.insert("api.answered", second_entry(at=60)))
    assert verdict.outcome == "fail"
    told = [event for event in verdict.witnesses if event.kind == "queue.appended"]
    assert [event.data["id"] for event in told] == ["1-0"]


def test_an_answer_before_both_is_refuted() -> None:
    verdict = kept(right().change("database.inserted", at=50).change("queue.appended", at=51))
    assert (verdict.outcome, verdict.reason) == (
        "fail",
        "it was answered before its row was committed, and nothing of it was queued by then",
    )


@pytest.mark.parametrize(
    "script",
    [
        right().change("database.inserted", at=50).drop("queue.appended"),
        right().change("queue.appended", at=50).drop("database.inserted"),
    ],
    ids=["row", "entry"],
)
def test_one_of_them_is_enough_where_the_other_never_comes(script: Script) -> None:
    assert kept(script).outcome == "fail"


def test_it_is_unknown_where_the_entries_are_not_seen() -> None:
    script = right().change("database.inserted", at=50).drop("queue.appended", "queue.claimed", "queue.acked")
    kinds: dict[str, Any] = {"kinds": ["queue.appended"], "reason": "no wire", "lasting": True}
    gap = made("probe.gap", at=-1500, source="queue", **kinds)
    assert kept(script.insert("api.requested", gap)).outcome == "unknown"


def test_a_row_of_which_only_the_statement_is_dated_may_be_committed_later() -> None:
    # executed before the answer, read after it
    script = right().change("database.inserted", until=1_000.5).change("queue.appended", at=51)
    verdict = kept(script)
    assert (verdict.outcome, verdict.remedy) == ("unknown", "track_commit_timestamp = on in PostgreSQL")


def test_a_sampled_row_says_nothing_of_when_it_came() -> None:
    script = right().change("database.inserted", at=50, sampled=True).drop("queue.appended")
    assert kept(script).outcome == "unknown"


def test_a_message_that_was_not_accepted_is_unknown() -> None:
    assert kept(right().change("api.answered", status=503, message_status=None)).outcome == "unknown"


def taken_as(script: Script, profile: Profile = CONTRACT) -> Verdict:
    history = script.history
    return taken(history, script.flow(history), profile, what="emoji alone")


def test_a_refused_body_fails_where_the_channel_is_claimed() -> None:
    refused = send(started("api")).change("api.answered", status=422, text="no body", accepted=False)
    assert taken_as(right()).outcome == "pass"
    assert taken_as(refused).reason == "a body of emoji alone was refused: it was answered 422 no body"
    assert taken_as(refused, UNCLAIMED).outcome == "unknown"
    failed = right().change("database.status", is_new("sent"), new="failed")
    assert taken_as(failed).reason == "a body of emoji alone was taken, and the message failed"
    assert taken_as(failed, UNCLAIMED).outcome == "unknown"
    assert taken_as(send(started("api")).change("api.answered", status=None, error="reset")).outcome == "unknown"


def wrong(status: int | None, *, made_something: bool = False) -> Verdict:
    token = [key("token", TOKEN)]
    script = watched().add("api.requested", at=0, keys=token, operation="wrong send", request=1)
    if made_something:
        script = script.add("database.inserted", at=1, keys=token, message_id=ID, sequence=1, old=None, new="pending")
    script = script.add("api.answered", at=2, keys=token, operation="wrong send", request=1, status=status)
    history = script.history
    return wrong_refused(history, history.events("api.answered")[-1], CONTRACT, what="no body")


@pytest.mark.parametrize(
    ("status", "made_something", "outcome", "words"),
    [
        (422, False, "pass", "was answered 422"),
        (400, True, "fail", "made something all the same"),
        (201, False, "fail", "as if it had been taken"),
        (500, False, "fail", "expected 4xx"),
        (302, False, "fail", "expected 4xx"),
        (None, False, "unknown", "was not answered"),
    ],
)
def test_what_is_no_message_is_refused_and_makes_none(
    status: int | None, made_something: bool, outcome: str, words: str
) -> None:
    verdict = wrong(status, made_something=made_something)
    assert verdict.outcome == outcome
    assert words in verdict.reason


def look(*, status: int | None = 200, shown: str | None = "sent", at: float = 20) -> Event:
    return made("api.answered", at=at, operation="get", status=status, message_status=shown, request=2)


@pytest.mark.parametrize(
    ("status", "shown", "outcome"),
    [(404, None, "pass"), (200, None, "pass"), (200, "pending", "fail"), (500, None, "fail"), (None, None, "unknown")],
)
def test_a_message_that_nobody_sent_is_not_shown(status: int | None, shown: str | None, outcome: str) -> None:
    assert none_shown(History(), look(status=status, shown=shown), CONTRACT).outcome == outcome


@pytest.mark.parametrize(
    ("status", "shown", "outcome"),
    [(200, "sent", "pass"), (200, "pending", "fail"), (200, None, "unknown"), (404, None, "unknown")],
)
def test_a_look_is_compared_with_the_row(status: int, shown: str | None, outcome: str) -> None:
    history = right().history
    flow = right().flow(history)
    assert shown_as_stored(history, flow, CONTRACT, look=look(status=status, shown=shown)).outcome == outcome


def looked_at(script: Script, *, first: int | None, last: int, at: float = 3.5) -> Verdict:
    asked = made("api.requested", at=at, keys=[key("token", TOKEN)], operation="get", request=2)
    script = script.insert("queue.claimed", asked).insert("queue.claimed", look(status=first, at=at + 0.1))
    history = Script([*script.events, look(status=last)]).history
    looks = [event for event in history.events("api.answered") if event.data["operation"] == "get"]
    return shown_at_once(history, script.flow(history), CONTRACT, looks=looks)


LATER = right().change("database.inserted", at=3.9)
"""Stored by who works on it, after the look."""


@pytest.mark.parametrize(
    ("first", "last", "script", "outcome"),
    [
        (200, 200, right(), "pass"),
        (200, 404, right(), "pass"),
        (404, 200, right(), "fail"),
        (500, 200, right(), "fail"),
        (404, 404, right(), "unknown"),  # it isn't shown there at all
        (None, 200, right(), "unknown"),
        (404, 200, LATER, "pass"),
        (404, 200, right().drop("database.inserted"), "unknown"),
        (404, 200, right().change("database.inserted", sampled=True), "unknown"),
        (404, 200, right().change("database.inserted", until=1_000.5), "unknown"),
    ],
)
def test_what_was_taken_is_shown_at_once(first: int | None, last: int, script: Script, outcome: str) -> None:
    verdict = looked_at(script, first=first, last=last)
    assert verdict.outcome == outcome, verdict.story()


def conflict(status: int | None, *, message_id: str | None = None, stored: bool = False) -> Verdict:
    token = [key("token", "#h9999999999")]
    script = right().add("api.requested", at=20, keys=token, operation="send", request=2)
    if stored:
        script = script.add("database.inserted", at=21, keys=token, message_id=OTHER, sequence=9, new="pending")
    answer = {"operation": "send", "request": 2, "status": status, "message_id": message_id}
    script = script.add("api.answered", at=22, keys=token, **answer)
    history = script.history
    # the answer with the first message's id is of both flows: the second send's is the last
    second = Flow([event for event in history.flow(token[0]) if event.data.get("request") == 2 or event.at >= 1000.020])
    return conflict_refused(history, Flow(script.flow(history).events[:20]), second, CONTRACT)


@pytest.mark.parametrize(
    ("status", "message_id", "stored", "outcome", "words"),
    [
        (422, None, False, "pass", "was answered 422"),
        (409, None, False, "pass", "was answered 409"),
        (200, ID, False, "fail", "the second is lost"),
        (201, OTHER, False, "fail", "made two messages"),
        (500, None, False, "fail", "expected 4xx"),
        (422, None, True, "fail", "made something all the same"),
        (None, None, False, "unknown", "was not answered"),
    ],
)
def test_a_key_with_another_body(
    status: int | None, message_id: str | None, stored: bool, outcome: str, words: str
) -> None:
    verdict = conflict(status, message_id=message_id, stored=stored)
    assert (verdict.outcome, words in verdict.reason) == (outcome, True), verdict.reason


@pytest.mark.parametrize(
    ("status", "message_id", "stored", "outcome"),
    [(422, None, False, "pass"), (200, ID, False, "fail"), (201, OTHER, True, "fail"), (422, None, True, "fail")],
)
def test_a_key_with_the_same_text_for_somebody_else(
    status: int, message_id: str | None, stored: bool, outcome: str
) -> None:
    """Both sends are of one flow then: what the first has made says nothing of the second."""
    token = [key("token", TOKEN)]
    script = right().add("api.requested", at=20, keys=token, operation="send", request=2)
    if stored:
        script = script.add("database.inserted", at=21, keys=token, message_id=OTHER, sequence=9, new="pending")
    answer = {"operation": "send", "request": 2, "status": status, "message_id": message_id}
    history = script.add("api.answered", at=22, keys=token, **answer).history
    both = script.flow(history)
    assert conflict_refused(history, both, both, CONTRACT).outcome == outcome


def at_once(*, claims: bool | None, second: str | None = ID, status: int = 200) -> Verdict:
    token = [key("token", TOKEN)]
    script = right().add("api.requested", at=20, keys=token, operation="send", request=2, idempotency_key="k")
    answer = {"operation": "send", "request": 2, "status": status, "message_id": second}
    history = script.add("api.answered", at=22, keys=token, **answer).history
    return one_of_many(history, script.flow(history), CONTRACT, claims=claims)


def test_a_key_whose_sends_come_at_once() -> None:
    assert at_once(claims=True).outcome == "pass"
    assert at_once(claims=True, second=None, status=409).outcome == "pass"
    assert at_once(claims=True, second=OTHER).reason == "2 messages were made with one key"
    assert at_once(claims=None, second=OTHER).outcome == "unknown"
    assert at_once(claims=None, second=None, status=500).outcome == "unknown"
    assert at_once(claims=True, second=None, status=500).outcome == "fail"
    assert at_once(claims=True, second=None, status=500).reason == "a send whose key was in use was answered 500"


SHOWN = {"created": "1970-01-01T00:16:40.001+00:00", "sent": "1970-01-01T00:16:40.008Z"}
"""1000 s after the beginning of 1970, when a right flow is."""


def times(shown: dict[str, Any]) -> Verdict:
    history = right().history
    return times_are_so(history, right().flow(history), CONTRACT, look=look(), times=shown)


@pytest.mark.parametrize(
    ("shown", "outcome"),
    [
        (SHOWN, "pass"),
        ({"created": 1000.001, "sent": 1_000_008}, "fail"),  # the second is no time in milliseconds yet
        ({"created": 1000.001, "sent": 1000.008}, "pass"),
        (SHOWN | {"delivered": None}, "pass"),  # it wasn't
        (SHOWN | {"sent": None}, "fail"),
        (SHOWN | {"created": "1970-01-01T07:16:40Z"}, "fail"),
        (SHOWN | {"created": "1970-01-01T00:16:41.5Z"}, "fail"),  # after it was sent
        ({"created": "1970-01-01T07:16:40", "sent": "1970-01-01T07:16:41"}, "pass"),  # of some zone
        ({"created": "soon", "sent": "then"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_times_that_are_shown_are_those_at_which_it_happened(shown: dict[str, Any], outcome: str) -> None:
    assert times(shown).outcome == outcome, times(shown).reason


@pytest.mark.parametrize(
    ("pages", "growing", "outcome", "words"),
    [
        ([["c", "b"], ["a"]], False, "pass", "3 messages on 2 pages"),
        ([["x", "c", "b"], ["b", "a"]], True, "pass", "3 messages"),
        ([["c", "b"], ["b", "a"]], False, "fail", "on several pages at rest"),
        ([["c"], ["a"]], False, "fail", "on no page at rest: b"),
        ([["c"], ["a"]], True, "fail", "while others were stored"),
        ([["c"], ["c"]], False, "unknown", "the second page is the first one again"),
        ([], False, "unknown", "no message is listed"),
    ],
)
def test_a_list_has_each_message_once(pages: list[list[str]], growing: bool, outcome: str, words: str) -> None:
    verdict = listed_once(History(), [look(shown=None)], pages=pages, sent=["a", "b", "c"], growing=growing)
    assert (verdict.outcome, words in verdict.reason) == (outcome, True), verdict.reason


@pytest.mark.parametrize(
    ("listed", "outcome"),
    [("abc", "pass"), ("cba", "pass"), ("zcxbya", "pass"), ("bac", "fail"), ("a", "unknown"), ("", "unknown")],
)
def test_a_conversation_is_listed_forwards_or_backwards(listed: str, outcome: str) -> None:
    assert in_order(History(), look(shown=None), listed=list(listed), made=list("abc")).outcome == outcome


@pytest.mark.parametrize(
    ("listed", "profile", "outcome", "words"),
    [
        ("cba", CONTRACT, "pass", "3 messages, 3 listed"),
        ("zcba", CONTRACT, "pass", "3 messages, 4 listed"),
        ("ca", CONTRACT, "fail", "1 of 3 messages of the conversation aren't listed: b"),
        ("ca", UNCLAIMED, "unknown", "doesn't seem to have conversations"),
        ("xyz", CONTRACT, "unknown", "3 of 3"),  # their ids may be others
        ("", CONTRACT, "unknown", "3 of 3"),
    ],
)
def test_a_conversation_lists_all_messages_of_it(listed: str, profile: Profile, outcome: str, words: str) -> None:
    verdict = none_left_out(History(), look(shown=None), profile, listed=list(listed), made=list("abc"))
    assert (verdict.outcome, words in verdict.reason) == (outcome, True), verdict.reason


def test_sends_at_once_of_which_none_was_answered_are_unknown_though_a_row_is_there() -> None:
    script = right().drop("api.answered")
    history = script.history
    verdict = one_of_many(history, script.flow(history), CONTRACT, claims=True)
    assert verdict.outcome == "unknown"
    assert "itself raised" not in verdict.story()
