"""What delivery reports come to, judged on seeded histories: one message's, a batch's, a stranger's."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from histories import CONTRACT, ID, SID, made, right, watched

from harness.checks import failure_explained, reports_applied, stranger_ignored
from harness.checks.rest import allowed_by, owed_by, unapplied
from harness.history import Flow, History, key
from harness.profile import Profile, Statuses, parse

PROVIDER = key("provider", SID)
WHOLE = History.of(watched().events, until=1_000.0)
EARLY = History.of(watched().events)
SILENT = Profile()
Told = str | list[str]


def reported(*told: Told, moves: list[tuple[str, str]], status: int | None = 200) -> Flow:
    """A sent message, what was told of it (a list is a batch), and where its row went after that."""
    script = right()
    for number, words in enumerate(told):
        call = {"call": f"sendgrid/{number}", "what": "event", "message": SID}
        said = {"report": words} if isinstance(words, str) else {"report": words[-1], "reports": words}
        script = script.add("callback.sent", at=20 + number, keys=[PROVIDER], **call, **said)
        script = script.add("callback.answered", at=20 + number, keys=[PROVIDER], status=status, **call)
    for number, (old, new) in enumerate(moves):
        script = script.add("database.status", at=40, message_id=ID, sequence=10 + number, old=old, new=new)
    return script.flow(script.history)


ARRIVED, FAILED = ("sent", "delivered"), ("sent", "failed")


@pytest.mark.parametrize(
    ("told", "moves", "outcome", "reason"),
    [
        (["delivered"], [ARRIVED], "pass", "pending → sending → sent → delivered; told: delivered"),
        (["delivered"], [], "fail", "it is sent (pending → sending → sent), expected delivered"),
        (["undelivered"], [FAILED], "pass", "pending → sending → sent → failed; told: undelivered"),
        (["bounce"], [ARRIVED], "fail", "it became delivered, and no report about it says so (told: bounce)"),
        (["processed", "deferred"], [], "pass", "pending → sending → sent; told: processed, deferred"),
        (["deferred"], [FAILED], "fail", "it became failed, and no report about it says so (told: deferred)"),
        (["open"], [ARRIVED], "pass", "pending → sending → sent → delivered; told: open"),
        (["open"], [], "pass", "pending → sending → sent; told: open"),
        (["blocked"], [FAILED], "pass", "pending → sending → sent → failed; told: blocked"),
        (["blocked", "delivered"], [FAILED], "pass", "pending → sending → sent → failed; told: blocked, delivered"),
        (["archived"], [], "pass", "pending → sending → sent; told: archived"),
        (["failed", "delivered"], [FAILED], "pass", "pending → sending → sent → failed; told: failed, delivered"),
        (["delivered", "bounce"], [ARRIVED], "pass", "pending → sending → sent → delivered; told: delivered, bounce"),
        (
            ["delivered", "bounce"],
            [ARRIVED, ("delivered", "failed")],
            "pass",
            "pending → sending → sent → delivered → failed; told: delivered, bounce",
        ),
        (
            ["failed", "delivered"],
            [FAILED, ("failed", "delivered")],
            "fail",
            "it moved back: pending → sending → sent → failed → delivered (told: failed, delivered)",
        ),
        (
            ["delivered", "sent"],
            [ARRIVED, ("delivered", "sent")],
            "fail",
            "it moved back: pending → sending → sent → delivered → sent (told: delivered, sent)",
        ),
        ([["delivered", "processed"]], [ARRIVED], "pass", None),
        ([["delivered", "processed"]], [], "fail", "it is sent (pending → sending → sent), expected delivered"),
        ([["bounce", "delivered"]], [], "fail", "it is sent (pending → sending → sent), expected delivered or failed"),
        ([], [], "pass", "pending → sending → sent; told: nothing"),
        ([], [ARRIVED], "fail", "it became delivered, and no report about it says so (told: nothing)"),
    ],
)
def test_reports_applied(told: list[Told], moves: list[tuple[str, str]], outcome: str, reason: str | None) -> None:
    verdict = reports_applied(WHOLE, reported(*told, moves=moves), CONTRACT, reports=len(told))
    assert (verdict.outcome, verdict.reason) == (outcome, reason or verdict.reason)


@pytest.mark.parametrize(
    ("status", "profile", "outcome"),
    [(500, CONTRACT, "fail"), (422, CONTRACT, "fail"), (422, SILENT, "unknown"), (404, SILENT, "unknown")],
)
def test_a_report_that_was_not_taken_moves_nothing(status: int, profile: Profile, outcome: str) -> None:
    verdict = reports_applied(WHOLE, reported("delivered", moves=[], status=status), profile, reports=1)
    assert verdict.outcome == outcome
    assert f"was answered {status}" in verdict.reason


def test_what_was_not_seen_or_may_still_come_is_unknown() -> None:
    flow = reported("delivered", moves=[])
    one_of_two = reports_applied(WHOLE, reported("delivered", moves=[ARRIVED]), CONTRACT, reports=2)
    assert (one_of_two.outcome, one_of_two.reason) == ("unknown", "1 of 2 delivery reports were answered")
    assert "the profile still allows" in reports_applied(EARLY, flow, CONTRACT, reports=1).reason
    missed = made("probe.gap", at=50, source="database", reason="it was away", lasting=True)
    gap = History.of([*watched().events, missed], until=1_000.0)
    for moves in ([], [ARRIVED]):
        assert reports_applied(gap, reported("delivered", moves=moves), CONTRACT, reports=1).outcome == "unknown"
    sampled = Flow(
        [replace(e, data={**e.data, "sampled": True}) for e in reported("delivered", moves=[ARRIVED]).events]
    )
    assert reports_applied(WHOLE, sampled, CONTRACT, reports=1).outcome == "unknown"


def test_reports_that_nobody_claims_to_apply_are_unknown_and_never_what_they_do_wrong() -> None:
    assert reports_applied(WHOLE, reported("delivered", moves=[]), SILENT, reports=1).outcome == "unknown"
    back = reported("failed", "delivered", moves=[FAILED, ("failed", "delivered")])
    assert reports_applied(WHOLE, back, SILENT, reports=2).outcome == "fail"


def test_a_stack_may_go_on_after_delivered_or_have_words_of_its_own() -> None:
    raw = {"statuses": {"order": ["pending", "sending", "sent", "delivered", "opened"]}, "claims": CLAIMS, **OURS}
    profile = parse(raw, source="x", environ={})
    opened = reported("delivered", "open", moves=[ARRIVED, ("delivered", "opened")])
    assert reports_applied(WHOLE, opened, profile, reports=2).outcome == "pass"
    strange = reports_applied(WHOLE, opened, CONTRACT, reports=2)
    assert (strange.outcome, strange.remedy) == ("unknown", "[statuses], with 'opened' among its words")


CLAIMS = {"webhooks": True, "delivery_reports": True}
OURS = {"processes": {"api": {"command": ["x"]}}}


@pytest.mark.parametrize(("status", "outcome"), [(200, "pass"), (404, "pass"), (500, "fail"), (None, "unknown")])
def test_a_strangers_report_may_be_taken_or_refused(status: int | None, outcome: str) -> None:
    script = watched().add("callback.sent", at=1, keys=["provider:X"], report="delivered")
    script = script.add("callback.answered", at=2, keys=["provider:X"], status=status)
    assert stranger_ignored(WHOLE, Flow(script.history.flow("provider:X")), CONTRACT).outcome == outcome


def test_a_stranger_whose_report_was_not_answered_is_unknown() -> None:
    assert stranger_ignored(WHOLE, Flow([]), CONTRACT).outcome == "unknown"


def test_what_a_report_owes_and_what_it_allows() -> None:
    def of(*words: str) -> tuple[list[str], list[str]]:
        event = made("callback.sent", at=1, report=words[-1], reports=list(words))
        return owed_by(event, CONTRACT), allowed_by(event, CONTRACT)

    known = Statuses()
    assert of("delivered", "open") == ([known.delivered], [known.delivered])
    assert of("open") == ([], [known.delivered])
    assert of("blocked") == ([], [known.failed])
    assert of("bounce", "delivered") == ([known.delivered, known.failed],) * 2
    assert of("queued") == ([], [])


def test_a_batch_is_owed_until_its_message_has_come_to_an_end() -> None:
    batch = ["delivered", "processed"]
    assert [status for _, status in unapplied(reported(batch, moves=[]), CONTRACT)] == ["delivered"]
    assert not unapplied(reported(batch, moves=[ARRIVED]), CONTRACT)
    assert not unapplied(reported(["bounce", "delivered"], moves=[FAILED]), CONTRACT)


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        ("Twilio says undelivered, code 30003", "pass", "it failed, and says why"),
        (None, "fail", "it failed, and nothing says why: /error_message ([look] error) is empty"),
        ("", "fail", "nothing says why"),
    ],
)
def test_why_a_message_failed_by_a_report_is_told(error: str | None, outcome: str, reason: str) -> None:
    events = reported("undelivered", moves=[FAILED]).events
    text = json.dumps({"id": ID, "error_message": error})
    look = {"operation": "get", "request": 9, "status": 200, "message_status": "failed", "text": text}
    history = History.of([*watched().events, *events, made("api.answered", at=50, message_id=ID, **look)], until=1000.0)
    verdict = failure_explained(history, Flow(history.flow(key("message", ID))), CONTRACT)
    assert (verdict.outcome, reason in verdict.reason) == (outcome, True), verdict.story()


def test_what_has_not_failed_needs_no_reason() -> None:
    flow = reported("undelivered", moves=[])
    assert failure_explained(WHOLE, flow, CONTRACT).outcome == "unknown"
