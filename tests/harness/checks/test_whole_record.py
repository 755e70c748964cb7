"""The whole record: each thing that is asked of every message, on histories made by hand."""

from __future__ import annotations

import pytest
from histories import CONTRACT, ENTRY, ID, TOKEN, Script, is_new, made, right, send, started, window
from judging import SILENT, TWICE, blind, called_again

from harness.checks import Outcome, whole_record
from harness.checks.lacking import widowed as widowed_ones
from harness.history import key
from harness.history.facts import Facts
from harness.profile import Process, Profile

SMALL = Profile(processes={"worker": Process(command=["worker"])})
ATTACHED = CONTRACT.model_copy(update={"deploy": CONTRACT.deploy.model_copy(update={"driver": "attached"})})
PASSED = "1 accepted, 1 sent, 0 failed, 0 dead, 0 lost"


def resent() -> Script:
    """Two workers of a stack without a group: the row goes on to `sent`, back, and there again, with another id."""
    script = called_again(right())
    script = script.add("database.status", at=22, message_id=ID, sequence=10, old="sent", new="sending")
    gave = [key("provider", "SM2")]
    return script.add(
        "database.status", at=23, message_id=ID, keys=gave, sequence=11, old="sending", new="sent", provider_id="SM2"
    )


def named_again(provider_id: str) -> Script:
    """The row stays `sent`, and names another provider id than before."""
    moved = {"message_id": ID, "sequence": 9, "old": "sent", "new": "sent", "provider_id": provider_id}
    return right().add("database.status", at=12, **moved)


def dead(*, after_failure: bool) -> Script:
    script = right().change("provider.answered", status=500, accepted=False) if after_failure else right()
    letter = key("entry", "message_queue:dead", "1-0")
    return script.add("queue.appended", at=11, message_id=ID, keys=[letter], entry=letter, id="1-0", dead=True)


def of_somebody_else(script: Script) -> Script:
    """The same message, but nobody here has sent it."""
    return script.drop("api.requested", "api.answered")


def widowed() -> Script:
    """The worker that had the entry was killed, and only one of another name was started."""
    died = [
        window(3, "kill", "worker", at=6),
        made("process.exited", at=6.1, source="deploy", process="worker-1", role="worker", code=-9),
        made("process.started", at=6.2, source="deploy", process="worker-2", role="worker"),
    ]
    left = right().drop("queue.acked", "queue.deleted")
    place = next(n for n, event in enumerate(left.events) if event.kind == "provider.called") + 1
    return Script([*left.events[:place], *died, *left.events[place:]])


