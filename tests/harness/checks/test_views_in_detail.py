"""What the API shows, at the edges: times within their slack, pages, orders; which statuses refuse and which break."""

from __future__ import annotations

from typing import Any

import pytest
from histories import CONTRACT, ID, START, TOKEN, Script, made, right

from harness.checks import in_order, listed_once, none_left_out, none_shown, one_of_many, taken, times_are_so
from harness.checks import wrong_refused as refused
from harness.checks.api_views import SLACK_S, instant
from harness.history import Event, History, key

EMPTY = History()


def look(**data: Any) -> Event:
    return made("api.answered", at=100, operation="look", **{"status": 200, **data})


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (True, (None, False)),
        (None, (None, False)),
        ("soon", (None, False)),
        (1_700_000_000, (1_700_000_000.0, True)),
        (1_700_000_000.5, (1_700_000_000.5, True)),
        (1_700_000_000_500, (1_700_000_000.5, True)),  # milliseconds
        (100_000_000_000, (100_000_000_000.0, True)),
        (100_000_000_001, (100_000_000.001, True)),
        ("1970-01-01T00:00:05+00:00", (5.0, True)),
        ("1970-01-01T00:00:05Z", (5.0, True)),
    ],
)
def test_what_is_a_time(value: object, found: tuple[float | None, bool]) -> None:
    assert instant(value) == found


def test_a_time_without_a_zone_is_one_of_which_no_zone_is_known() -> None:
    at, zone = instant("1970-01-05T00:00:05")
    assert (at is not None, zone) == (True, False)


def told(**times: Any) -> tuple[str, str]:
    """What is said of times that are given in seconds after the start; it was taken at 3 ms, called at 6 ms."""
    history = right().history
    given = {name: None if value is None else START + value for name, value in times.items()}
    verdict = times_are_so(history, right().flow(history), CONTRACT, look=look(), times=given)
    return verdict.outcome, verdict.reason


@pytest.mark.parametrize(
    ("seconds", "off"),
    [
        (-SLACK_S, None),
        (-SLACK_S - 0.1, "-2.1"),
        (0.0, None),
        (SLACK_S + 0.003, None),
        (SLACK_S + 0.103, "+2.1"),
    ],
)
def test_a_time_may_be_off_by_its_slack(seconds: float, off: str | None) -> None:
    outcome, reason = told(created=seconds)
    if off is None:
        assert (outcome, reason) == ("pass", "created: as it happened")
    else:
        assert reason == f"it shows a time {off} s off as the one at which it was created"


def test_the_times_of_what_has_not_been_are_not_asked_and_those_behind_are() -> None:
    assert told(delivered=None, created=0.0) == ("pass", "created: as it happened")
    assert told(delivered=5.0) == ("unknown", "it shows no time of it")
    assert told(delivered=None, sent=None)[1] == "it shows no time at which the message was sent"


def test_times_in_a_wrong_order_are_refuted() -> None:
    assert told(sent=0.0, created=1.0)[1].startswith("the times that it shows are in no order that can be")
    assert told(sent=1.0, created=0.0) == ("pass", "created, sent: as it happened") or told(sent=1.0, created=0.0) == (
        "pass",
        "sent, created: as it happened",
    )


def test_a_delivered_message_has_the_time_of_its_report() -> None:
    script = right().add("callback.sent", at=20, keys=[key("provider", "SM1")], report="delivered")
    row = {"message_id": ID, "sequence": 9, "old": "sent"}
    history = script.add("database.status", at=30, new="delivered", **row).history
    flow = script.flow(history)
    late = times_are_so(history, flow, CONTRACT, look=look(), times={"delivered": START + 50})
    assert late.reason == "it shows a time +49.9 s off as the one at which it was delivered"
    assert times_are_so(history, flow, CONTRACT, look=look(), times={"delivered": START + 1}).outcome == "pass"


@pytest.mark.parametrize(
    ("pages", "outcome", "reason"),
    [
        ([["a", "b"], ["c"]], "pass", "3 messages on 2 pages"),
        ([["a", "b"], ["a", "b"]], "unknown", "the second page is the first one again"),
        ([["a"], ["b"], ["a"]], "fail", "1 of 3 messages are on no page at rest: c"),
        ([["a"], ["x"], ["y"], ["y"]], "unknown", "the second page is the first one again"),
        ([["a", "x"], ["y"]], "fail", "2 of 3 messages are on no page at rest: b"),
        ([["a", "b", "c"], ["b", "a"]], "fail", "2 of 3 messages are on several pages at rest: a"),
        ([[], []], "unknown", "no message is listed: it was answered 503"),
    ],
)
def test_pages(pages: list[list[str]], outcome: str, reason: str) -> None:
    evidence = [look(), look(status=503)]
    verdict = listed_once(EMPTY, evidence, pages=pages, sent=["a", "b", "c"], growing=False)
    assert (verdict.outcome, reason in verdict.reason) == (outcome, True), verdict.reason


