"""A real deployed stack, as a scenario uses it: waits, holds, and the messages of what doesn't come."""

from __future__ import annotations

import re
import time

import pytest
from harness_support import arrives

from harness.checks import failed, passed, unknown
from harness.errors import CheckFailed, DeadlineExpired, ExpectationFailed, Inconclusive, Unobservable
from harness.history import History
from harness.scenario.expectations import accepted, acknowledged, claimed, provider_called, queued, status
from harness.scenario.messages import mms, sms
from harness.scenario.providers import ProviderControl
from harness.scenario.stack import Stack

pytestmark = [pytest.mark.xdist_group("stack"), pytest.mark.unmeasured]


def test_a_scenario_as_the_readme_shows_it(stack: Stack) -> None:
    with stack.worker.held():
        flow = stack.send(sms(body="hello"))
        flow.expect(accepted(), queued(), status("pending"))
        flow.expect_none(provider_called())
    flow.expect(provider_called(times=1), status("sent"), acknowledged(), claimed())
    assert flow.id == flow.answer()["body"]["id"]


def test_what_already_happened_counts(stack: Stack) -> None:
    flow = stack.send(sms())
    stack.quiesce()
    began = time.monotonic()
    flow.expect(accepted(), status("pending"), status("sent"))
    assert time.monotonic() - began < 2


def test_a_second_call_that_never_comes_is_refuted_at_rest(stack: Stack) -> None:
    flow = stack.send(sms(body="once"))
    with pytest.raises(ExpectationFailed) as caught:
        flow.expect(provider_called(times=2))
    told = str(caught.value)
    assert "the record refutes it\nexpected:\n  ✗ provider_called(times=2): the row is sent after 1 calls" in told
    assert "the flow so far (» witnesses):" in told
    assert re.search(r"» +\+\d+\.\d ms  database.status +old=sending new=sent", told)
    assert "each source last said:" in told


@pytest.mark.parametrize(("word", "hint"), [("snet", "did you mean 'sent'?"), ("xyzzy", "known are ")])
def test_a_status_that_there_is_not_is_told_at_once(stack: Stack, word: str, hint: str) -> None:
    flow = stack.send(sms(body="mistyped"))
    for wait in (flow.expect, flow.expect_none):
        with pytest.raises(ValueError, match=r"the profile knows no such status") as caught:
            wait(status(word))
        assert hint in str(caught.value)


def test_a_deadline_tells_the_story(stack: Stack) -> None:
    with stack.worker.held():
        flow = stack.send(sms(body="slow"))
        stack.send(sms(body="slow too"))
        moved = {"old": "pending", "new": "sent"}
        stack.history.append("database.status", source="test", message_id="another", data=moved)
        with pytest.raises(DeadlineExpired) as caught:
            flow.expect(accepted(), status("sent"), within=0.05)
        told = str(caught.value)
        assert "not all of it came within 0.05 s" in told
        assert "  ✓ accepted()" in told
        assert "  … status('sent'): the row is pending" in told
        assert "nearest misses (same kind, another message):" in told
        assert re.search(r"database\.status +another old=pending new=sent", told)
        with pytest.raises(DeadlineExpired, match=r"didn't come to rest within 0\.01 s: 2 of 2 messages"):
            stack.quiesce(within=0.01)
    stack.quiesce()


def test_the_time_factor_scales_deadlines(stack: Stack) -> None:
    stack.waiting.scale, before = 3.0, stack.waiting.scale
    try:
        assert stack.seconds(2) == 6
        assert stack.seconds() == 3 * stack.profile.waits.within
    finally:
        stack.waiting.scale = before


def test_what_must_not_be_is_judged_again_when_the_hold_ends(stack: Stack) -> None:
    """The claim is true when it is made, and broken before the hold ends."""
    with pytest.raises(ExpectationFailed, match="it must not have happened"), stack.worker.held():  # noqa: PT012 - reason: the end of the block raises
        flow = stack.send(sms(body="held"))
        flow.expect_none(provider_called())
        stack.history.append("provider.called", source="test", data={"call": "test/1"}, keys=[flow.key])
        stack.history.append("provider.answered", source="test", data={"call": "test/1"}, keys=[flow.key])
    assert stack.current_hold is None
    stack.quiesce()


def test_without_a_hold_a_negative_is_judged_at_rest(stack: Stack) -> None:
    flow = stack.send(sms())
    with pytest.raises(ExpectationFailed, match="it must not have happened"):
        flow.expect_none(provider_called())


