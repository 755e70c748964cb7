"""Seeded bad histories: what is called in the request, or before its time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from histories import (
    ENTRY,
    ID,
    MESSAGE,
    Script,
    gated,
    held,
    is_new,
    made,
    queue,
    right,
)
from judging import (
    FINISH_FIRST,
    INLINE,
    PENDING,
    PROFILE,
    SILENT,
    UNGROUPED,
    Case,
    blind,
    cases,
    expect,
    judged,
    no_consumer,
)

from harness.checks import (
    proof_by_actors,
    proof_by_hold,
    proof_by_order,
    sync_processing_disabled,
)
from harness.history import History
from harness.profile import Profile, Send

# sync-processing-disabled

MISSED = held().change("fault.ended", missed=["worker-2"])
OWN_STEP = held().insert(
    "api.answered", made("database.status", at=2.5, message_id=ID, sequence=1.5, old="pending", new="sending")
)
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
    "answered sent": (
        held().change("api.answered", message_status="sent"),
        PROFILE,
        "fail",
        "answered status 'sent' while every worker was held",
    ),
    "the API's own first steps": (
        OWN_STEP.change("api.answered", message_status="sending"),
        PROFILE,
        "pass",
        "answered sending, row pending → sending, 0 provider calls",
    ),
    "no row seen": (held().drop("database.inserted"), PROFILE, "unknown", "no row of it was seen"),
    "calls not seen": (blind(held()), PROFILE, "unknown", "nothing here shows provider.called"),
    "no status in the answer": (held().change("api.answered", message_status=None), PROFILE, "unknown", "no status"),
    "no status in the answer, and the profile says so": (
        held().change("api.answered", message_status=None),
        PROFILE.model_copy(update={"send": Send(status="")}),
        "pass",
        "accepted, row pending",
    ),
    "the word for what comes in": (
        held().change("api.answered", message_status="received"),
        PROFILE,
        "unknown",
        "a word that the profile doesn't know",
    ),
    "a word that isn't known": (
        held().change("api.answered", message_status="accepted"),
        PROFILE,
        "unknown",
        "a word that the profile doesn't know",
    ),
    "a hold that missed a worker": (
        MISSED.insert(
            "api.answered", made("provider.called", at=2.5, keys=[f"token:{MESSAGE.token}"], call="twilio/9")
        ),
        PROFILE,
        "unknown",
        "worker-2 went on working: the hold missed it",
    ),
    "a worker whom a command was to hold": (
        held()
        .drop("process.started")
        .change("fault.began", members=["worker-1"], unsure=["worker-1"])
        .insert("api.answered", made("provider.called", at=2.5, keys=[f"token:{MESSAGE.token}"], call="twilio/9")),
        PROFILE,
        "unknown",
        "its entry was taken by worker-1, which a command was to hold, and which wasn't seen to stand still",
    ),
    "somebody that the profile needn't name may have been told of it": (
        held()
        .drop("queue.appended")
        .insert("api.answered", made("provider.called", at=2.5, keys=[f"token:{MESSAGE.token}"], call="twilio/9"))
        .add("probe.gap", at=30, source="queue", reason="it was away")
        .change("probe.started", whole=False),
        PROFILE,
        "unknown",
        "whether somebody else was told of it can't be seen",
    ),
    "nobody else was there to be told of it": (
        held()
        .drop("queue.appended")
        .insert("api.answered", made("provider.called", at=2.5, keys=[f"token:{MESSAGE.token}"], call="twilio/9"))
        .add("probe.gap", at=30, source="queue", reason="it was away"),
        PROFILE,
        "fail",
        "a provider was called while every worker was held: the API did it",
    ),
    "somebody else may have been told of it": (
        held()
        .add("process.started", at=0.1, source="deploy", process="beat-1", role="beat", pid=9)
        .drop("queue.appended")
        .insert("api.answered", made("provider.called", at=2.5, keys=[f"token:{MESSAGE.token}"], call="twilio/9"))
        .add("probe.gap", at=30, source="queue", reason="it was away"),
        PROFILE,
        "unknown",
        "whether somebody else was told of it can't be seen (it was away)",
    ),
}


@cases(SYNC)
def test_sync_processing_disabled(case: Case) -> None:
    expect(sync_processing_disabled, case)


# asynchronous, by hold

RELEASED = Script([event for event in held().events if event.at <= 1000.0035])
LEFT = made("queue.acked", at=2.5, keys=[ENTRY], **queue("api-1"))
TURNED_DOWN = (
    held()
    .change("database.status", is_new("sent"), new="failed")
    .change("provider.answered", status=400, accepted=False, message=None)
)
HOLD: dict[str, Case] = {
    "inner failure": (held().change("api.answered", message_status="sent"), PROFILE, "fail", "answered status 'sent'"),
    "the API's own first steps": (OWN_STEP, PROFILE, "pass", "pending while held"),
    "inner unknown": (right(), PROFILE, "unknown", "not accepted while"),
    "nothing on the stream": (held().drop("queue.appended"), PROFILE, "fail", "it was never put on a stream"),
    "left the stream while held": (held().insert("api.answered", LEFT), PROFILE, "fail", "its entry left the stream"),
    "on the stream a moment after the hold": (
        Script(sorted(held().events, key=lambda e: (e.kind == "queue.appended" and 3.6) or (e.at - 1000) * 1000)),
        PROFILE,
        "pass",
        "pending while held",
    ),
    "nothing on the stream yet": (held().drop("queue.appended").soon(), PROFILE, "fail", "never put on a stream"),
    "still held": (
        Script([event for event in held().events if event.kind != "fault.ended" and event.at <= 1000.003]),
        PROFILE,
        "unknown",
        "still held",
    ),
    "dead after the release": (
        no_consumer(RELEASED),
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
    "refused for good after the release, in a channel that nobody claims": (
        TURNED_DOWN,
        SILENT,
        "unknown",
        "released, it failed; the stack doesn't seem to have sms",
    ),
    "refused for good after the release": (TURNED_DOWN, PROFILE, "fail", "released, it failed"),
    "not sent in time": (RELEASED, PROFILE, "unknown", "not sent in time (status pending)"),
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
    "sent without a stream": (INLINE, PROFILE, "fail", "nobody took it from a stream"),
    "no entry seen": (PENDING.drop("queue.appended").soon(), PROFILE, "unknown", "no entry of it was seen"),
    "never queued": (PENDING.drop("queue.appended"), PROFILE, "fail", "it was never put on a stream"),
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
        "a provider call came before the delivery",
    ),
    "call after the acknowledgement": (
        right().change("provider.called", at=20),
        PROFILE,
        "fail",
        "a provider call lies outside",
    ),
    "call after the acknowledgement, by claim": (
        right().change("provider.called", at=20),
        FINISH_FIRST,
        "pass",
        "the call followed",
    ),
    "call before the delivery of what is finished first": (
        right().change("provider.called", at=1.5),
        FINISH_FIRST,
        "fail",
        "a provider call came before the delivery",
    ),
    "no call": (right().drop("provider.called"), PROFILE, "fail", "no provider was called"),
    "providers not seen": (blind(right()), PROFILE, "unknown", "no provider was called; but not all was seen"),
    "no group": (right().drop("queue.acked").drop("queue.deleted"), UNGROUPED, "pass", "the call followed"),
    "no group, and only deleted": (right().drop("queue.acked"), UNGROUPED, "pass", "the call lies between"),
    "not acknowledged yet": (
        right().drop("queue.acked").drop("queue.deleted"),
        PROFILE,
        "unknown",
        "it was not acknowledged",
    ),
    "a relay in the worker": (right().change("queue.appended", process="worker-1"), PROFILE, "pass", "worker-1 put"),
    "clocks that nobody can compare": (
        Script([made("clock.measured", at=0, source="provider", offset_s=0.3, error_s=0.5), *right().events]),
        PROFILE,
        "unknown",
        "the clocks can't tell",
    ),
    "a clock that is ahead, and known": (
        Script(
            [
                made("clock.measured", at=0, source="provider", offset_s=0.3, error_s=0.0001),
                *right().change("provider.called", at=306).change("provider.answered", at=307).events,
            ]
        ),
        PROFILE,
        "pass",
        "the call lies between",
    ),
}


NUMBERED = {"command": ["true"], "pid_file": "/run/it.pid"}


@pytest.mark.parametrize(
    ("processes", "remedy"),
    [
        ({}, "[processes.api] and [processes.worker] name them, by pid_file or match"),
        ({"worker": NUMBERED}, "[processes.api] and [processes.worker] name them, by pid_file or match"),
        ({"api": NUMBERED, "worker": NUMBERED}, "let the harness deploy"),
    ],
)
def test_an_attached_stack_s_processes_are_named_by_their_numbers(processes: dict[str, object], remedy: str) -> None:
    gap = made(
        "probe.gap", at=30, source="queue", reason="nobody says who", lasting=True, remedy="let the harness deploy"
    )
    script = right().change("queue.claimed", process=None).change("queue.acked", process=None)
    profile = Profile.model_validate({"deploy": {"driver": "attached"}, "processes": processes})
    verdict = judged(proof_by_actors, Script([*script.events, gap]), profile)
    assert verdict.remedy == remedy, verdict.story()


@cases(ACTORS)
def test_proof_by_actors(case: Case) -> None:
    expect(proof_by_actors, case)


@pytest.mark.parametrize(
    ("held_for", "other", "outcome", "reason"),
    [
        (12.0, 0.1, "fail", "the API did not answer while every worker was held (12.0 s), and did once they went on"),
        (12.0, 11.0, "unknown", "whether it waits for them, others' answers don't tell"),
        (12.0, None, "unknown", "whether it waits for them, others' answers don't tell"),
        (0.5, 0.1, "unknown", "the API did not answer while every worker was held (0.5 s)"),
    ],
)
def test_an_api_that_waits_for_its_workers(held_for: float, other: float | None, outcome: str, reason: str) -> None:
    """It answers once they are released; `other` is how long a send took that nothing kept waiting (s)."""
    script = held()
    answer = next(event for event in script.events if event.kind == "api.answered")
    events = [*script.drop("api.answered").events, answer]
    if other is not None:
        data = {"operation": "send", "request": 2}
        events += [made("api.requested", at=90, **data), made("api.answered", at=91, status=201, **data)]
    seen, at = [], 0.0
    for event in events:
        at += held_for if event.kind == "fault.ended" else (other or 0) if event.data.get("request") == 2 else 0.001
        seen.append(replace(event, seen=at))
    history = History.of(seen, until=at + 100)
    verdict = sync_processing_disabled(history, script.flow(history), PROFILE)
    assert (verdict.outcome, reason in verdict.reason) == (outcome, True), verdict.story()
