"""Each accepted message is put on its stream once."""

from __future__ import annotations

import pytest

from harness.checks import message_queued, one_message
from harness.profile.base import Channel
from harness.profile.claims import claimed
from harness.scenario.messages import message
from harness.scenario.stack import Stack

pytestmark = [pytest.mark.check("message-queued"), pytest.mark.basic]


@pytest.mark.parametrize("channel", ["sms", "mms", "email"])
def test_an_accepted_message_is_on_its_stream(stack: Stack, channel: Channel) -> None:
    flow = stack.send(message(channel))
    stack.judge(message_queued(stack.history, stack.finished(flow), stack.profile, channel=channel))


def test_a_burst_is_queued_message_by_message(stack: Stack) -> None:
    flows = [stack.sending(stack.message(f"burst {number}")) for number in range(30)]
    done = stack.all_finished(flows)
    stack.judge(*(message_queued(stack.history, flow, stack.profile, channel=stack.channel) for flow in done))


@pytest.mark.needs("idempotency")
def test_one_idempotency_key_makes_one_entry(stack: Stack) -> None:
    sent = stack.message("only once")
    first = stack.send(sent, idempotency_key=sent.token)
    stack.send(sent, idempotency_key=sent.token)
    stack.finished(first)
    stack.send(sent, idempotency_key=sent.token)  # a key counts as long as anybody may send again, not until it is sent
    done = stack.finished(first)
    stack.judge(
        one_message(stack.history, done, stack.profile, claimed=claimed(stack.profile, "idempotency")),
        message_queued(stack.history, done, stack.profile, channel=sent.type),
    )


@pytest.mark.needs("outbox")
def test_a_crash_between_commit_and_queue_loses_nothing(stack: Stack) -> None:
    """The API dies after it stored the message and before Redis heard of it."""
    sent = stack.message("survives")
    with stack.gates.close("api", stack.profile.queue.append_commands, side="command") as gate:
        flow = stack.sending(sent)
        if gate.reached(flow):
            stack.api.kill()
    stack.api.start()
    stack.judge(message_queued(stack.history, stack.finished(flow, within=20), stack.profile, channel=sent.type))
