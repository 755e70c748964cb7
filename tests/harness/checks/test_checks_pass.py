"""Every check passes on a right history, in whatever order its events arrive."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from histories import CONTRACT, MESSAGE, Script, gated, held, right
from hypothesis import given
from hypothesis import strategies as st

from harness.checks import (
    Verdict,
    forward_only,
    message_queued,
    passed,
    proof_by_actors,
    proof_by_hold,
    proof_by_order,
    sent_is_earned,
    sync_processing_disabled,
    worker_processed,
)
from harness.history import Flow, History

PROFILE = CONTRACT
Judge = Callable[[History, Flow], Verdict]

UNDISTURBED: dict[str, Judge] = {
    "message-queued": lambda history, flow: message_queued(history, flow, PROFILE, channel="sms"),
    "forward-only": lambda history, flow: forward_only(history, flow, PROFILE),
    "sent-is-earned": lambda history, flow: sent_is_earned(history, flow, PROFILE),
    "worker-processed": lambda history, flow: worker_processed(history, flow, PROFILE, message=MESSAGE),
    "actors": lambda history, flow: proof_by_actors(history, flow, PROFILE),
}
HELD: dict[str, Judge] = {
    **UNDISTURBED,
    "sync-processing-disabled": lambda history, flow: sync_processing_disabled(history, flow, PROFILE),
    "hold": lambda history, flow: proof_by_hold(history, flow, PROFILE),
}
GATED: dict[str, Judge] = {**UNDISTURBED, "order": lambda history, flow: proof_by_order(history, flow, PROFILE)}
ALL = {**HELD, **GATED}


def judge_all(script: Script, judges: dict[str, Judge]) -> dict[str, Verdict]:
    history = script.history
    flow = script.flow(history)
    return {name: judge(history, flow) for name, judge in judges.items()}


def bad(verdicts: dict[str, Verdict]) -> list[str]:
    return [verdict.story() for verdict in verdicts.values() if verdict.outcome != "pass"]


@pytest.mark.parametrize(
    ("script", "judges"),
    [(right(), UNDISTURBED), (held(), HELD), (gated(), GATED)],
    ids=["right", "held", "gated"],
)
def test_every_check_passes_on_a_right_history(script: Script, judges: dict[str, Judge]) -> None:
    verdicts = judge_all(script, judges)
    assert bad(verdicts) == []
    assert all(verdict.witnesses for verdict in verdicts.values())


@given(st.data())
def test_no_order_of_arrival_makes_a_right_history_fail(data: st.DataObject) -> None:
    """Sources report with delays of their own: `at` stays, the order of arrival is any."""
    script = right()
    order = data.draw(st.permutations(script.events))
    assert bad(judge_all(Script(order), UNDISTURBED)) == []


@given(st.data())
def test_no_order_within_a_hold_makes_a_right_history_fail(data: st.DataObject) -> None:
    """What happened while held has been reported when the hold ends, in any order; so has what came after."""
    events = held().events
    began = next(n for n, e in enumerate(events) if e.kind == "fault.began")
    ended = next(n for n, e in enumerate(events) if e.kind == "fault.ended")
    within = data.draw(st.permutations(events[began + 1 : ended]))
    later = data.draw(st.permutations(events[ended + 1 :]))
    script = Script([*events[: began + 1], *within, events[ended], *later])
    assert bad(judge_all(script, HELD)) == []


@given(st.data())
def test_no_order_at_a_gate_makes_a_right_history_fail(data: st.DataObject) -> None:
    events = gated().events
    began = next(n for n, e in enumerate(events) if e.kind == "fault.began")
    ended = next(n for n, e in enumerate(events) if e.kind == "fault.ended")
    within = data.draw(st.permutations(events[began + 1 : ended]))
    script = Script([*events[: began + 1], *within, *events[ended:]])
    assert bad(judge_all(script, GATED)) == []


@given(answered_ms=st.floats(min_value=2.0, max_value=500.0))
def test_no_speed_of_the_worker_makes_a_right_history_fail(answered_ms: float) -> None:
    """The API's answer may come before, among or after the worker's doings."""
    script = right().change("api.answered", at=answered_ms, elapsed_ms=answered_ms)
    script = Script(sorted(script.events, key=lambda event: event.at))
    assert bad(judge_all(script, UNDISTURBED)) == []


@given(st.data())
def test_a_history_with_holes_gives_a_verdict_and_no_pass_without_a_witness(data: st.DataObject) -> None:
    script = data.draw(st.sampled_from([right(), held(), gated()]))
    kept = data.draw(st.lists(st.booleans(), min_size=len(script.events), max_size=len(script.events)))
    partial = Script([event for event, keep in zip(script.events, kept, strict=True) if keep])
    for verdict in judge_all(partial, ALL).values():
        assert "itself raised" not in verdict.reason, verdict.story()
        assert verdict.outcome != "pass" or verdict.witnesses, verdict.story()


def test_a_pass_without_a_witness_is_refused() -> None:
    with pytest.raises(ValueError, match="without a witness"):
        passed("some-check", "a claim", "a reason", [])
