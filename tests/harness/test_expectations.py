"""What each expectation says of a record as it stands: met, open, impossible, or never to be known."""

from __future__ import annotations

from typing import Any

import pytest
from histories import CONTRACT, ENTRY, ID, SID, TOKEN, Script, is_new, made, queue, right, send, started, window

from harness.history import Event, History, key
from harness.history.facts import Facts, Unseen
from harness.profile import Profile
from harness.scenario.expectations import (
    Expectation,
    Scene,
    accepted,
    acknowledged,
    claimed,
    provider_called,
    queued,
    refused,
    status,
)

REFUSED = send(started("api", "worker")).drop("database.inserted", "queue.appended")


def scene(script: Script, profile: Profile = CONTRACT) -> Scene:
    history = script.history
    return Scene(script.flow(history), Facts(history), profile)


def asked_twice(*statuses: int) -> Script:
    """A send that was answered more than once."""
    script = REFUSED.change("api.answered", status=statuses[0])
    for said in statuses[1:]:
        script = script.add("api.answered", at=4, keys=[key("token", TOKEN)], operation="send", request=1, status=said)
    return script


def without_a_call(script: Script) -> Script:
    return unsent(script.drop("provider.called", "provider.answered"))


def unsent(script: Script) -> Script:
    """The worker has the message, and its row doesn't say yet that it was sent."""
    return script.drop("database.status", where=is_new("sent"))


def blind(script: Script, source: str) -> Script:
    """Nobody watches this source."""
    return Script([event for event in script.events if event.source != source])


def missed(before: str, source: str, **more: Any) -> Script:
    """A right flow, of which a source missed something before the first event of a kind."""
    return right().insert(before, made("probe.gap", at=0, source=source, reason="it fell behind", **more))


def put_off(number: int) -> Script:
    """A send that the API has asked to wait, so many times."""
    script = REFUSED.change("api.answered", status=429, again_in_s=1.0)
    for again in range(2, number + 1):
        more = {"keys": [key("token", TOKEN)], "operation": "send", "request": again}
        script = script.add("api.requested", at=4, **more)
        script = script.add("api.answered", at=5, status=429, again_in_s=1.0, **more)
    return script


def with_queue(**more: Any) -> Profile:
    return CONTRACT.model_copy(update={"queue": CONTRACT.queue.model_copy(update=more)})


PENDING = send(started("api", "worker"))
NOBODY = send(started("api"))
FAILED = right().change("database.status", is_new("sent"), new="failed")
REPORTED = right().add("callback.sent", at=20, keys=[key("provider", SID)], call="c1", message=SID, report="sent")
NEVER_QUEUED = right().drop("queue.appended", "queue.claimed", "queue.acked", "queue.deleted")
GLANCED = right().change("database.status", is_new("sending"), sampled=True)
TWICE_QUEUED = right().insert(
    "queue.appended", made("queue.appended", at=2, message_id=ID, **{**queue("api-1"), "entry": "entry:2"})
)
TWICE_GIVEN = right().insert("queue.claimed", made("queue.claimed", at=4, keys=[ENTRY], **queue("worker-1")))
TWICE_CALLED = right().insert(
    "provider.called", made("provider.called", at=6, keys=[key("token", TOKEN)], call="twilio/0")
)
TWICE_ACKED = right().insert("queue.acked", made("queue.acked", at=9, keys=[ENTRY], **queue("worker-1")))
HELD = Script([*REFUSED.events, window(1, "hold", "worker", at=4), window(2, "hold", "api", at=5)])
FELL_BEHIND = {"lasting": True, "sampled": True}

