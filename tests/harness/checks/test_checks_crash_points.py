"""What is said of a message in whose way somebody was killed; and of an entry that nobody is left to delete."""

from __future__ import annotations

import pytest
from histories import CONTRACT, ID, SID, Script, made, right, watched, window

from harness.checks import crash_points, outlives, whole_record
from harness.checks.rest import cut_between, owed
from harness.checks.verdict import Verdict
from harness.history import Event, Flow, key
from harness.history.facts import Facts
from harness.profile import Profile
from harness.profile.features import Claims


def kill(script: Script, *, before: str) -> Script:
    """The worker is killed right before the first event of a kind, and started again."""
    hit = made("fault.hit", at=3.5, source="queue", fault="gate", gate=1, target="worker-1")
    for event in (hit, window(2, "kill", "worker", at=4), window(2, "kill", "worker", at=4.1, ended=True)):
        script = script.insert(before, event)
    return script


def judged(script: Script, *, met: bool = True, profile: Profile = CONTRACT, needs: str = "redelivery") -> Verdict:
    history = script.history
    hit: Event | None = next(iter(history.events("fault.hit")), None) if met else None
    flow = script.flow(history)
    return crash_points(history, flow, profile, point="the worker before XACK", met=hit, needs=needs)


def test_what_is_sent_all_the_same_passes() -> None:
    verdict = judged(kill(right(), before="queue.acked"))
    assert (verdict.outcome, verdict.reason) == ("pass", "killed the worker before XACK, and it is sent")
    assert verdict.witnesses[0].kind == "fault.hit"


def test_a_point_that_nobody_came_to_is_unknown() -> None:
    assert judged(right(), met=False).outcome == "unknown"


def lost() -> Script:
    script = kill(right(), before="provider.called").drop("provider.called", "provider.answered")
    return script.drop("database.status", where=lambda event: event.data["new"] == "sent")


def test_what_is_acknowledged_and_never_sent_is_lost() -> None:
    verdict = judged(lost())
    assert verdict.outcome == "fail"
    assert verdict.reason.startswith("lost: killed the worker before XACK, and it ended sending")


def test_what_was_sent_and_never_says_so_is_unrecorded() -> None:
    script = kill(right(), before="queue.acked")
    verdict = judged(script.drop("database.status", where=lambda event: event.data["new"] == "sent"))
    assert (verdict.outcome, verdict.reason.partition(":")[0]) == ("fail", "unrecorded")


def test_a_stack_that_claims_no_redelivery_is_unknown() -> None:
    unsaid = CONTRACT.model_copy(update={"claims": Claims(channels=["sms"])})
    verdict = judged(lost(), profile=unsaid)
    assert verdict.outcome == "unknown"
    assert "redelivery" in verdict.remedy


def test_what_may_still_come_is_unknown() -> None:
    assert judged(lost().drop("queue.acked", "queue.deleted").soon()).outcome == "unknown"


def test_a_second_call_needs_the_kill() -> None:
    again = right()
    for event in right().events:
        if event.kind in ("provider.called", "provider.answered"):
            data = {**event.data, "call": "twilio/2"}
            keys = [name.replace("twilio:1", "twilio:2") for name in event.keys]
            again = again.insert("queue.acked", made(event.kind, at=8.2, keys=keys, **data))
    unmet = again.insert("api.requested", made("fault.hit", at=-3, source="queue", fault="gate", gate=1, target="x"))
    verdict = judged(unmet)
    assert (verdict.outcome, "the kill doesn't explain that" in verdict.reason) == ("fail", True)


def test_a_send_without_an_answer_and_without_a_trace_is_no_loss() -> None:
    script = right().drop("database.inserted", "database.status", "provider.called", "provider.answered")
    script = script.drop("queue.appended", "queue.claimed", "queue.acked", "queue.deleted")
    script = script.change("api.answered", status=None, error="closed")
    script = Script([event for event in script.events if event.kind != "api.answered"]).add(
        "api.answered",
        at=5,
        keys=[f"token:{script.flow(script.history).name}"],
        operation="send",
        request=1,
        status=None,
    )
    hit = made("fault.hit", at=1, source="queue", fault="gate", gate=1, target="api-1")
    verdict = judged(script.insert("api.answered", hit), needs="outbox")
    assert verdict.outcome == "pass", verdict
    assert "never taken" in verdict.reason


# between an acknowledgement and a deletion


def test_who_is_killed_between_the_two_leaves_an_entry_that_nobody_owes() -> None:
    script = kill(right(), before="queue.deleted").drop("queue.deleted")
    history = script.history
    flow, facts = script.flow(history), Facts(history)
    assert cut_between(flow, facts)
    assert not owed(flow, facts, CONTRACT)
    assert whole_record(history, CONTRACT).outcome == "pass"


