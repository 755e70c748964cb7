"""The checks of replies and delivery reports, on seeded histories."""

from __future__ import annotations

from dataclasses import replace

import pytest
from histories import CONTRACT, ID, SID, Script, made, right, watched

from harness.checks import Outcome, Verdict, bad_signature_refused, one_conversation, report_moved, stored_once
from harness.checks.rest import said_by
from harness.history import Flow, History, key
from harness.profile import Profile, parse

PROFILE = CONTRACT
SILENT = Profile()
OURS = {"processes": {"api": {"command": ["x"]}}}
PROVIDER = key("provider", SID)


def inbound(*, answers: list[int | None], rows: int) -> Flow:
    script = Script()
    for number, status in enumerate(answers):
        script = script.add("callback.sent", at=number, keys=[PROVIDER])
        script = script.add(
            "callback.answered", at=number, keys=[PROVIDER], status=status, error=None if status else "refused"
        )
    for number in range(rows):
        script = script.add("database.inserted", at=9, keys=[PROVIDER], message_id=f"m{number}", new="received")
    return Flow(script.history.flow(PROVIDER))


def gap(source: str) -> History:
    """A record in which a source missed something after everything else."""
    missed = made("probe.gap", at=30, source=source, reason="it was away", lasting=True)
    return History.of([*watched().events, missed], until=1_000.0)


WHOLE = History.of(watched().events, until=1_000.0)
EARLY = History.of(watched().events)
"""Read to its end right after the last event."""


def shown(verdict: Verdict) -> tuple[Outcome, str]:
    return verdict.outcome, verdict.reason


@pytest.mark.parametrize(
    ("answers", "rows", "outcome", "reason"),
    [
        ([200, 200], 1, "pass", "2 deliveries, 1 row"),
        ([200], 1, "unknown", "1 of 2 deliveries were answered"),
        ([200, 500], 1, "fail", "a delivery was answered 500"),
        ([200, None], 1, "unknown", "a delivery was not answered (refused)"),
        ([404, 404], 0, "fail", "a delivery was answered 404"),
        ([200, 200], 2, "fail", "2 deliveries made 2 rows, expected 1"),
        ([200, 200], 0, "fail", "2 deliveries made 0 rows, expected 1"),
    ],
)
def test_stored_once(answers: list[int | None], rows: int, outcome: Outcome, reason: str) -> None:
    verdict = stored_once(WHOLE, inbound(answers=answers, rows=rows), PROFILE, deliveries=2)
    assert shown(verdict) == (outcome, reason)


@pytest.mark.parametrize(
    ("answers", "rows", "outcome", "reason"),
    [
        ([404, 404], 0, "unknown", "a delivery was answered 404: the stack doesn't seem to have such a webhook"),
        ([401, 401], 0, "unknown", "a delivery was answered 401"),
        ([200, 200], 0, "unknown", "2 deliveries made 0 rows, expected 1; where replies go isn't known"),
        ([200, 200], 2, "fail", "2 deliveries made 2 rows, expected 1"),
        ([200, 500], 1, "fail", "a delivery was answered 500"),
    ],
)
def test_what_a_silent_profile_lacks_is_unknown_and_what_it_does_wrong_fails(
    answers: list[int | None], rows: int, outcome: Outcome, reason: str
) -> None:
    verdict = stored_once(WHOLE, inbound(answers=answers, rows=rows), SILENT, deliveries=2)
    assert shown(verdict) == (outcome, reason)


@pytest.mark.parametrize(
    ("rows", "outcome", "reason"),
    [
        (2, "pass", "2 deliveries of 2 messages, 2 rows"),
        (1, "fail", "2 deliveries of 2 messages made 1 rows, expected 2"),
        (3, "fail", "2 deliveries of 2 messages made 3 rows, expected 2"),
    ],
)
def test_two_of_the_same_words_are_two(rows: int, outcome: Outcome, reason: str) -> None:
    verdict = stored_once(WHOLE, inbound(answers=[200, 200], rows=rows), PROFILE, deliveries=2, messages=2)
    assert shown(verdict) == (outcome, reason)


