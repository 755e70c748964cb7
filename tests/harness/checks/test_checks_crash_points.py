"""What is said of a message in whose way somebody was killed; and of an entry that nobody is left to delete."""

from __future__ import annotations

from histories import CONTRACT, Script, made, right, window

from harness.checks import crash_points, whole_record
from harness.checks.rest import cut_between, owed
from harness.checks.verdict import Verdict
from harness.history import Event
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
