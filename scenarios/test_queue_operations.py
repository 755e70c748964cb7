"""The stack's own streams: an entry while nobody takes it, nothing of it left at rest."""

from __future__ import annotations

import pytest

from harness.checks import queue_operations
from harness.profile.base import Channel
from harness.scenario.expectations import queued
from harness.scenario.messages import message
from harness.scenario.stack import Stack

pytestmark = [pytest.mark.check("queue-operations"), pytest.mark.basic]


@pytest.mark.parametrize("channel", ["sms", "mms", "email"])
def test_an_entry_while_held_none_at_rest(stack: Stack, channel: Channel) -> None:
    with stack.worker.held():
        flow = stack.send(message(channel))
        stack.reaches(flow, queued(), within=stack.profile.policy.queued_within)
        held = stack.looked(flow)
    at_rest = stack.looked_at_rest(flow)
    stack.judge(queue_operations(stack.history, flow.now, stack.profile, held=held, at_rest=at_rest))


def test_a_backlog_drains_to_nothing(stack: Stack) -> None:
    with stack.worker.held():
        flows = [stack.send(stack.message(f"backlog {number}")) for number in range(20)]
        stack.reaches(flows[-1], queued(), within=stack.profile.policy.queued_within)
        held = stack.looked(*flows)
    at_rest = stack.looked_at_rest(*flows)
    stack.judge(*(queue_operations(stack.history, f.now, stack.profile, held=held, at_rest=at_rest) for f in flows))
