"""Two messages that are taken for one another: the reason says so, instead of blaming each for what the other did."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from histories import CONTRACT, ID, MESSAGE, SID, TOKEN, Script, made, right

from harness.checks import account, load_account, message_queued, whole_record, worker_processed
from harness.checks.mixed_up import ONE_ID, OTHERS_CALL
from harness.history import Event, key

OTHER_ID = "99999999-2222-4333-8444-555555555555"
OTHER = replace(MESSAGE, to="+12065550199", body="hello #h9876543210", token="#h9876543210")
NAMES = {
    ID: OTHER_ID,
    key("message", ID): key("message", OTHER_ID),
    key("token", TOKEN): key("token", OTHER.token),
    key("provider", SID): key("provider", "SM2"),
    key("call", "twilio", 1): key("call", "twilio", 2),
    key("entry", "message_queue:sms", "1-0"): key("entry", "message_queue:sms", "2-0"),
    key("call", "twilio", 1).partition(":")[2]: key("call", "twilio", 2).partition(":")[2],
    SID: "SM2",
    MESSAGE.to: OTHER.to,
}


def another() -> list[Event]:
    """What happened to another message that was sent, the same in all but its names."""

    def renamed(value: object) -> object:
        if isinstance(value, list):
            return [renamed(one) for one in value]
        if isinstance(value, dict):
            return {name: renamed(inner) for name, inner in value.items()}
        return NAMES.get(value, value.replace(TOKEN, OTHER.token)) if isinstance(value, str) else value

    return [
        replace(
            event,
            message_id=OTHER_ID if event.message_id == ID else event.message_id,
            data=MappingProxyType({name: 2 if name == "request" else renamed(v) for name, v in event.data.items()}),
            keys=tuple(NAMES.get(name, name) for name in event.keys),
        )
        for event in right().events
        if event.keys
    ]


def two() -> Script:
    return Script([*right().events, *another()])


def swapped_ids() -> Script:
    """The two rows take each other's provider id."""
    theirs = {"SM1": "SM2", "SM2": "SM1"}

    def swap(event: Event) -> Event:
        given = event.data.get("provider_id")
        if event.source != "database" or not given:
            return event
        keys = [name for name in event.keys if not name.startswith("provider:")]
        new = theirs[given]
        data = MappingProxyType({**event.data, "provider_id": new})
        return replace(event, data=data, keys=(*keys, key("provider", new)))

    return Script([swap(event) for event in two().events])


def same_id(**asked: str) -> Script:
    """Another text is answered with this message's id, and dropped."""
    token = [key("token", OTHER.token)]
    more = {"operation": "send", "request": 2, **asked}
    script = right().add("api.requested", at=20, keys=token, **more)
    return script.add("api.answered", at=21, keys=token, message_id=ID, status=201, **more)


def stored_twice() -> Script:
    row = made(
        "database.inserted",
        at=20,
        keys=[key("token", TOKEN)],
        message_id=OTHER_ID,
        sequence=99,
        old=None,
        new="pending",
    )
    return Script([*right().events, row])


def test_two_messages_side_by_side_are_right() -> None:
    history = two().history
    flow = two().flow(history)
    assert whole_record(history, CONTRACT).outcome == "pass"
    assert worker_processed(history, flow, CONTRACT, message=MESSAGE).outcome == "pass"


def test_rows_that_swap_their_provider_ids() -> None:
    history = swapped_ids().history
    verdict = worker_processed(history, swapped_ids().flow(history), CONTRACT, message=MESSAGE)
    assert (verdict.outcome, verdict.reason) == ("fail", OTHERS_CALL)
    assert "the call went to" not in verdict.story()
    assert "1 with the provider id of a call that carried another" in whole_record(history, CONTRACT).reason


