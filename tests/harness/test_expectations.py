"""What each expectation says of a record as it stands: met, open, impossible, or never to be known."""

from __future__ import annotations

import pytest
from expected import (
    CASES,
    REFUSED,
    TWICE_ACKED,
    TWICE_GIVEN,
    TWICE_QUEUED,
    asked_twice,
    scene,
    unsent,
    with_queue,
    without_a_call,
)
from histories import TOKEN, Script, right, started

from harness.history import Event, History, key
from harness.history.facts import Unseen
from harness.scenario.expectations import (
    Expectation,
    accepted,
    acknowledged,
    claimed,
    provider_called,
    queued,
    refused,
    status,
)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_an_expectation_says(case: tuple[Script, Expectation, str, str, list[str]]) -> None:
    script, expectation, state, why, witnesses = case
    progress = expectation.look(scene(script))
    assert progress.state == state
    assert why in progress.why
    assert [shown(event) for event in progress.witnesses] == witnesses


def shown(event: Event) -> str:
    """A witness, with what tells it from others of its kind."""
    word = next((event.data[name] for name in ("new", "status", "call", "entry") if event.data.get(name)), "")
    number = event.data.get("request", 1)
    return f"{event.kind} {word}".rstrip() + (f" of {number}" if number != 1 and event.data.get("again_in_s") else "")


@pytest.mark.parametrize("which", [accepted(), queued(), claimed(), status("sent"), provider_called(), acknowledged()])
def test_of_a_message_that_is_nowhere_recorded_all_may_come(which: Expectation) -> None:
    assert which.look(scene(started("api", "worker"))).state == "open"


def test_the_first_of_several_is_shown() -> None:
    """Each is met by the first, which alone is shown, whatever came after."""
    for script, which in ((TWICE_QUEUED, queued()), (TWICE_GIVEN, claimed()), (TWICE_ACKED, acknowledged())):
        [first] = which.look(scene(script)).witnesses
        assert first == next(event for event in scene(script).flow.events if event.kind == which.kind)


def test_only_so_many_and_no_more_is_judged_at_rest() -> None:
    """All others are met as soon as it happened, whatever comes after."""
    assert provider_called(times=1).at_quiescence
    for which in (accepted(), queued(), claimed(), status("sent"), provider_called(), acknowledged()):
        assert not which.at_quiescence


@pytest.mark.parametrize(
    ("which", "name"),
    [
        (provider_called(), "provider_called()"),
        (provider_called(times=0), "provider_called(times=0)"),
        (status("sent"), "status('sent')"),
        (queued(), "queued()"),
    ],
)
def test_an_expectation_is_called_as_it_was_written(which: Expectation, name: str) -> None:
    assert str(which) == name


def test_nobody_waits_for_an_acknowledgement_that_a_profile_denies() -> None:
    progress = acknowledged().look(scene(right(), with_queue(finish="delete")))
    assert (progress.state, progress.why) == ("unknowable", "the profile says that nothing is ever acknowledged")


def test_an_acknowledgement_says_nothing_of_the_call_where_it_comes_first() -> None:
    assert provider_called().look(scene(without_a_call(right()), with_queue(finish_first=True))).state == "open"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("snet", "did you mean 'sent'?"),
        ("delivred", "did you mean 'delivered'?"),
        ("xyzzy", "known are delivered, failed, pending, received, retry, sending, sent;"),
    ],
)
def test_a_status_that_there_is_not_is_a_mistake_and_the_nearest_is_named(word: str, hint: str) -> None:
    with pytest.raises(ValueError, match="the profile knows no such status") as caught:
        status(word).look(scene(right()))
    assert str(caught.value) == (
        f"status({word!r}): the profile knows no such status; {hint} "
        "a word of the stack's own belongs in [statuses] order"
    )


def test_a_refusal_is_shown_by_the_last_answer_alone() -> None:
    progress = provider_called().look(scene(asked_twice(422, 400)))
    assert [event.data["status"] for event in progress.witnesses] == [400]


def test_who_had_an_entry_and_called_may_call_again() -> None:
    """One call of two, and the entry acknowledged: the second may still come."""
    assert provider_called(times=2).look(scene(unsent(right()))).state == "open"


@pytest.mark.parametrize(("status", "meant"), [(400, True), (429, False), (499, True), (500, False), (399, False)])
def test_a_client_error_is_a_refusal_but_for_the_one_that_asks_to_wait(status: int, meant: bool) -> None:
    assert refused(scene(asked_twice(status)).flow) is (meant and not 200 <= status < 300)


@pytest.mark.parametrize(
    ("script", "meant"),
    [
        (asked_twice(500, 422), True),
        (asked_twice(422, 500), False),
        (REFUSED.add("api.answered", at=4, keys=[key("token", TOKEN)], operation="send", request=1, status=422), False),
        (REFUSED.drop("api.answered"), False),
    ],
)
def test_a_refusal_is_the_last_word_on_what_was_never_taken(script: Script, meant: bool) -> None:
    assert refused(scene(script).flow) is meant


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
