"""The stack's own streams: an entry while nobody takes it, nothing at rest."""

from __future__ import annotations

import pytest

from harness.checks import queue_operations
from harness.messages import Channel, message, sms
from harness.stack import Stack

pytestmark = pytest.mark.check("queue-operations")


@pytest.mark.parametrize("channel", ["sms", "mms", "email"])
def test_one_entry_while_held_none_at_rest(stack: Stack, channel: Channel) -> None:
    stream = stack.profile.queue.streams[channel]
    with stack.worker.held():
        flow = stack.send(message(channel))
        held = stack.counters.count(stream)
    done = stack.finished(flow)
    at_rest = stack.counted_at_rest(stream)
    stack.judge(queue_operations(stack.history, done, stack.profile, held=held, at_rest=at_rest))


def test_a_backlog_drains_to_nothing(stack: Stack) -> None:
    stream = stack.profile.queue.streams["sms"]
    with stack.worker.held():
        flows = [stack.send(sms(body=f"backlog {number}")) for number in range(20)]
        held = stack.counters.count(stream)
    done = stack.all_finished(flows)
    at_rest = stack.counted_at_rest(stream)
    stack.judge(
        *(queue_operations(stack.history, f, stack.profile, held=held, at_rest=at_rest, count=20) for f in done)
    )