@pytest.mark.parametrize("asked", [{}, {"idempotency_key": "k2"}], ids=["without keys", "a key of its own"])
def test_an_answer_with_the_id_of_another_message(asked: dict[str, str]) -> None:
    history = same_id(**asked).history
    flow = same_id(**asked).flow(history)
    whole = whole_record(history, CONTRACT)
    assert f"1 answered with the id of another message: {ID}" in whole.reason
    assert message_queued(history, flow, CONTRACT, channel="sms").reason == ONE_ID
    assert worker_processed(history, flow, CONTRACT, message=MESSAGE).reason == ONE_ID


def test_one_idempotency_key_may_have_one_id() -> None:
    script = same_id(idempotency_key="k").change("api.requested", idempotency_key="k")
    script = script.change("api.answered", idempotency_key="k")
    assert "answered with the id of another" not in whole_record(script.history, CONTRACT).story()


def test_the_same_text_may_have_one_id() -> None:
    script = Script([replace(e, keys=(key("token", TOKEN),)) if e.at > 1_000.019 else e for e in same_id().events])
    assert whole_record(script.history, CONTRACT).outcome == "pass"


def test_two_rows_of_one_send() -> None:
    history = stored_twice().history
    flow = stored_twice().flow(history)
    assert "1 stored more than once for what was sent once" in whole_record(history, CONTRACT).reason
    verdict = message_queued(history, flow, CONTRACT, channel="sms")
    assert (verdict.outcome, verdict.reason) == ("fail", "2 rows were stored for one message")


def test_an_acceptance_without_a_row() -> None:
    kinds = ("database.inserted", "database.status", "queue.appended", "queue.claimed", "queue.acked", "queue.deleted")
    script = right().drop(*kinds, "provider.called", "provider.answered")
    history = script.history
    verdict = message_queued(history, script.flow(history), CONTRACT, channel="sms")
    assert (verdict.outcome, verdict.reason) == ("fail", "it was accepted, and no row of it was ever stored")
    assert "no entry within 5 s" in verdict.story()


SPELLED = f"{MESSAGE.to[2:5]}-{MESSAGE.to[5:8]} {MESSAGE.to[8:]}"


@pytest.mark.parametrize(
    ("asked", "called", "outcome"),
    [
        (MESSAGE.to, [MESSAGE.to], "pass"),
        (MESSAGE.to, [OTHER.to], "fail"),
        (SPELLED, [MESSAGE.to], "pass"),
        (SPELLED, [OTHER.to], "fail"),
        ("Ann@Example.com", ["ann@example.com"], "pass"),
        (MESSAGE.to, [OTHER.to, MESSAGE.to], "pass"),
        (MESSAGE.to, None, "pass"),
        (None, [OTHER.to], "pass"),
    ],
)
def test_a_call_to_somebody_else_is_seen_in_the_whole_record(asked: str, called: list[str], outcome: str) -> None:
    history = right().change("api.requested", to=asked).change("provider.called", to=called).history
    verdict = whole_record(history, CONTRACT)
    assert verdict.outcome == outcome, verdict.story()
    assert ("1 sent to somebody else" in verdict.reason) is (outcome == "fail")


@pytest.mark.parametrize(
    ("script", "reason"),
    [(same_id(), "answered with the id of another"), (swapped_ids(), "a call that carried another message's text")],
    ids=["one id for two", "swapped ids"],
)
def test_a_load_run_asks_the_same(script: Script, reason: str) -> None:
    history = script.history
    verdict = load_account(history, CONTRACT, known=account(history, CONTRACT))
    assert (verdict.name, verdict.outcome) == ("accounting", "fail")
    assert reason in verdict.reason


@pytest.mark.parametrize("what", [{"direction": "inbound"}, {"new": "received"}], ids=["by its direction", "its word"])
def test_a_reply_that_quotes_its_message_is_no_second_row_of_it(what: dict[str, str]) -> None:
    script = stored_twice().change("database.inserted", lambda event: event.message_id == OTHER_ID, **what)
    assert "stored more than once" not in whole_record(script.history, CONTRACT).story()
