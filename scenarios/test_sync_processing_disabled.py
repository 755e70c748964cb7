"""The API does none of the work itself: observed while every worker is held."""

from __future__ import annotations

import pytest

from harness.checks import sync_processing_disabled
from harness.profile.base import Channel
from harness.scenario.messages import message
from harness.scenario.stack import Stack

pytestmark = [pytest.mark.check("sync-processing-disabled"), pytest.mark.basic]


@pytest.mark.parametrize("channel", ["sms", "mms", "email"])
def test_the_api_accepts_while_no_worker_runs(stack: Stack, channel: Channel) -> None:
    with stack.worker.held():
        flow = stack.send(message(channel))
        stack.settle()
    stack.finished(flow)
    stack.judge(sync_processing_disabled(stack.history, flow.now, stack.profile))


def test_a_burst_is_accepted_while_no_worker_runs(stack: Stack) -> None:
    with stack.worker.held():
        flows = [stack.send(stack.message(f"burst {number}")) for number in range(10)]
        stack.settle()
    stack.all_finished(flows)
    stack.judge(*(sync_processing_disabled(stack.history, flow.now, stack.profile) for flow in flows))