@pytest.mark.parametrize(
    ("came", "profile", "outcome"),
    [
        ("in", PROFILE, "pass"),
        ("out", PROFILE, "fail"),
        ("out", SILENT, "unknown"),
        (None, PROFILE, "pass"),
    ],
)
def test_what_came_in_is_told_from_what_went_out(came: str | None, profile: Profile, outcome: Outcome) -> None:
    """By whichever words the table has for that; a table that has none says nothing."""
    script = watched().add("api.answered", at=0, message_id=ID, operation="send", status=201)
    script = script.add("database.inserted", at=1, message_id=ID, new="pending", said="out")
    script = script.add("callback.sent", at=2, keys=[PROVIDER])
    script = script.add("callback.answered", at=3, keys=[PROVIDER], status=200)
    said = {"said": came} if came else {}
    script = script.add("database.inserted", at=4, keys=[PROVIDER], message_id="m1", new="received", **said)
    history = script.history
    verdict = stored_once(history, Flow(history.flow(PROVIDER)), profile, deliveries=1)
    assert verdict.outcome == outcome, verdict.story()
    assert ("says 'out' of its direction" in verdict.reason) == (outcome != "pass")


def test_a_reply_may_be_stored_a_moment_after_it_was_answered() -> None:
    verdict = stored_once(EARLY, inbound(answers=[200], rows=0), PROFILE, deliveries=1)
    assert shown(verdict) == ("unknown", "1 delivery made 0 rows, expected 1, and the profile still allows for one")


@pytest.mark.parametrize(("rows", "outcome"), [(0, "unknown"), (1, "unknown"), (2, "fail")])
def test_rows_that_may_have_been_missed_are_not_counted(rows: int, outcome: Outcome) -> None:
    flow = inbound(answers=[200, 200], rows=rows)
    assert stored_once(gap("database"), flow, PROFILE, deliveries=2).outcome == outcome
    assert stored_once(gap("queue"), flow, PROFILE, deliveries=2).outcome != "unknown"


def called_back(flow: Flow) -> Flow:
    """The same, its provider told where to report."""
    said = {"StatusCallback": ["http://stack/hook"]}
    return Flow(
        [replace(e, data={**e.data, "params": said}) if e.kind == "provider.called" else e for e in flow.events]
    )


def reported(*moves: tuple[str, str], status: int | None = 200, answered: bool = True) -> Flow:
    script = right()
    if answered:
        script = script.add(
            "callback.answered", at=20, keys=[PROVIDER], status=status, error=None if status else "timeout"
        )
    for number, (old, new) in enumerate(moves):
        script = script.add("database.status", at=21, message_id=ID, sequence=10 + number, old=old, new=new)
    return script.flow(script.history)


@pytest.mark.parametrize(
    ("flow", "to", "outcome", "reason"),
    [
        (reported(("sent", "delivered")), "delivered", "pass", "pending → sending → sent → delivered"),
        (reported(("sent", "failed")), "failed", "pass", "pending → sending → sent → failed"),
        (called_back(reported(answered=False)), "delivered", "unknown", "no delivery report was answered"),
        (reported(status=500), "delivered", "fail", "a delivery was answered 500"),
        (reported(status=None), "delivered", "unknown", "a delivery was not answered (timeout)"),
        (reported(), "delivered", "fail", "it is sent (pending → sending → sent), expected delivered"),
        (
            reported(("sent", "delivered"), ("delivered", "sent")),
            "sent",
            "fail",
            "it moved back: pending → sending → sent → delivered → sent",
        ),
    ],
)
def test_report_moved(flow: Flow, to: str, outcome: Outcome, reason: str) -> None:
    assert shown(report_moved(WHOLE, flow, PROFILE, to=to)) == (outcome, reason)


