"""A row in which neither text nor provider's id was seen: a call of it is in the record, and nobody can tell which."""

from __future__ import annotations

import pytest
from histories import CONTRACT as PROFILE
from histories import ID, SID, TOKEN, Script, key, started

from harness.checks import accounting, sent_is_earned, whole_record
from harness.history import Flow


def row(*keys: str) -> Script:
    """The API died before it answered; its relay queues the row, and the worker sends it."""
    script = started("api", "worker")
    entry = {"stream": "message_queue:sms", "id": "1-0", "entry": "1-0"}
    for place, (old, new) in enumerate([(None, "pending"), ("pending", "sending"), ("sending", "sent")], start=1):
        kind = "database.status" if old else "database.inserted"
        names = keys if new == "sent" else ()
        script = script.add(kind, at=place, message_id=ID, keys=names, sequence=place, old=old, new=new)
        if old is None:
            script = script.add("queue.appended", at=1.5, message_id=ID, **entry, process="api-1")
    for kind in ("queue.claimed", "queue.acked", "queue.deleted"):
        script = script.add(kind, at=4, message_id=ID, **{**entry, "process": "worker-1"})
    return script


@pytest.mark.parametrize(
    ("keys", "outcome"),
    [((), "unknown"), ((key("token", TOKEN),), "fail"), ((key("provider", SID),), "fail")],
)
def test_that_nobody_called_for_a_row_is_proven_only_where_a_call_of_it_would_be_known(
    keys: tuple[str, ...], outcome: str
) -> None:
    history = row(*keys).history
    verdict = sent_is_earned(history, Flow(history.flow(key("message", ID))), PROFILE)
    assert verdict.outcome == outcome, verdict.story()
    whole = whole_record(history, PROFILE)
    assert (whole.outcome, accounting(history, PROFILE).outcome) == (outcome, outcome), whole.story()
    if not keys:
        assert "neither its text nor its provider's id was seen" in verdict.reason
        assert "body and provider_id" in verdict.remedy


def test_a_token_that_stands_in_no_body_makes_no_call_known() -> None:
    sent = {"operation": "send", "request": 1, "channel": "sms"}
    for untold, outcome in ((True, "unknown"), (False, "fail")):
        told = sent | ({"untold": True} if untold else {})
        script = row().add("api.requested", at=0, keys=[key("token", TOKEN)], **told)
        script = script.add("api.answered", at=1, keys=[key("token", TOKEN)], message_id=ID, status=201, **told)
        history = script.history
        verdict = sent_is_earned(history, Flow(history.flow(key("message", ID))), PROFILE)
        assert verdict.outcome == outcome, verdict.story()