def test_while_others_are_stored_a_message_may_move_to_the_next_page() -> None:
    pages = [["a", "b"], ["b", "c"]]
    assert listed_once(EMPTY, [look()], pages=pages, sent=["a", "b", "c"], growing=True).outcome == "pass"
    assert "while others were stored" in listed_once(EMPTY, [look()], pages=pages, sent=["d"], growing=True).reason


@pytest.mark.parametrize(
    ("listed", "outcome"),
    [("abc", "pass"), ("cba", "pass"), ("ab", "pass"), ("axb", "pass"), ("bac", "fail"), ("a", "unknown")],
)
def test_an_order_needs_two(listed: str, outcome: str) -> None:
    assert in_order(EMPTY, look(), listed=list(listed), made=list("abc")).outcome == outcome


@pytest.mark.parametrize(
    ("listed", "outcome", "reason"),
    [
        ("abc", "pass", "3 messages, 3 listed"),
        ("a", "fail", "2 of 3 messages of the conversation aren't listed: b"),
        ("axy", "unknown", "2 of 3 messages of the conversation aren't listed"),
        ("", "unknown", "3 of 3 messages of the conversation aren't listed"),
    ],
)
def test_a_conversation_lists_all(listed: str, outcome: str, reason: str) -> None:
    verdict = none_left_out(EMPTY, look(), CONTRACT, listed=list(listed), made=list("abc"))
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(399, "fail"), (400, "pass"), (499, "pass"), (500, "fail"), (200, "fail"), (None, "unknown")],
)
def test_what_is_no_message_is_refused_with_4xx(status: int | None, outcome: str) -> None:
    answer = made("api.answered", at=0, keys=["request:1", "token:x"], status=status)
    assert refused(History.of([answer]), answer, CONTRACT, what="no body").outcome == outcome


def test_what_was_refused_and_made_something_is_found_by_its_token() -> None:
    answer = made("api.answered", at=0, keys=["request:1", "token:x"], status=422)
    history = History.of([answer, made("database.inserted", at=1, keys=["token:x"], new="pending")])
    assert refused(history, answer, CONTRACT, what="no body").outcome == "fail"


@pytest.mark.parametrize(
    ("status", "shown", "outcome"),
    [(404, None, "pass"), (499, None, "pass"), (500, None, "fail"), (200, "sent", "fail"), (200, None, "pass")],
)
def test_a_look_at_what_nobody_sent(status: int, shown: str | None, outcome: str) -> None:
    assert none_shown(EMPTY, look(status=status, message_status=shown), CONTRACT).outcome == outcome


def sends(*statuses: int | None) -> tuple[History, Any]:
    script = Script()
    for number, status in enumerate(statuses):
        given = {"keys": [key("token", TOKEN)], "operation": "send", "request": number}
        script = script.add("api.requested", at=number, **given)
        script = script.add("api.answered", at=number, **given, status=status, text="x" * 200)
    history = script.history
    return history, script.flow(history)


@pytest.mark.parametrize(
    ("statuses", "reason"),
    [
        ((422, 500, 503), "a send whose key was in use was answered 500"),
        ((422, 499), "the API did not accept the message: it answered 499"),
        ((422, None), "the API's answer never came"),
    ],
)
def test_sends_with_one_key_that_break(statuses: tuple[int | None, ...], reason: str) -> None:
    history, flow = sends(*statuses)
    assert one_of_many(history, flow, CONTRACT, claims=True).reason.startswith(reason)


@pytest.mark.parametrize(
    ("statuses", "reason"),
    [
        ((200, 422), "a body of emoji was taken"),
        ((503, 422), f"a body of emoji was refused: it was answered 422 {'x' * 120}"),
        ((399,), f"the API did not accept the message: it answered 399 {'x' * 120}"),
        ((500,), f"a body of emoji was refused: it was answered 500 {'x' * 120}"),
    ],
)
def test_the_last_answer_to_an_unusual_body_counts(statuses: tuple[int, ...], reason: str) -> None:
    history, flow = sends(*statuses)
    assert taken(history, flow, CONTRACT, what="emoji").reason == reason