def test_without_the_kill_the_entry_is_owed() -> None:
    script = right().drop("queue.deleted")
    history = script.history
    flow, facts = script.flow(history), Facts(history)
    assert cut_between(flow, facts) is None
    assert [debt.kind for debt in owed(flow, facts, CONTRACT)] == ["deletion"]
    assert "acknowledged and not deleted" in whole_record(history, CONTRACT).reason


def test_a_kill_before_the_acknowledgement_excuses_nothing() -> None:
    script = kill(right(), before="queue.claimed").drop("queue.deleted")
    assert "acknowledged and not deleted" in whole_record(script.history, CONTRACT).reason


# what a webhook was told


def reply(status: int | None, *, stored: bool) -> Script:
    name = key("provider", "SM9")
    script = watched().add("callback.sent", at=1, keys=[name], what="inbound", call="c1", message="SM9")
    script = script.add("callback.answered", at=2, keys=[name], what="inbound", call="c1", message="SM9", status=status)
    row = {"message_id": "m9", "keys": [name], "old": None, "new": "received", "direction": "inbound"}
    return script.add("database.inserted", at=3, **row) if stored else script


@pytest.mark.parametrize(
    ("script", "met", "outcome", "reason"),
    [
        (reply(200, stored=True), True, "pass", "what was answered is kept"),
        (reply(200, stored=False), True, "fail", "lost: the API had answered a webhook 200, was killed, and nothing"),
        (reply(200, stored=False).soon(), True, "unknown", "nothing of it is stored yet"),
        (reply(503, stored=False), True, "unknown", "so nothing was taken"),
        (reply(200, stored=True), False, "unknown", "nobody waited to write a row"),
    ],
)
def test_a_reply_outlives_the_api(script: Script, met: bool, outcome: str, reason: str) -> None:
    history = script.history
    verdict = outlives(history, Flow(history.flow(key("provider", "SM9"))), CONTRACT, met=met)
    assert (verdict.outcome, reason in verdict.reason) == (outcome, True), verdict.story()


@pytest.mark.parametrize(("moved", "outcome"), [(True, "pass"), (False, "fail")])
def test_a_report_outlives_the_api(moved: bool, outcome: str) -> None:
    verdict = judged_report(reported(moved=moved))
    assert verdict.outcome == outcome, verdict.story()


def reported(*, moved: bool) -> Script:
    """A sent message, and a report of its delivery that was taken."""
    name, told = key("provider", SID), {"what": "status", "call": "c1", "message": SID}
    script = right().add("callback.sent", at=20, keys=[name], report="delivered", **told)
    script = script.add("callback.answered", at=21, keys=[name], status=200, **told)
    row = {"message_id": ID, "sequence": 9, "old": "sent", "new": "delivered"}
    return script.add("database.status", at=22, **row) if moved else script


def judged_report(script: Script) -> Verdict:
    history = script.history
    return outlives(history, script.flow(history), CONTRACT, met=True)


@pytest.mark.parametrize(
    ("script", "profile", "outcome"),
    [
        (reported(moved=True), CONTRACT, "pass"),
        (reported(moved=False), CONTRACT, "fail"),
        (reported(moved=False).soon(), CONTRACT, "pass"),
        (reported(moved=False), Profile(), "pass"),
    ],
)
def test_a_report_that_was_taken_has_its_effect(script: Script, profile: Profile, outcome: str) -> None:
    verdict = whole_record(script.history, profile)
    assert (verdict.outcome == "fail") == (outcome == "fail"), verdict.story()
    assert ("1 without the effect of a report that was taken" in verdict.reason) == (outcome == "fail")


def waits_for_a_try(*, acknowledged: bool) -> Script:
    """The first call failed, the row says that it is tried again, and the worker is killed."""
    script = kill(right(), before="queue.acked").change("provider.answered", status=503, accepted=False, message=None)
    script = script.change("database.status", lambda event: event.data["new"] == "sent", new="retry", provider_id=None)
    return script if acknowledged else script.drop("queue.acked", "queue.deleted")


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (waits_for_a_try(acknowledged=True), "fail"),
        (waits_for_a_try(acknowledged=True).soon(), "unknown"),
        (waits_for_a_try(acknowledged=False), "unknown"),
    ],
)
def test_a_try_that_nobody_makes_is_a_loss(script: Script, outcome: str) -> None:
    verdict = judged(script)
    assert verdict.outcome == outcome, verdict.story()
    assert ("with no try within 5 s and no entry left" in verdict.reason) == (outcome == "fail")
