"""Seeded bad histories: what is not queued, queued twice, or left over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from histories import (
    ENTRY,
    Script,
    held,
    made,
    queue,
    right,
    window,
    work,
)
from judging import (
    INLINE,
    ONCE,
    PENDING,
    PROFILE,
    REFUSED,
    SILENT,
    TWICE,
    UNGROUPED,
    Case,
    cases,
    expect,
    no_consumer,
    second_entry,
)

from harness.checks import (
    Outcome,
    Verdict,
    message_queued,
    queue_operations,
)
from harness.history import Event, Flow, History
from harness.profile import Profile, Queue

# message-queued

RESTART = [window(7, "restart", "api", at=2.1), window(7, "restart", "api", at=2.2, ended=True)]
RETRIED = right().insert(
    "api.answered",
    replace(second_entry(), data={**second_entry().data, "fields": {"x": "no json", "data": '{"retry_count": 1}'}}),
)
EXPLAINED = (
    right().insert("api.answered", RESTART[0]).insert("api.answered", RESTART[1]).insert("api.answered", second_entry())
)
OTHER = Profile(queue=Queue(streams={"email": "mail"}))
QUEUED: dict[str, Case] = {
    "not accepted": (REFUSED.drop("database.inserted"), PROFILE, "unknown", "did not accept"),
    "sent without an entry": (INLINE, PROFILE, "fail", "it is sent, and no entry was ever put on a stream"),
    "a gap": (
        INLINE.add("probe.gap", at=20, source="queue", reason="the wire can't follow a connection"),
        PROFILE,
        "unknown",
        "no entry was ever put on a stream; but not all was seen: the wire can't follow",
    ),
    "not yet": (PENDING.drop("queue.appended").soon(), PROFILE, "unknown", "the profile still allows for one"),
    "too late": (PENDING.drop("queue.appended"), PROFILE, "fail", "no entry within 5 s"),
    "a dead letter is no work": (
        right().insert("api.answered", replace(second_entry(), data={**second_entry().data, "dead": True})),
        PROFILE,
        "pass",
        "1 entry on",
    ),
    "a stream that the profile doesn't name": (right(), OTHER, "unknown", "the profile names no stream for sms"),
    "wrong stream": (
        right().change("queue.appended", stream="message_queue:mms"),
        PROFILE,
        "fail",
        "put on message_queue:mms, expected message_queue:sms",
    ),
    "on another's stream, in a channel that nobody claims": (
        right().change("queue.appended", stream="message_queue:mms"),
        SILENT,
        "unknown",
        "expected message_queue:sms; the stack doesn't seem to have sms",
    ),
    "twice, in a channel that nobody claims": (TWICE, SILENT, "fail", "2 entries were put on the stream"),
    "twice": (TWICE, PROFILE, "fail", "2 entries were put on the stream for one message"),
    "twice, explained": (EXPLAINED, PROFILE, "pass", "2 entries, explained by restart of the api"),
    "twice, explained, effectively once": (EXPLAINED, ONCE, "fail", "2 entries were put"),
    "a retry is an entry on purpose": (
        RETRIED.change("provider.answered", status=503, accepted=False, message=None),
        PROFILE,
        "pass",
        "1 entry on message_queue:sms",
    ),
    "nothing failed, so it is no retry": (RETRIED, PROFILE, "fail", "2 entries were put"),
}


@cases(QUEUED)
def test_message_queued(case: Case) -> None:
    expect(lambda history, flow, profile: message_queued(history, flow, profile, channel="sms"), case)


# queue-operations


def look(*, present: bool | None, pending: bool | None = False, late: bool = True, **more: object) -> Event:
    """Redis' look at the message's own entry, in the hold (`late` false) or at the end."""
    entries = {"1-0": {"present": present, "pending": pending}}
    event = made("queue.counted", at=5, source="counters", stream="message_queue:sms", entries=entries, **more)
    return replace(event, seq=99 if late else 10, seen=100.0 if late else 0.010)


TRIMMED = made(
    "probe.gap",
    at=2.5,
    source="queue",
    reason="message_queue:sms is trimmed",
    kinds=["queue.deleted"],
    lasting=True,
    trimmed=True,
    stream="message_queue:sms",
)
STANDS = look(present=True, late=False)
GONE = look(present=False)
ACKS = PROFILE.model_copy(update={"queue": Queue(finish="ack")})
LOOKS: dict[str, tuple[Script, Profile, Event, Event, Outcome, str]] = {
    "right": (held(), PROFILE, STANDS, GONE, "pass", "on the stream while held"),
    "nothing queued": (INLINE, PROFILE, STANDS, GONE, "unknown", "nothing was queued"),
    "no consumer": (no_consumer(PENDING), PROFILE, STANDS, STANDS, "fail", "stays on the stream: no consumer"),
    "not held": (right(), PROFILE, STANDS, GONE, "unknown", "the workers were not held"),
    "a hold that missed a worker": (
        held().change("fault.ended", missed=["worker-2"]),
        PROFILE,
        look(present=False, late=False),
        GONE,
        "unknown",
        "the hold missed worker-2",
    ),
    "gone while held": (held(), PROFILE, look(present=False, late=False), GONE, "fail", "was gone from the stream"),
    "gone while held, by another than a worker": (
        held().insert("api.answered", made("queue.deleted", at=2.5, keys=[ENTRY], **queue("api-1"))),
        PROFILE,
        look(present=False, late=False),
        GONE,
        "unknown",
        "while every worker was held: api-1 took it away",
    ),
    "gone while held, from a stream that is trimmed": (
        held().insert("api.answered", TRIMMED),
        PROFILE,
        look(present=False, late=False),
        GONE,
        "fail",
        "the stream was trimmed, and nobody had been given it",
    ),
    "gone while held, from a stream that is trimmed, and who had it isn't known": (
        held().insert("api.answered", TRIMMED),
        PROFILE,
        look(present=False, pending=None, late=False),
        GONE,
        "unknown",
        "but not all was seen",
    ),
    "gone while held, and deletions are not seen": (
        held().change("probe.started", lambda e: e.source == "queue", kinds=["queue.appended"]),
        PROFILE,
        look(present=False, late=False),
        GONE,
        "unknown",
        "nothing here shows queue.deleted",
    ),
    "refused": (
        held(),
        PROFILE,
        look(present=None, late=False, refused={"XRANGE": "NOPERM"}),
        GONE,
        "unknown",
        "while held can't be said: Redis refuses XRANGE (NOPERM)",
    ),
    "no group": (held(), UNGROUPED, STANDS, GONE, "unknown", "without a consumer group"),
    "left at rest": (held(), PROFILE, STANDS, look(present=True), "fail", "at rest its entry is still on the stream"),
    "left at rest, and nobody says whether": (held(), SILENT, STANDS, look(present=True), "unknown", "stays on the"),
    "left at rest on purpose": (held(), ACKS, STANDS, look(present=True), "pass", "finished at rest"),
    "deleted and never acknowledged": (
        held(),
        SILENT,
        STANDS,
        look(present=False, pending=True),
        "fail",
        "at rest its entry is still pending",
    ),
    "not yet acknowledged": (
        held(),
        PROFILE,
        STANDS,
        replace(look(present=True, pending=True), seen=1.0),
        "unknown",
        "the profile allows for that yet",
    ),
    "pending refused": (held(), SILENT, STANDS, look(present=False, pending=None), "unknown", "still pending can't"),
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
