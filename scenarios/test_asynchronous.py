"""Three independent proofs that the stack is asynchronous; none depends on who is faster."""

from __future__ import annotations

import pytest

from harness.checks import proof_by_actors, proof_by_hold, proof_by_order
from harness.profile.base import Channel
from harness.scenario.expectations import queued, status
from harness.scenario.messages import message
from harness.scenario.stack import Stack

pytestmark = pytest.mark.check("asynchronous")
CHANNELS: list[Channel] = ["sms", "mms", "email"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_held_workers_leave_it_pending(stack: Stack, channel: Channel) -> None:
    with stack.worker.held():
        flow = stack.send(message(channel))
        stack.reaches(flow, queued(), within=stack.profile.policy.queued_within)
        stack.settle()
    stack.judge(proof_by_hold(stack.history, stack.finished(flow), stack.profile))


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_worker_can_be_first(stack: Stack, channel: Channel) -> None:
    with stack.answer_withheld():
        flow = stack.sending(message(channel))
        stack.reaches(flow, status(stack.profile.statuses.sent))
    stack.judge(proof_by_order(stack.history, stack.finished(flow), stack.profile))


@pytest.mark.parametrize("channel", CHANNELS)
def test_another_process_does_the_work(stack: Stack, channel: Channel) -> None:
    flow = stack.send(message(channel))
    stack.judge(proof_by_actors(stack.history, stack.finished(flow), stack.profile))