SECOND = {"keys": [key("entry", "message_queue:sms", "2-0")], "stream": "message_queue:sms", "id": "2-0"}
SECOND |= {"entry": key("entry", "message_queue:sms", "2-0")}
NAMESAKES = CONTRACT.model_copy(update={"claims": CONTRACT.claims.model_copy(update={"takeover": None})})
CASES: dict[str, tuple[Script, Profile, Outcome, str]] = {
    "right": (right(), CONTRACT, "pass", PASSED),
    "sent twice, by calls and rows": (resent(), CONTRACT, "fail", f"1 moved back: {ID}"),
    "sent twice, by rows alone": (blind(resent()), CONTRACT, "fail", f"1 moved back: {ID}"),
    "sent twice, by another provider id": (
        blind(
            right().add("database.status", at=12, message_id=ID, sequence=9, old="sent", new="sent", provider_id="SM9")
        ),
        SILENT,
        "fail",
        f"1 delivered more than once: {ID}",
    ),
    "nobody can tell whether twice": (blind(right()), CONTRACT, "unknown", "whether any was sent twice can't be seen"),
    "sent before it was accepted": (right().change("provider.answered", at=20), CONTRACT, "fail", "1 sent before a"),
    "never queued": (
        right().drop("queue.appended", "queue.claimed", "queue.acked", "queue.deleted"),
        CONTRACT,
        "fail",
        "1 at their end without ever being queued",
    ),
    "never queued, where the queue isn't watched": (
        right()
        .drop("queue.appended", "queue.claimed", "queue.acked", "queue.deleted")
        .drop("probe.started", where=lambda e: e.source == "queue"),
        CONTRACT,
        "unknown",
        "without ever being queued: 11111111-2222-4333-8444-555555555555; but not all was seen",
    ),
    "queued twice": (TWICE, CONTRACT, "fail", "1 queued more than once"),
    "never acknowledged": (right().drop("queue.acked"), CONTRACT, "fail", "1 acknowledged by nobody"),
    "never acknowledged yet": (right().drop("queue.acked").soon(), CONTRACT, "pass", PASSED),
    "never deleted": (right().drop("queue.deleted"), CONTRACT, "fail", "1 acknowledged and not deleted"),
    "never deleted, and nobody says whether": (right().drop("queue.deleted"), SILENT, "pass", PASSED),
    "its worker was killed, and nobody claims redelivery": (
        right().drop("queue.acked").insert("queue.claimed", window(3, "kill", "worker", at=3)),
        SILENT,
        "unknown",
        "1 acknowledged by nobody: 11111111-2222-4333-8444-555555555555; the stack doesn't seem to have redelivery",
    ),
    "its worker was killed, and redelivery is claimed": (
        right().drop("queue.acked").insert("queue.claimed", window(3, "kill", "worker", at=3)),
        CONTRACT,
        "fail",
        "1 acknowledged by nobody",
    ),
    "its worker was killed, none of its name runs, and nobody claims takeover": (
        widowed(),
        NAMESAKES,
        "unknown",
        "1 acknowledged by nobody: 11111111-2222-4333-8444-555555555555; the stack doesn't seem to have takeover",
    ),
    "its worker was killed, none of its name runs, and takeover is claimed": (
        widowed(),
        CONTRACT,
        "fail",
        "1 acknowledged by nobody",
    ),
    "sent in spite of an error, and nobody claims retries": (
        right().change("provider.answered", status=503, accepted=False),
        SILENT,
        "unknown",
        "1 sent before a provider had accepted: 11111111-2222-4333-8444-555555555555; the stack doesn't seem to have r",
    ),
    "sent in spite of an error, and retries are claimed": (
        right().change("provider.answered", status=503, accepted=False),
        CONTRACT,
        "fail",
        "1 sent before a provider had accepted",
    ),
    "sent twice by a second worker that nobody claims": (
        Script(
            [
                *started("worker").add("process.started", at=0, process="worker-2", role="worker").events,
                *called_again(right()).events,
            ]
        ),
        SMALL,
        "unknown",
        "1 delivered more than once: 11111111-2222-4333-8444-555555555555; 1 accepted, 1 sent",
    ),
    "a dead letter for nothing": (dead(after_failure=False), CONTRACT, "fail", "1 dead letters that nobody expected"),
    "a dead letter after a failure": (
        dead(after_failure=True).drop("database.status", where=is_new("sent")),
        CONTRACT,
        "pass",
        "1 accepted, 0 sent, 0 failed, 1 dead",
    ),
    "queued without a row": (
        started("api", "worker").add("queue.appended", at=1, message_id=ID, keys=[ENTRY], entry=ENTRY, id="1-0"),
        CONTRACT,
        "fail",
        f"1 queued without a row: {ID}",
    ),
    "lost": (send(started("api", "worker")).drop("queue.appended"), CONTRACT, "fail", f"1 lost: {ID}"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_whole_record(case: tuple[Script, Profile, Outcome, str]) -> None:
    script, profile, outcome, reason = case
    verdict = whole_record(script.history, profile)
    told = " | ".join([verdict.reason, *verdict.also])
    assert (verdict.outcome, reason in told) == (outcome, True), verdict.story()


def test_the_messages_of_an_attached_stacks_other_users_are_none_of_ours() -> None:
    """A neighbour's message that looks lost, and one that looks sent twice."""
    verdict = whole_record(of_somebody_else(resent()).history, ATTACHED)
    assert verdict.reason.startswith("no message was accepted"), verdict.story()


def test_two_sends_of_one_text_are_two_messages() -> None:
    """Without idempotency keys: two rows, two entries, two calls, and nothing twice."""
    other, token = ID.replace("1", "2"), [key("token", TOKEN)]
    entry = key("entry", "message_queue:sms", "2-0")
    script = called_again(right())
    script = script.add("api.requested", at=12, keys=token, operation="send", request=2)
    script = script.add("database.inserted", at=13, keys=token, message_id=other, sequence=20, old=None, new="pending")
    data = {"stream": "message_queue:sms", "id": "2-0", "entry": entry, "process": "api-1"}
    script = script.add("queue.appended", at=14, message_id=other, keys=[entry], **data)
    script = script.add("api.answered", at=15, keys=token, message_id=other, operation="send", request=2, status=201)
    worker = {**data, "process": "worker-1"}
    script = script.add("queue.claimed", at=16, message_id=other, keys=[entry], **worker)
    script = script.add("queue.acked", at=30, keys=[entry], **worker).add(
        "queue.deleted", at=30, keys=[entry], **worker
    )
    found = whole_record(script.history, CONTRACT)
    assert "more than once" not in " ".join([found.reason, *found.also]), found.story()


def test_what_concerns_the_most_messages_is_told_first() -> None:
    events = []
    for number in range(9):
        name = f"m{number}"
        moves = [("sent", "pending")] if number == 0 else []
        for sequence, (old, new) in enumerate([(None, "pending"), ("pending", "sent"), *moves], start=1):
            kind = "database.status" if old else "database.inserted"
            events.append(made(kind, at=sequence, message_id=name, sequence=sequence, old=old, new=new))
        called = f"twilio/{number}"
        for again in range(2):
            keys = [key("call", f"{called}{again}")]
            data = {"provider": "twilio", "call": f"{called}{again}", "to": ["+1"], "endpoint": "messages.create"}
            answer = {"call": f"{called}{again}", "status": 201, "accepted": True, "message": f"SM{number}{again}"}
            events.append(made("provider.called", at=1.2, message_id=name, keys=keys, **data))
            events.append(made("provider.answered", at=1.3, keys=keys, **answer))
    verdict = whole_record(Script([*started("api", "worker").events, *events]).history, CONTRACT)
    assert verdict.reason.startswith("9 delivered more than once: m0, m1, ")
    assert any(reason.startswith("fail: 1 moved back: m0") for reason in verdict.also)


def test_every_wrong_message_is_named_and_counted() -> None:
    events = []
    for number in range(25):
        name = f"m{number}"
        events += [
            made("database.inserted", at=1, message_id=name, sequence=1, old=None, new="pending"),
            made("database.status", at=2, message_id=name, sequence=2, old="pending", new="sent"),
            made("database.status", at=3, message_id=name, sequence=3, old="sent", new="pending"),
        ]
    verdict = whole_record(Script([*started("api", "worker").events, *events]).history, CONTRACT)
    assert verdict.outcome == "fail"
    assert verdict.reason.startswith("25 moved back: m0, m1, ")
    assert " and 5 more" in verdict.reason
    assert any("lost" in reason for reason in verdict.also), "one thing that is wrong doesn't hide another"


def test_who_finished_an_entry_and_died_is_no_reason_for_another_one() -> None:
    """One entry was finished by a worker that is gone; the other is in the hand of one that runs."""
    both = right().add("queue.appended", at=30, message_id=ID, **SECOND, process="api-1")
    both = both.add("queue.claimed", at=31, message_id=ID, **SECOND, process="worker-2")
    gone = made("process.exited", at=32, source="deploy", process="worker-1", role="worker", code=-9)
    runs = made("process.started", at=29, source="deploy", process="worker-2", role="worker")
    history = Script([*both.events[:-1], runs, both.events[-1], gone]).history
    flow = both.flow(history)
    assert widowed_ones(flow, Facts(history), NAMESAKES) == []
    ended = made("process.exited", at=33, source="deploy", process="worker-2", role="worker", code=-9)
    left = Script([*both.events, runs, gone, ended]).history
    assert widowed_ones(both.flow(left), Facts(left), NAMESAKES) == ["worker-2"]