def test_a_report_without_effect_is_unknown_where_none_is_claimed_or_it_may_still_come() -> None:
    without = "it is sent (pending → sending → sent), expected delivered"
    assert shown(report_moved(WHOLE, reported(), SILENT, to="delivered")) == (
        "unknown",
        f"{without}: the stack doesn't seem to apply reports",
    )
    assert shown(report_moved(EARLY, reported(), PROFILE, to="delivered")) == (
        "unknown",
        f"{without}, and the profile still allows for it",
    )


def test_a_report_whose_effect_was_not_watched_is_unknown() -> None:
    flow = reported(("sent", "delivered"))
    assert report_moved(gap("database"), flow, PROFILE, to="delivered").outcome == "unknown"
    assert report_moved(gap("database"), reported(), PROFILE, to="delivered").outcome == "unknown"
    sampled = Flow([replace(e, data={**e.data, "sampled": True}) for e in flow.events])
    assert "only sampled" in report_moved(WHOLE, sampled, PROFILE, to="delivered").reason


@pytest.mark.parametrize(
    ("status", "rows", "outcome", "reason"),
    [
        (403, 0, "pass", "answered 403, and nothing had changed by then"),
        (None, 0, "unknown", "the delivery was not answered"),
        (200, 0, "fail", "it was answered 200, expected a refusal (4xx)"),
        (403, 1, "fail", "it was answered 403 and yet changed a row"),
    ],
)
def test_bad_signature_refused(status: int | None, rows: int, outcome: Outcome, reason: str) -> None:
    flow = inbound(answers=[status], rows=rows)
    assert shown(bad_signature_refused(WHOLE, flow, PROFILE, status=status)) == (outcome, reason)
    if outcome == "pass":
        assert bad_signature_refused(gap("database"), flow, PROFILE, status=status).outcome == "unknown"


def refusing(**webhook: object) -> Profile:
    return parse({"claims": {"signatures": True}, "webhooks": {"sms": webhook}, **OURS}, source="x", environ={})


@pytest.mark.parametrize(
    ("status", "profile", "outcome", "reason"),
    [
        (401, PROFILE, "pass", "answered 401, and nothing had changed by then"),
        (400, PROFILE, "unknown", "it was answered 400, and no delivery with a good signature was taken to compare it"),
        (400, refusing(refuses=[400]), "pass", "answered 400, and nothing had changed by then"),
        (403, refusing(refuses=[401, 400]), "fail", "it was answered 403, expected 401 or 400"),
        (503, PROFILE, "fail", "it was answered 503, expected a refusal (4xx)"),
    ],
)
def test_a_refusal_is_any_that_is_about_who_asks_or_what_the_profile_says(
    status: int, profile: Profile, outcome: Outcome, reason: str
) -> None:
    verdict = bad_signature_refused(WHOLE, inbound(answers=[status], rows=0), profile, status=status)
    assert verdict.outcome == outcome
    assert verdict.reason.startswith(reason)
    if outcome == "unknown":
        assert verdict.remedy == f"[webhooks.sms] refuses = [{status}]"


def test_a_vague_refusal_is_compared_with_what_was_taken() -> None:
    """A 400 may mean the body; where the same kind of delivery was taken with a good signature it doesn't."""
    same, other = {"provider": "twilio", "what": "inbound"}, {"provider": "twilio", "what": "status"}
    for taken, outcome in ((same, "pass"), (other, "unknown")):
        script = watched().add("callback.answered", at=1, keys=[key("provider", "SM0")], call="1", status=200, **taken)
        script = script.add("callback.sent", at=2, keys=[PROVIDER], call="2", **same)
        script = script.add("callback.answered", at=3, keys=[PROVIDER], call="2", status=400, **same)
        flow = Flow(script.history.flow(PROVIDER))
        assert bad_signature_refused(script.history, flow, PROFILE, status=400).outcome == outcome


