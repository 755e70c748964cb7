"""A worker sends each message once, with the right content, and leaves nothing behind."""

from __future__ import annotations

import pytest

from harness.checks import each_is_sent, worker_processed
from harness.profile.base import CHANNELS, Channel
from harness.profile.claims import claimed
from harness.scenario.messages import Message, email, message, mms
from harness.scenario.stack import Stack
from harness.scenario.tracked import TrackedFlow

pytestmark = pytest.mark.check("worker-processed")

ODD_BODIES = {
    "emoji": "déjà vu 🎉👩‍🚀",
    "extension": "braces {} [] ~ | € \\",
    "lines": "one\ntwo\r\nthree",
    "long": "x" * 700,
    "markup": "<b>&amp; + % = ?</b>",
}

OVERTAKES_S = 0.5
"""Seconds in which a message is done while another waits for its provider, where a worker does several at once."""


def judge(stack: Stack, sent: Message, flow: TrackedFlow, *, within: float | None = None, needs: str = "") -> None:
    done = stack.finished(flow, within=within)
    stack.judge(worker_processed(stack.history, done, stack.profile, message=sent, needs=needs))


def taken_up_within(stack: Stack) -> float | None:
    """How long a dead worker's entry may lie idle before it is taken up, where the stack says that it is."""
    return stack.profile.policy.taken_up_within if claimed(stack.profile, "redelivery") else None


@pytest.mark.parametrize("channel", ["sms", "mms", "email"])
def test_a_message_is_sent_once(stack: Stack, channel: Channel) -> None:
    sent = message(channel)
    judge(stack, sent, stack.send(sent))


@pytest.mark.parametrize("body", list(ODD_BODIES))
def test_the_body_arrives_unchanged(stack: Stack, body: str) -> None:
    sent = stack.message(ODD_BODIES[body])
    judge(stack, sent, stack.send(sent))


@pytest.mark.needs("email")
def test_a_mail_body_arrives_unchanged(stack: Stack) -> None:
    sent = email(body=ODD_BODIES["emoji"])
    judge(stack, sent, stack.send(sent))


@pytest.mark.needs("mms")
def test_every_attachment_arrives(stack: Stack) -> None:
    sent = mms(attachments=["https://example.com/a.png", "https://example.com/b.jpg?x=1&y=2"])
    judge(stack, sent, stack.send(sent))


def test_a_burst_is_sent_message_by_message(stack: Stack) -> None:
    channels = [channel for channel in CHANNELS if claimed(stack.profile, channel)] or ["sms"]
    burst = [message(channel, body=f"burst {n}") for n in range(10) for channel in channels]
    flows = [stack.sending(one) for one in burst]
    done = stack.all_finished(flows)
    stack.judge(
        *(worker_processed(stack.history, flow, stack.profile, message=m) for m, flow in zip(burst, done, strict=True))
    )


def test_the_same_text_twice_is_sent_twice(stack: Stack) -> None:
    """No key says that the second is the first one again: people do say the same twice."""
    sent = stack.message("twice")
    flows = [stack.send(sent) for _ in range(2)]
    done = stack.all_finished(flows)[0]
    stack.judge(
        each_is_sent(stack.history, done, stack.profile),
        worker_processed(stack.history, done, stack.profile, message=sent),
    )


@pytest.mark.needs("redelivery")
def test_a_restarted_worker_goes_on(stack: Stack) -> None:
    """It may be ended between any two of its commands, with the entry in its hands."""
    sent = stack.message("restart")
    with stack.worker.held():
        flow = stack.send(sent)
    stack.worker.restart()
    judge(stack, sent, flow, within=taken_up_within(stack), needs="redelivery")


@pytest.mark.needs("redelivery")
def test_a_worker_killed_before_it_acknowledged_loses_nothing(stack: Stack) -> None:
    """The provider has accepted the message, Redis never hears of it, and the worker dies."""
    sent = stack.message("crash before ack")
    with stack.gates.close("worker", stack.profile.queue.finish_commands, side="command") as gate:
        flow = stack.send(sent)
        if gate.reached(flow):
            stack.worker.kill()
    stack.worker.start()
    judge(stack, sent, flow, within=taken_up_within(stack), needs="redelivery")


@pytest.mark.needs("redelivery")
def test_a_worker_killed_during_its_call_loses_nothing(stack: Stack) -> None:
    """The provider has the message, and the worker dies before it hears so: at least once.

    Where it does several things at once another message has overtaken this one, and is finished before it.
    """
    sent, faster = stack.message("crash in call"), stack.message("overtakes it")
    with stack.providers.gate({"to": sent.to}) as gate:
        flow = stack.sending(sent)
        if stack.called(flow) and gate.withheld():
            other = stack.sending(faster)
            stack.waiting.until(lambda: stack.at_rest(other) or None, what="one that overtakes", within=OVERTAKES_S)
            stack.worker.kill()
    stack.worker.start()
    judge(stack, sent, flow, within=taken_up_within(stack), needs="redelivery")


@pytest.mark.needs("several_workers")
def test_two_workers_share_the_work(stack: Stack) -> None:
    stack.worker.start(count=1 if stack.worker.names else 0)
    try:
        burst = [stack.message(f"shared {n}") for n in range(20)]
        flows = [stack.sending(one) for one in burst]
        done = stack.all_finished(flows)
    finally:
        stack.worker.terminate()
        stack.worker.start()
    stack.judge(
        *(
            worker_processed(stack.history, flow, stack.profile, message=m, needs="several_workers")
            for m, flow in zip(burst, done, strict=True)
        )
    )
