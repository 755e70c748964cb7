"""For each check, seeded bad histories: one for every reason to fail and every reason not to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from histories import (
    ENTRY,
    ID,
    MESSAGE,
    SID,
    Script,
    gated,
    held,
    is_new,
    made,
    queue,
    right,
    send,
    started,
    window,
    work,
)

from harness.checks import (
    Outcome,
    Verdict,
    forward_only,
    message_queued,
    proof_by_actors,
    proof_by_hold,
    proof_by_order,
    queue_operations,
    refused_for_good,
    sent_is_earned,
    sync_processing_disabled,
    worker_processed,
)
from harness.history import Event, Flow, History, key
from harness.profile import Policy, Profile, Providers, Queue

PROFILE = Profile()
BLIND = Profile(providers=Providers(observe="none"))
UNGROUPED = Profile(queue=Queue(group=None))
ONCE = Profile(policy=Policy(delivery="effectively-once"))

Judge = Callable[[History, Flow, Profile], Verdict]
Case = tuple[Script, Profile, Outcome, str]


def judged(judge: Judge, script: Script, profile: Profile) -> Verdict:
    history = script.history
    return judge(history, script.flow(history), profile)


def expect(judge: Judge, case: Case) -> None:
    script, profile, outcome, reason = case
    verdict = judged(judge, script, profile)
    assert verdict.outcome == outcome, verdict.story()
    assert reason in verdict.reason, verdict.story()


def cases(table: dict[str, Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", table.values(), ids=list(table))


def no_consumer(script: Script) -> Script:
    """The only worker is dead."""
    return Script(
        [*script.events, made("process.exited", at=50, source="deploy", process="worker-1", role="worker", code=-9)]
    )


def second_entry(at: float = 2.5) -> Event:
    other = key("entry", "message_queue:sms", "2-0")
    data = {**queue("api-1"), "id": "2-0", "entry": other}
    return made("queue.appended", at=at, message_id=ID, keys=[other], **data)


def second_entry_gone(at: float = 4.5) -> tuple[Event, Event]:
    """The second entry acknowledged and deleted: a worker saw that another one is on it."""
    data, keys = dict(second_entry().data), second_entry().keys
    return made("queue.acked", at=at, keys=keys, **data), made("queue.deleted", at=at, keys=keys, **data)


UNANSWERED = Script(started("api", "worker").events).add("api.requested", at=0, keys=[f"token:{MESSAGE.token}"])
REFUSED = right().change("api.answered", status=422)
FAILED_ROW = right().change("database.status", is_new("sent"), new="failed")
INLINE = right().drop("queue.appended", "queue.claimed", "queue.acked", "queue.deleted")
PENDING = send(started("api", "worker"))
"""Accepted and queued; nobody has taken it."""


# sync-processing-disabled

SYNC: dict[str, Case] = {
    "not accepted": (held().change("api.answered", status=503), PROFILE, "unknown", "did not accept"),
    "sent outside a hold": (right(), PROFILE, "unknown", "not accepted while the workers were held"),
    "provider called while held": (
        held().insert(
            "api.answered", made("provider.called", at=2.5, keys=[f"token:{MESSAGE.token}"], call="twilio/9")
        ),
        PROFILE,
        "fail",
        "a provider was called while every worker was held",
    ),
    "row moved while held": (
        held().insert(
            "api.answered", made("database.status", at=2.5, message_id=ID, sequence=1.5, old="pending", new="sent")
        ),
        PROFILE,
        "fail",
        "the row became sent while every worker was held",
    ),
    "answered sent": (held().change("api.answered", message_status="sent"), PROFILE, "fail", "status 'sent', expected"),
    "no row seen": (held().drop("database.inserted"), PROFILE, "unknown", "no row of it was seen"),
    "neither seen": (
        held().change("database.inserted", sampled=True),
        BLIND,
        "unknown",
        "neither the provider nor the row's transitions",
    ),
}


@cases(SYNC)
def test_sync_processing_disabled(case: Case) -> None:
    expect(sync_processing_disabled, case)


# asynchronous, by hold

LEFT = made("queue.acked", at=2.5, keys=[ENTRY], **queue("api-1"))
HOLD: dict[str, Case] = {
    "inner failure": (held().change("api.answered", message_status="sent"), PROFILE, "fail", "expected 'pending'"),
    "inner unknown": (right(), PROFILE, "unknown", "not accepted while"),
    "nothing on the stream": (held().drop("queue.appended"), PROFILE, "fail", "no entry was on the stream"),
    "left the stream while held": (held().insert("api.answered", LEFT), PROFILE, "fail", "its entry left the stream"),
    "still held": (
        Script([event for event in held().events if event.kind != "fault.ended" and event.at <= 1000.003]),
        PROFILE,
        "unknown",
        "still held",
    ),
    "dead after the release": (
        no_consumer(Script(held().events[:8])),
        PROFILE,
        "fail",
        "no consumer: worker-1, the last worker, ended with -9",
    ),
    "failed after the release": (
        held().change("database.status", is_new("sent"), new="failed"),
        PROFILE,
        "fail",
        "released, it failed",
    ),
    "not sent in time": (Script(held().events[:8]), PROFILE, "unknown", "not sent in time (status pending)"),
}


@cases(HOLD)
def test_proof_by_hold(case: Case) -> None:
    expect(proof_by_hold, case)


# asynchronous, by order

ORDER: dict[str, Case] = {
    "not gated": (right(), PROFILE, "unknown", "was not gated"),
    "not accepted": (
        gated().change("api.answered", status=422).drop("database.inserted"),
        PROFILE,
        "unknown",
        "did not accept",
    ),
    "no entry": (
        gated().drop("queue.appended", "queue.claimed", "queue.acked", "queue.deleted"),
        PROFILE,
        "fail",
        "without any entry on the stream",
    ),
    "gate not reached": (gated().drop("fault.hit"), PROFILE, "unknown", "never reached"),
    "answered all the same": (
        gated()
        .drop("api.answered")
        .insert(
            "queue.claimed",
            made("api.answered", at=3, keys=[f"token:{MESSAGE.token}"], message_id=ID, operation="send", status=201),
        ),
        PROFILE,
        "unknown",
        "that order wasn't made",
    ),
    "nobody takes it": (
        no_consumer(
            gated().drop("database.status", "queue.claimed", "provider.called", "provider.answered", "queue.acked")
        ),
        PROFILE,
        "fail",
        "never taken: no consumer",
    ),
    "sent after the gate": (
        Script(
            sorted(
                gated().events,
                key=lambda e: (is_new("sent")(e), e.at) if e.kind == "database.status" else (False, e.at),
            )
        ),
        PROFILE,
        "unknown",
        "only after the gate was opened",
    ),
    "not sent": (
        gated().drop("database.status", where=is_new("sent")),
        PROFILE,
        "unknown",
        "not sent while the gate was closed (status sending)",
    ),
}


@cases(ORDER)
def test_proof_by_order(case: Case) -> None:
    expect(proof_by_order, case)


# asynchronous, by actors

ACTORS: dict[str, Case] = {
    "never queued": (INLINE, PROFILE, "fail", "nobody took it from a stream"),
    "no entry seen": (PENDING.drop("queue.appended"), PROFILE, "unknown", "no entry of it was seen"),
    "nobody took it": (no_consumer(PENDING), PROFILE, "fail", "nobody took its entry: no consumer"),
    "process unknown": (right().change("queue.appended", process=None), PROFILE, "unknown", "which processes spoke"),
    "one and the same": (
        right().change("queue.claimed", process="api-1").change("queue.acked", process="api-1"),
        PROFILE,
        "fail",
        "api-1 took the entry that it had put on the stream itself",
    ),
    "call before the delivery": (
        right().change("provider.called", at=1.5),
        PROFILE,
        "fail",
        "a provider call lies outside",
    ),
    "call after the acknowledgement": (
        right().change("provider.called", at=20),
        PROFILE,
        "fail",
        "a provider call lies outside",
    ),
    "no call": (right().drop("provider.called"), PROFILE, "fail", "no provider was called"),
    "providers not seen": (right(), BLIND, "unknown", "can't be seen here"),
    "no group": (right(), UNGROUPED, "unknown", "can't be seen here"),
    "not acknowledged yet": (right().drop("queue.acked"), PROFILE, "unknown", "can't be seen here"),
}


@cases(ACTORS)
def test_proof_by_actors(case: Case) -> None:
    expect(proof_by_actors, case)


# message-queued

RESTART = [window(7, "restart", "api", at=2.1), window(7, "restart", "api", at=2.2, ended=True)]
TWICE = right().insert("api.answered", second_entry())
EXPLAINED = (
    right().insert("api.answered", RESTART[0]).insert("api.answered", RESTART[1]).insert("api.answered", second_entry())
)
QUEUED: dict[str, Case] = {
    "not accepted": (REFUSED.drop("database.inserted"), PROFILE, "unknown", "did not accept"),
    "sent without an entry": (INLINE, PROFILE, "fail", "it is sent, and no entry was ever put on a stream"),
    "a gap": (
        INLINE.add("probe.gap", at=20, source="queue", reason="the wire can't follow a connection"),
        PROFILE,
        "unknown",
        "no entry was ever put on a stream; but not all was seen: the wire can't follow",
    ),
    "not yet": (PENDING.drop("queue.appended"), PROFILE, "unknown", "the profile still allows for one"),
    "too late": (
        Script([*PENDING.drop("queue.appended").events, *[window(n, "hold", "worker", at=9000) for n in range(9)]]),
        PROFILE,
        "fail",
        "no entry within 5 s",
    ),
    "wrong stream": (
        right().change("queue.appended", stream="message_queue:mms"),
        PROFILE,
        "fail",
        "put on message_queue:mms, expected message_queue:sms",
    ),
    "twice": (TWICE, PROFILE, "fail", "2 entries were put on the stream for one message"),
    "twice, explained": (EXPLAINED, PROFILE, "pass", "2 entries, explained by restart of the api"),
    "twice, explained, effectively once": (EXPLAINED, ONCE, "fail", "2 entries were put"),
    "a retry is an entry on purpose": (
        right().insert(
            "api.answered",
            replace(
                second_entry(), data={**second_entry().data, "fields": {"x": "no json", "data": '{"retry_count": 1}'}}
            ),
        ),
        PROFILE,
        "pass",
        "1 entry on message_queue:sms",
    ),
}


@cases(QUEUED)
def test_message_queued(case: Case) -> None:
    expect(lambda history, flow, profile: message_queued(history, flow, profile, channel="sms"), case)


# lifecycle


def moves(*names: str, **more: object) -> Script:
    script = started("api", "worker")
    for number, (old, new) in enumerate(zip((None, *names), names, strict=False), start=1):
        kind = "database.inserted" if old is None else "database.status"
        script = script.add(kind, at=number, message_id=ID, sequence=number, old=old, new=new, **more)
    return script


FORWARD: dict[str, Case] = {
    "nothing recorded": (started("api").add("worker.log", at=1, message_id=ID), PROFILE, "unknown", "no status"),
    "sent, then pending": (
        moves("pending", "sent", "pending"),
        PROFILE,
        "fail",
        "moved back: pending → sent → pending",
    ),
    "delivered, then sent": (moves("pending", "sent", "delivered", "sent"), PROFILE, "fail", "moved back"),
    "failed, then sent": (moves("pending", "failed", "sent"), PROFILE, "fail", "moved back"),
    "retries alternate": (moves("pending", "sending", "retry", "sending", "sent"), PROFILE, "pass", "retry → sending"),
    "sent, then failed": (moves("pending", "sent", "failed"), PROFILE, "pass", "sent → failed"),
    "sampled": (moves("pending", "sent", sampled=True), PROFILE, "unknown", "only sampled"),
    "sampled going back": (moves("sent", "pending", sampled=True), PROFILE, "fail", "moved back"),
    "an unknown status": (moves("pending", "weird"), PROFILE, "fail", "moved back"),
}


@cases(FORWARD)
def test_forward_only(case: Case) -> None:
    expect(forward_only, case)


EARNED: dict[str, Case] = {
    "providers not seen": (right(), BLIND, "unknown", "no acceptance can be seen"),
    "never sent": (PENDING, PROFILE, "unknown", "never sent (status pending)"),
    "sampled": (right().change("database.status", sampled=True), PROFILE, "unknown", "only sampled"),
    "never accepted": (
        right().change("provider.answered", accepted=False),
        PROFILE,
        "fail",
        "no provider ever accepted",
    ),
    "sent before the call": (right().change("provider.answered", at=20), PROFILE, "fail", "`sent` 12.0 ms before"),
}


@cases(EARNED)
def test_sent_is_earned(case: Case) -> None:
    expect(sent_is_earned, case)


# worker-processed


def called_again(script: Script) -> Script:
    token, call = key("token", MESSAGE.token), key("call", "twilio", 2)
    first = next(event for event in script.events if event.kind == "provider.called")
    script = Script(
        [*script.events, replace(first, at=1000.02, data={**first.data, "call": "twilio/2"}, keys=(call, token))]
    )
    return script.add("provider.answered", at=21, keys=[call], call="twilio/2", message="SM2", accepted=True)


def disturbed(script: Script) -> Script:
    began, ended = window(5, "kill", "worker", at=7.5), window(5, "kill", "worker", at=7.6, ended=True)
    return script.insert("queue.acked", began).insert("queue.acked", ended)


MAIL = right().change(
    "provider.called", provider="sendgrid", params={"content": [{"type": "text/plain", "value": MESSAGE.body}]}
)
EAGER = right().change("queue.acked", at=5.5)
PROCESSED: dict[str, Case] = {
    "not accepted": (REFUSED, PROFILE, "unknown", "did not accept"),
    "providers not seen": (right(), BLIND, "unknown", "no call can be seen"),
    "nothing queued": (INLINE, PROFILE, "unknown", "nothing was queued"),
    "no worker ever": (send(started("api")), PROFILE, "fail", "no consumer: no worker was ever started"),
    "worker dead": (no_consumer(PENDING), PROFILE, "fail", "no consumer: worker-1"),
    "failed": (FAILED_ROW, PROFILE, "fail", "it failed after 1 calls"),
    "acknowledged without a call": (
        right().drop("provider.called", "provider.answered").drop("database.status"),
        PROFILE,
        "fail",
        "acknowledged, and no provider was called",
    ),
    "unfinished": (PENDING, PROFILE, "unknown", "still pending after 0 calls"),
    "moved back": (
        right()
        .add("database.status", at=30, message_id=ID, sequence=9, old="sent", new="pending")
        .add("database.status", at=31, message_id=ID, sequence=10, old="pending", new="sent"),
        PROFILE,
        "fail",
        "forward-only: it moved back",
    ),
    "not earned": (right().change("provider.answered", at=20), PROFILE, "fail", "sent-is-earned: it was `sent`"),
    "wrong recipient": (right().change("provider.called", to=["+1999"]), PROFILE, "fail", "the call went to ['+1999']"),
    "wrong sender": (
        right().change("provider.called", **{"from": "+1888"}),
        PROFILE,
        "fail",
        "the call came from +1888",
    ),
    "wrong body": (
        right().change("provider.called", params={"Body": ["cut"]}),
        PROFILE,
        "fail",
        "the call carried 'cut'",
    ),
    "no body": (right().change("provider.called", params=None), PROFILE, "fail", "the call carried ''"),
    "mail": (MAIL, PROFILE, "pass", "accepted 1"),
    "mail without a plain part": (
        MAIL.change("provider.called", params={"content": [{"type": "text/html", "value": "<p>"}]}),
        PROFILE,
        "fail",
        "the call carried ''",
    ),
    "sent twice": (called_again(right()), PROFILE, "fail", "2 calls were accepted for one message"),
    "sent twice, explained": (called_again(disturbed(right())), PROFILE, "pass", "calls 2, accepted 2"),
    "sent twice, effectively once": (called_again(disturbed(right())), ONCE, "fail", "2 calls were accepted"),
    "never acknowledged": (
        right().drop("queue.acked").drop("queue.deleted"),
        PROFILE,
        "fail",
        "its entry was not acknowledged",
    ),
    "acknowledged before the call": (EAGER, PROFILE, "fail", "acknowledged before the provider accepted"),
    "acknowledged before the call, and again after it": (
        EAGER.add("queue.acked", at=20, keys=[ENTRY], **queue("worker-1")),
        PROFILE,
        "fail",
        "acknowledged before the provider accepted",
    ),
    "another entry of it dealt with before the call": (
        right()
        .insert("queue.claimed", second_entry())
        .insert("provider.called", second_entry_gone()[0])
        .insert("provider.called", second_entry_gone()[1]),
        PROFILE,
        "pass",
        "calls 1",
    ),
    "not deleted": (right().drop("queue.deleted"), PROFILE, "fail", "acknowledged and not deleted"),
    "no group": (right().drop("queue.acked").drop("queue.deleted"), UNGROUPED, "pass", "calls 1"),
    "another provider id": (
        right().change("database.status", is_new("sent"), provider_id="SM9"),
        PROFILE,
        "fail",
        f"the row names provider id SM9, the provider gave {SID}",
    ),
}


@cases(PROCESSED)
def test_worker_processed(case: Case) -> None:
    expect(lambda history, flow, profile: worker_processed(history, flow, profile, message=MESSAGE), case)


@pytest.mark.parametrize(
    ("media", "outcome"),
    [(["https://example.com/a.png"], "pass"), ("https://example.com/a.png", "pass"), ([], "fail"), (None, "fail")],
)
def test_the_media_of_a_picture_message_are_compared(media: object, outcome: Outcome) -> None:
    sent = replace(MESSAGE, type="mms", attachments=("https://example.com/a.png",))
    script = right().change("provider.called", params={"Body": MESSAGE.body, "MediaUrl": media})
    history = script.history
    assert worker_processed(history, script.flow(history), PROFILE, message=sent).outcome == outcome


GAVE_UP = FAILED_ROW.change("provider.answered", status=400, accepted=False, message=None)
PERMANENT: dict[str, Case] = {
    "right": (GAVE_UP, PROFILE, "pass", "1 call, failed, acknowledged"),
    "no worker": (send(started("api")), PROFILE, "fail", "no consumer"),
    "sent all the same": (right(), PROFILE, "fail", "the row is sent"),
    "unfinished": (PENDING, PROFILE, "unknown", "the row is pending"),
    "tried again": (called_again(GAVE_UP), PROFILE, "fail", "it was called 2 times"),
    "not acknowledged": (GAVE_UP.drop("queue.acked").drop("queue.deleted"), PROFILE, "fail", "not acknowledged"),
}


@cases(PERMANENT)
def test_refused_for_good(case: Case) -> None:
    expect(refused_for_good, case)


# queue-operations


def counted(length: int | None, pending: int | None = 0, lag: int | None = 0) -> Event:
    data = {"length": length, "pending": pending, "lag": lag}
    return made("queue.counted", at=5, source="counters", stream="message_queue:sms", **data)


LOOKS: dict[str, tuple[Script, Profile, Event, Event, Outcome, str]] = {
    "right": (right(), PROFILE, counted(1, 0, 1), counted(0), "pass", "1 while held"),
    "lag that Redis can't tell": (right(), PROFILE, counted(1), counted(0, 0, None), "pass", "0 at rest"),
    "nothing queued": (INLINE, PROFILE, counted(0), counted(0), "unknown", "nothing was queued"),
    "no consumer": (no_consumer(PENDING), PROFILE, counted(1), counted(1), "fail", "stays on the stream: no consumer"),
    "none while held": (right(), PROFILE, counted(0), counted(0), "fail", "had 0 entries, expected 1"),
    "two while held": (right(), PROFILE, counted(2), counted(0), "fail", "had 2 entries, expected 1"),
    "no group": (right(), UNGROUPED, counted(1), counted(0), "unknown", "without a consumer group"),
    "left at rest": (
        right(),
        PROFILE,
        counted(1),
        counted(1, 1, 0),
        "fail",
        "at rest the stream has length 1, pending 1",
    ),
    "lag at rest": (right(), PROFILE, counted(1), counted(0, 0, 3), "fail", "lag 3"),
}


@pytest.mark.parametrize("case", LOOKS.values(), ids=list(LOOKS))
def test_queue_operations(case: tuple[Script, Profile, Event, Event, Outcome, str]) -> None:
    script, profile, while_held, at_rest, outcome, reason = case

    def judge(history: History, flow: Flow, profile: Profile) -> Verdict:
        return queue_operations(history, flow, profile, held=while_held, at_rest=at_rest)

    expect(judge, (script, profile, outcome, reason))


def test_work_is_what_the_right_flow_ends_with() -> None:
    """The builder itself: the right flow is the API's part and the worker's."""
    assert work(PENDING).events == right().events


# what a source missed


def missed(script: Script, source: str, **more: object) -> Script:
    return script.add("probe.gap", at=30, source=source, reason="it was away", **more)


def earlier(script: Script, source: str, **more: object) -> Script:
    """The gap came before anything about the message."""
    return Script([*missed(Script(), source, **more).events, *script.events])


processed = partial(worker_processed, message=MESSAGE)
queued = partial(message_queued, channel="sms")
UNACKED = right().drop("queue.acked").drop("queue.deleted")
NO_CALL = right().drop("provider.called", "provider.answered").drop("database.status")
BLIND_TO_ACKS: dict[str, object] = {"lasting": True, "kinds": ["queue.acked", "queue.deleted"]}
GAPS: dict[str, tuple[Judge, Script, Outcome]] = {
    "a call may have been missed": (processed, missed(right(), "providers"), "unknown"),
    "a status may have been missed": (processed, missed(right(), "database"), "unknown"),
    "what the queue missed doesn't matter": (processed, missed(right(), "queue"), "pass"),
    "it was over before": (processed, earlier(right(), "providers"), "pass"),
    "it goes on": (processed, earlier(right(), "providers", lasting=True), "unknown"),
    "an acknowledgement may have been missed": (processed, missed(UNACKED, "queue"), "unknown"),
    "acknowledgements are never seen": (processed, earlier(UNACKED, "queue", **BLIND_TO_ACKS), "unknown"),
    "of the queue only acknowledgements are not seen": (queued, earlier(right(), "queue", **BLIND_TO_ACKS), "pass"),
    "the delete may have been missed": (processed, missed(right().drop("queue.deleted"), "queue"), "unknown"),
    "the call itself may have been missed": (processed, missed(NO_CALL, "providers"), "unknown"),
    "what was seen twice was there twice": (processed, missed(called_again(right()), "providers"), "fail"),
    "a second entry may have been missed": (queued, missed(right(), "queue"), "unknown"),
    "two entries were seen": (queued, missed(TWICE, "queue"), "fail"),
    "a call while held may have been missed": (sync_processing_disabled, missed(held(), "providers"), "unknown"),
    "hold": (proof_by_hold, missed(held(), "providers"), "unknown"),
    "the entry may have been missed": (proof_by_hold, missed(held().drop("queue.appended"), "queue"), "unknown"),
    "an order that was seen": (proof_by_order, missed(gated(), "queue"), "pass"),
    "an acceptance may have been missed": (
        sent_is_earned,
        missed(right().drop("provider.answered"), "providers"),
        "unknown",
    ),
    "an acceptance that was seen": (sent_is_earned, missed(right(), "providers"), "pass"),
    "a move back may have been missed": (forward_only, missed(right(), "database"), "unknown"),
    "a second call may have been missed": (refused_for_good, missed(GAVE_UP, "providers"), "unknown"),
}


@pytest.mark.parametrize("case", GAPS.values(), ids=list(GAPS))
def test_an_absence_proves_nothing_where_a_source_missed_something(case: tuple[Judge, Script, Outcome]) -> None:
    judge, script, outcome = case
    verdict = judged(judge, script, PROFILE)
    assert verdict.outcome == outcome, verdict.story()
    if outcome == "unknown":
        assert "but not all was seen: it was away" in verdict.reason
        assert verdict.witnesses[0].kind == "probe.gap"