def spoilt(*changes: tuple[str, str, float]) -> Flow:
    """A sent message, a report `delivered` at 20 ms that was answered 403, and what became of its row and when."""
    script = right().add("callback.sent", at=20, source="providers", keys=[PROVIDER], report="delivered")
    script = script.add("callback.answered", at=22, source="providers", keys=[PROVIDER], status=403)
    for number, (old, new, at) in enumerate(changes):
        script = script.add("database.status", at=at, message_id=ID, sequence=10 + number, old=old, new=new)
    return script.flow(script.history)


@pytest.mark.parametrize(
    ("flow", "outcome"),
    [
        (spoilt(), "pass"),
        (spoilt(("sent", "delivered", 21)), "fail"),
        (spoilt(("sent", "failed", 21)), "pass"),
        (spoilt(("sending", "sent", 21)), "pass"),
        (spoilt(("sent", "delivered", 19)), "pass"),
    ],
    ids=["nothing", "what it reports", "something else", "the worker's own", "before it"],
)
def test_only_what_a_spoilt_report_names_is_its_effect(flow: Flow, outcome: Outcome) -> None:
    assert bad_signature_refused(WHOLE, flow, PROFILE, status=403).outcome == outcome


@pytest.mark.parametrize(
    ("call", "profile", "outcome"),
    [
        ({"params": {"Body": "hello"}}, PROFILE, "fail"),
        ({"params": {"Body": "hello"}}, SILENT, "unknown"),
        ({"params": {"StatusCallback": ["http://stack/hook"]}}, PROFILE, "unknown"),
        ({"params": {"MessagingServiceSid": ["MG1"]}}, PROFILE, "unknown"),
        ({"params": None}, PROFILE, "unknown"),
        ({"params": {"content": []}, "provider": "sendgrid"}, PROFILE, "unknown"),
    ],
)
def test_a_text_whose_provider_is_told_of_no_callback_breaks_a_promise(
    call: dict[str, object], profile: Profile, outcome: Outcome
) -> None:
    script = right().change("provider.called", **call)
    verdict = report_moved(WHOLE, script.flow(script.history), profile, to="delivered")
    assert verdict.outcome == outcome
    assert (outcome == "fail") == ("a call without the status callback" in verdict.reason)


@pytest.mark.parametrize(("status", "rows", "outcome"), [(200, 0, "unknown"), (404, 0, "unknown"), (403, 1, "fail")])
def test_a_signature_that_nobody_claims_to_check_is_no_failure(status: int, rows: int, outcome: Outcome) -> None:
    flow = inbound(answers=[status], rows=rows)
    assert bad_signature_refused(WHOLE, flow, SILENT, status=status).outcome == outcome


@pytest.mark.parametrize(
    ("conversations", "stored", "outcome", "reason"),
    [
        (1, 20, "pass", "20 messages, 1 conversation"),
        (2, 20, "fail", "2 conversations, expected 1"),
        (0, 0, "unknown", "no conversation of the pair is listed"),
        (1, 19, "fail", "19 messages are stored, expected 20"),
    ],
)
def test_one_conversation(conversations: int, stored: int, outcome: Outcome, reason: str) -> None:
    listing = {"conversations": [{}] * conversations, "messages": stored}
    evidence = made("api.answered", at=1)
    assert shown(one_conversation(listing, evidence, expected=20)) == (outcome, reason)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ({"report": "delivered", "params": {"MessageStatus": "sent"}}, "delivered"),
        ({"params": {"MessageStatus": "delivered"}}, "delivered"),
        ({"params": [{"event": "processed"}, {"event": "bounce"}]}, "bounce"),
        ({"params": {"SmsStatus": "received", "Body": "hi"}}, ""),
        ({"report": None, "params": {"MessageStatus": "sent"}}, ""),
        ({}, ""),
    ],
)
def test_what_a_report_says_in_records_of_any_release(data: dict[str, object], word: str) -> None:
    event = History().append("callback.sent", source="providers", data=data)
    assert said_by(event) == word
