"""Histories with a gap: an absence proves nothing where a source missed something."""

from __future__ import annotations

from functools import partial

import pytest
from histories import (
    MESSAGE,
    Script,
    gated,
    held,
    right,
)
from judging import (
    GAVE_UP,
    PROFILE,
    TWICE,
    Judge,
    called_again,
    judged,
)

from harness.checks import (
    Outcome,
    forward_only,
    message_queued,
    proof_by_hold,
    proof_by_order,
    refused_for_good,
    sent_is_earned,
    sync_processing_disabled,
    worker_processed,
)

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
UNCALLED = right().drop("provider.called", "provider.answered")
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
    "a refusal was never seen": (refused_for_good, missed(UNCALLED, "providers"), "unknown"),
    "what was refused is sent": (refused_for_good, missed(right(), "providers"), "fail"),
}


@pytest.mark.parametrize("case", GAPS.values(), ids=list(GAPS))
def test_an_absence_proves_nothing_where_a_source_missed_something(case: tuple[Judge, Script, Outcome]) -> None:
    judge, script, outcome = case
    verdict = judged(judge, script, PROFILE)
    assert verdict.outcome == outcome, verdict.story()
    if outcome == "unknown":
        assert "but not all was seen: it was away" in verdict.reason
        assert verdict.witnesses[0].kind == "probe.gap"