def test_a_refused_message_can_not_be_expected(stack: Stack) -> None:
    flow = stack.send(sms(to="nonsense"))
    with pytest.raises(ExpectationFailed, match="the API refused the message with 422"):
        flow.expect(accepted())
    with pytest.raises(Inconclusive, match="names no id"):
        _ = flow.id
    with pytest.raises(Unobservable, match="no provider has accepted this message"):
        stack.provider_id(flow)
    assert not stack.called(flow)


def test_a_dead_worker_ends_a_wait_early(stack: Stack) -> None:
    stack.worker.kill()
    try:
        flow = stack.send(sms(body="nobody"))
        began = time.monotonic()
        for expectation in (status("sent"), claimed(), acknowledged(), provider_called()):
            with pytest.raises(ExpectationFailed, match="no consumer: worker-1, the last worker, ended with -9"):
                flow.expect(expectation, within=60)
        with pytest.raises(ExpectationFailed, match="no consumer"):
            stack.quiesce(within=60)
        assert time.monotonic() - began < 30
    finally:
        stack.worker.start()
    flow.expect(status("sent"), within=30)


def test_a_restart_after_a_kill_starts_what_the_profile_says(stack: Stack) -> None:
    stack.worker.kill()
    stack.worker.restart()
    try:
        stack.send(sms(body="again")).expect(status("sent"), within=30)
        assert len(stack.worker.names) == 1
    finally:
        if not stack.worker.names:
            stack.worker.start()


def test_statuses_that_can_not_come(stack: Stack) -> None:
    flow = stack.send(mms())
    stack.quiesce()
    with pytest.raises(ExpectationFailed, match="the row is sent and was never failed"):
        flow.expect(status("failed"))


def test_judging_raises_the_worst(stack: Stack) -> None:
    told: list[str] = []
    stack.on_verdict = lambda verdict: told.append(verdict.outcome)
    event = stack.history.append("queue.counted", source="test")
    good, bad, open_ = passed("a", "b", "c", [event]), failed("a", "b", "c"), unknown("a", "b", "c")
    stack.judge(good)
    with pytest.raises(Inconclusive, match="a: unknown"):
        stack.judge(good, open_)
    with pytest.raises(CheckFailed, match="a: fail"):
        stack.judge(open_, bad, good)
    assert told == ["pass", "pass", "unknown", "unknown", "fail", "pass"]


def test_faults_of_the_providers_count_their_hits(
    stack: Stack, mock_providers: ProviderControl, history: History
) -> None:
    with mock_providers.fault({"to": "+19999999999"}, status=500):
        pass
    ended = arrives(history, lambda e: e.kind == "fault.ended" and e.data["fault"] == "provider")
    assert ended.data["hits"] == 0
    with pytest.raises(Inconclusive, match="the mock providers refused GET /_mock/nonsense with 404"):
        mock_providers.ask("GET", "/_mock/nonsense")
    assert isinstance(mock_providers.calls(), list)
    assert stack.unmet() == "the provider fault of the providers was never met, so nothing was disturbed"
    stack.begin()  # else this test, which is a scenario too, would be unknown for it


def test_a_gate_that_nothing_reaches(stack: Stack) -> None:
    with stack.gates.close("worker", "XACKDEL", contains="never") as gate:
        flow = stack.send(sms())
        assert gate.reached(flow) is None
        gate.open()
        gate.open()
    stack.quiesce()
    assert stack.unmet() == "the gate of the worker was never met, so nothing was disturbed"
    stack.begin()


def test_the_log_of_a_worker_is_seen(stack: Stack) -> None:
    flow = stack.send(sms())
    stack.quiesce()
    name = stack.worker.names[0]
    arrives(stack.history, lambda e: e.kind == "worker.log" and e.message_id == flow.id)
    assert flow.id in stack.driver.logs(name)


def test_without_a_worker_a_message_is_finished_once_the_api_has_done_its_part(stack: Stack) -> None:
    stack.worker.kill()
    try:
        done = stack.all_finished([stack.sending(sms(body=f"nobody {number}")) for number in range(20)])
        assert all(flow.acceptance and flow.appends for flow in done), "no verdict may depend on how fast the API was"
        with pytest.raises(ExpectationFailed, match="no consumer"):
            stack.quiesce()
    finally:
        stack.worker.start()
    stack.quiesce()
