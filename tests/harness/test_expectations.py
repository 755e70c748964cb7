"""What each expectation says of a record as it stands: met, open, impossible, or never to be known."""

from __future__ import annotations

import pytest
from histories import CONTRACT, TOKEN, Script, right, send, started, window

from harness.history import Event, History, key
from harness.history.facts import Facts, Unseen
from harness.scenario.expectations import Expectation, Scene, accepted, claimed, provider_called, queued, refused

REFUSED = send(started("api", "worker")).drop("database.inserted", "queue.appended")


def scene(script: Script) -> Scene:
    history = script.history
    return Scene(script.flow(history), Facts(history), CONTRACT)


def asked_twice(*statuses: int) -> Script:
    """A send that was answered more than once."""
    script = REFUSED.change("api.answered", status=statuses[0])
    for status in statuses[1:]:
        script = script.add(
            "api.answered", at=4, keys=[key("token", TOKEN)], operation="send", request=1, status=status
        )
    return script


def without_a_call(script: Script) -> Script:
    script = script.drop("provider.called", "provider.answered")
    return script.drop("database.status", where=lambda event: event.data["new"] == "sent")


HELD = Script([*REFUSED.events, window(1, "hold", "worker", at=4), window(2, "hold", "api", at=5)])
CASES: dict[str, tuple[Script, Expectation, str, str]] = {
    "accepted": (right(), accepted(), "met", ""),
    "the last answer counts": (asked_twice(422, 400), accepted(), "impossible", "refused the message with 400"),
    "a limit of its rate says nothing": (asked_twice(400, 429), accepted(), "unknowable", "rate limiter"),
    "not answered": (REFUSED.drop("api.answered"), accepted(), "open", "has not answered"),
    "queued": (right(), queued(), "met", ""),
    "a hold is named": (HELD, queued(), "open", "while the worker is held"),
    "claimed": (right(), claimed(), "met", ""),
    "called": (right(), provider_called(), "met", ""),
    "refused, so never called": (asked_twice(422), provider_called(), "impossible", "the API refused the message"),
    "a rate limiter is no refusal": (asked_twice(429), provider_called(), "open", "0 calls"),
    "acknowledged without a call": (without_a_call(right()), provider_called(), "impossible", "acknowledged, and no"),
    "called less than expected": (right(), provider_called(times=2), "impossible", "after 1 calls"),
    "called more than expected": (right(), provider_called(times=0), "impossible", "1 calls reached the provider"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_an_expectation_says(case: tuple[Script, Expectation, str, str]) -> None:
    script, expectation, state, why = case
    progress = expectation.look(scene(script))
    assert progress.state == state
    assert why in progress.why


def test_a_refusal_is_shown_by_the_last_answer_alone() -> None:
    progress = provider_called().look(scene(asked_twice(422, 400)))
    assert [event.data["status"] for event in progress.witnesses] == [400]


def test_who_had_an_entry_and_called_may_call_again() -> None:
    """One call of two, and the entry acknowledged: the second may still come."""
    script = right().drop("database.status", where=lambda event: event.data["new"] == "sent")
    assert provider_called(times=2).look(scene(script)).state == "open"


@pytest.mark.parametrize(("status", "meant"), [(400, True), (429, False), (499, True), (500, False), (399, False)])
def test_a_client_error_is_a_refusal_but_for_the_one_that_asks_to_wait(status: int, meant: bool) -> None:
    assert refused(scene(asked_twice(status)).flow) is (meant and not 200 <= status < 300)


def test_what_is_unseen_is_told_with_what_would_show_it() -> None:
    assert str(Unseen("nothing here shows it", "[queue] url")) == "nothing here shows it; to know: [queue] url"
    assert str(Unseen("nothing here shows it")) == "nothing here shows it"


def test_what_is_drawn_from_a_record_is_made_anew_when_more_has_come_and_only_then() -> None:
    history = History()
    asked: list[int] = []

    def count(events: list[Event]) -> int:
        asked.append(len(events))
        return len(events)

    history.append("fault.began", source="harness")
    assert history.drawn(count, "fault.began") == 1
    history.append("worker.log", source="worker")
    assert history.drawn(count, "fault.began") == history.drawn(count, "fault.began") == 1
    history.append("fault.began", source="harness")
    assert history.drawn(count, "fault.began") == 2
    assert asked == [1, 2]


def test_a_send_that_was_put_off_and_asked_again_does_not_wait() -> None:
    token = [key("token", TOKEN)]
    waits = REFUSED.change("api.answered", status=429, again_in_s=1.0)
    assert scene(waits).flow.waits_to_be_asked
    asked = waits.add("api.requested", at=5, keys=token, operation="send", request=2)
    assert not scene(asked).flow.waits_to_be_asked
    assert not scene(right()).flow.waits_to_be_asked