CASES: dict[str, tuple[Script, Expectation, str, str, list[str]]] = {
    "accepted": (right(), accepted(), "met", "", ["api.answered 201"]),
    "the last answer counts": (
        asked_twice(422, 500, 400),
        accepted(),
        "impossible",
        "refused the message with 400",
        ["api.answered 400"],
    ),
    "one answer": (asked_twice(422), accepted(), "impossible", "with 422", ["api.answered 422"]),
    "a limit of its rate says nothing": (
        asked_twice(400, 429),
        accepted(),
        "unknowable",
        "rate limiter",
        ["api.answered 429"],
    ),
    "asked to wait": (put_off(3), accepted(), "open", "asked to wait (429)", ["api.answered 429 of 3"]),
    "not answered": (REFUSED.drop("api.answered"), accepted(), "open", "has not answered", []),
    "its answer never came": (
        REFUSED.change("api.answered", status=None, error="ReadError"),
        accepted(),
        "unknowable",
        "never came (ReadError)",
        ["api.answered"],
    ),
    "queued": (TWICE_QUEUED, queued(), "met", "", ["queue.appended entry:2"]),
    "a hold is named": (HELD, queued(), "open", "while the worker is held", []),
    "not queued yet": (PENDING.drop("queue.appended"), queued(), "open", "no entry with its id has been put", []),
    "queued, where nobody watches": (blind(PENDING, "queue"), queued(), "unknowable", "shows queue.appended", []),
    "over, and never queued": (
        NEVER_QUEUED,
        queued(),
        "impossible",
        "the row is sent, and the message was never put on a stream",
        ["database.status sent"],
    ),
    "over, and never seen in the queue": (
        blind(right(), "queue"),
        queued(),
        "unknowable",
        "never put on a stream; but not all was seen: nothing here shows queue.appended",
        ["database.status sent"],
    ),
    "claimed": (TWICE_GIVEN, claimed(), "met", "", [f"queue.claimed {ENTRY}"]),
    "not claimed yet": (PENDING, claimed(), "open", "no worker has been given its entry", []),
    "claimed, where nobody watches": (blind(PENDING, "queue"), claimed(), "unknowable", "shows queue.claimed", []),
    "claimed by nobody": (NOBODY, claimed(), "impossible", "no consumer", []),
    "a status that it has": (right(), status("sent"), "met", "", ["database.status sent"]),
    "a status that it had": (right(), status("pending"), "met", "", ["database.inserted pending"]),
    "a status of its own that it had": (
        right().change("database.status", is_new("sending"), new="on its way"),
        status("on its way"),
        "met",
        "",
        ["database.status on its way"],
    ),
    "a status that may come": (PENDING, status("sent"), "open", "the row is pending", []),
    "a status of no row": (PENDING.drop("database.inserted"), status("sent"), "open", "no row has been seen", []),
    "a status that a worker brings": (NOBODY, status("sent"), "impossible", "no consumer", []),
    "a status that the API brings": (NOBODY.drop("database.inserted"), status("pending"), "open", "no row", []),
    "a status that the provider brings": (NOBODY, status("delivered"), "open", "the row is pending", []),
    "a status that nobody watches": (blind(PENDING, "database"), status("sent"), "unknowable", "database.status", []),
    "a first status that nobody watches": (
        blind(PENDING, "database"),
        status("pending"),
        "unknowable",
        "database.status",
        [],
    ),
    "no failure of what was sent": (
        right(),
        status("failed"),
        "impossible",
        "the row is sent and was never failed",
        ["database.status sent"],
    ),
    "a failure that a report may bring": (REPORTED, status("failed"), "open", "the row is sent", []),
    "a failure that may come": (unsent(right()), status("failed"), "open", "the row is sending", []),
    "a delivery that a report may bring": (right(), status("delivered"), "open", "the row is sent", []),
    "no try that a report brings": (REPORTED, status("retry"), "impossible", "never retry", ["database.status sent"]),
    "no delivery of what failed": (
        FAILED,
        status("delivered"),
        "impossible",
        "never delivered",
        ["database.status failed"],
    ),
    "a status between two looks": (
        GLANCED,
        status("retry"),
        "unknowable",
        "only looked at now and then",
        ["database.status sent"],
    ),
    "called": (right(), provider_called(), "met", "", ["provider.called twilio/1"]),
    "called twice": (
        TWICE_CALLED,
        provider_called(),
        "met",
        "",
        ["provider.called twilio/0", "provider.called twilio/1"],
    ),
    "called as often as expected": (right(), provider_called(times=1), "met", "", ["provider.called twilio/1"]),
    "called, and not all is seen": (
        missed("provider.called", "providers", lasting=True),
        provider_called(),
        "met",
        "",
        ["provider.called twilio/1"],
    ),
    "called so often, and not all is seen": (
        missed("provider.called", "providers", lasting=True),
        provider_called(times=1),
        "unknowable",
        "it fell behind",
        [],
    ),
    "called, where nobody watches": (
        blind(PENDING, "providers"),
        provider_called(),
        "unknowable",
        "shows provider.called",
        [],
    ),
    "not called yet": (PENDING, provider_called(), "open", "0 calls have reached the provider", []),
    "called by nobody": (NOBODY, provider_called(), "impossible", "no consumer", []),
    "refused, so never called": (
        asked_twice(422),
        provider_called(),
        "impossible",
        "the API refused the message",
        ["api.answered 422"],
    ),
    "a rate limiter is no refusal": (asked_twice(429), provider_called(), "open", "0 calls", []),
    "acknowledged without a call": (
        without_a_call(right()),
        provider_called(),
        "impossible",
        "acknowledged, and no",
        [f"queue.acked {ENTRY}"],
    ),
    "called less than expected": (
        right(),
        provider_called(times=2),
        "impossible",
        "the row is sent after 1 calls",
        ["database.status sent"],
    ),
    "called more than expected": (
        right(),
        provider_called(times=0),
        "impossible",
        "1 calls reached the provider, expected 0",
        ["provider.called twilio/1"],
    ),
    "acknowledged": (TWICE_ACKED, acknowledged(), "met", "", [f"queue.acked {ENTRY}"]),
    "not acknowledged yet": (PENDING, acknowledged(), "open", "its entry has not been acknowledged", []),
    "over, and not acknowledged yet": (right().drop("queue.acked"), acknowledged(), "open", "has not been", []),
    "acknowledged by nobody": (NOBODY, acknowledged(), "impossible", "no consumer", []),
    "acknowledged, where nobody watches": (
        blind(PENDING, "queue"),
        acknowledged(),
        "unknowable",
        "shows queue.acked",
        [],
    ),
    "over, and nothing to acknowledge": (
        NEVER_QUEUED,
        acknowledged(),
        "impossible",
        "the row is sent, and nothing was ever queued",
        [],
    ),
    "not queued, and not over": (PENDING.drop("queue.appended"), acknowledged(), "open", "not been acknowledged", []),
    # what a source missed
    "missed before the message": (
        missed("api.requested", "queue").drop("queue.appended"),
        queued(),
        "impossible",
        "never put on a stream",
        ["database.status sent"],
    ),
    "missed right after its begin": (
        missed("database.inserted", "queue").drop("queue.appended"),
        queued(),
        "unknowable",
        "but not all was seen: it fell behind",
        ["database.status sent"],
    ),
    "missed for a while, and may be seen yet": (
        missed("database.inserted", "queue").drop("queue.acked"),
        acknowledged(),
        "open",
        "has not been acknowledged",
        [],
    ),
    "never seen": (
        missed("database.inserted", "queue", lasting=True).drop("queue.acked"),
        acknowledged(),
        "unknowable",
        "it fell behind",
        [],
    ),
    "missed for a while, and then for good": (
        missed("api.answered", "queue", lasting=True)
        .drop("queue.acked")
        .insert("database.inserted", made("probe.gap", at=0, source="queue", reason="it was away")),
        acknowledged(),
        "unknowable",
        "it fell behind",
        [],
    ),
    "seen now and then": (
        missed("database.inserted", "queue", **FELL_BEHIND).drop("queue.acked"),
        acknowledged(),
        "open",
        "has not been acknowledged",
        [],
    ),
}


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
