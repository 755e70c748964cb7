"""Replies and delivery reports: once, in order, and only with a good signature."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from harness.checks import at_once, bad_signature_refused, one_conversation, report_moved, stored_once
from harness.history import Flow
from harness.probes.probe import new_token
from harness.profile.base import Channel
from harness.scenario.messages import message, new_address, new_number
from harness.scenario.replies import conversations_of, deliver_mail, deliver_text
from harness.scenario.stack import Stack
from harness.scenario.tracked import TrackedFlow

pytestmark = pytest.mark.check("webhooks")

ROUNDS = 5
"""How often those who come at once do so: between a look and an act there may be less than a millisecond."""


def judge_once(stack: Stack, provider_id: str, *, deliveries: int) -> None:
    """A reply may be stored a moment after it was answered; judged once it is, or has had its time."""
    done = stack.finished(stack.reply(provider_id))
    stack.judge(stored_once(stack.history, done, stack.profile, deliveries=deliveries))


def judge_moved(stack: Stack, flow: TrackedFlow, to: str) -> None:
    stack.judge(report_moved(stack.history, stack.finished(flow), stack.profile, to=to))


@pytest.mark.needs("sms", "webhooks")
@pytest.mark.parametrize("media", [0, 1], ids=["sms", "mms"])
def test_a_text_reply_is_stored_once(stack: Stack, media: int) -> None:
    sid = deliver_text(stack, media=[f"https://example.com/{n}.png" for n in range(media)])["sid"]
    judge_once(stack, sid, deliveries=1)


@pytest.mark.needs("email", "webhooks")
def test_a_mail_reply_is_stored_once(stack: Stack) -> None:
    reply = deliver_mail(stack)
    judge_once(stack, reply["message_id"], deliveries=1)


@pytest.mark.needs("sms", "webhooks")
def test_a_text_reply_delivered_twice_is_stored_once(stack: Stack) -> None:
    sender = new_number()
    first = deliver_text(stack, sender=sender)
    deliver_text(stack, sender=sender, body=first["body"], sid=first["sid"])
    judge_once(stack, first["sid"], deliveries=2)


@pytest.mark.needs("email", "webhooks")
def test_a_mail_reply_delivered_twice_is_stored_once(stack: Stack) -> None:
    sender, message_id = new_address(), f"<{new_token()[1:]}@example.com>"
    first = deliver_mail(stack, sender=sender, message_id=message_id)
    deliver_mail(stack, sender=sender, message_id=message_id)
    judge_once(stack, first["message_id"], deliveries=2)


@pytest.mark.needs("sms", "webhooks")
def test_a_reply_delivered_five_times_at_once_is_stored_once(stack: Stack) -> None:
    for _ in range(ROUNDS):
        sender, sid = new_number(), "SM" + new_token()[2:].ljust(32, "0").encode().hex()[:32]
        text, together = f"same {new_token()}", stack.providers.at_once(5)
        same = partial(deliver_text, stack, sender=sender, body=text, sid=sid, at_once=together)
        with ThreadPoolExecutor(5) as pool:
            for delivery in [pool.submit(same) for _ in range(5)]:
                delivery.result()
        done = stack.finished(stack.reply(sid))
        stack.judge(stored_once(stack.history, done, stack.profile, deliveries=5), at_once(stack.history, done))


@pytest.mark.needs("webhooks", "conversations")
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_twenty_first_messages_make_one_conversation(stack: Stack, channel: Channel) -> None:
    def deliver(number: int, sender: str, together: dict[str, Any]) -> None:
        if channel == "sms":
            deliver_text(stack, sender=sender, body=f"first {number}", at_once=together)
        else:
            deliver_mail(stack, sender=sender, text=f"first {number}", at_once=together)

    for _ in range(ROUNDS):
        sender = new_number() if channel == "sms" else new_address()
        since = len(stack.history)
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(partial(deliver, sender=sender, together=stack.providers.at_once(20)), range(20)))
        stack.settle()
        deliveries = Flow(stack.history.events("callback.sent", "callback.answered", after=since))
        listing, evidence = conversations_of(stack, sender, expected=20)
        stack.judge(one_conversation(listing, evidence, expected=20), at_once(stack.history, deliveries))


@pytest.mark.needs("delivery_reports")
@pytest.mark.parametrize("channel", ["sms", "mms", "email"])
def test_a_delivery_report_moves_it_to_delivered(stack: Stack, channel: Channel) -> None:
    flow = stack.send(message(channel))
    stack.finished(flow)
    stack.providers.report(channel, stack.provider_id(flow), "delivered")
    judge_moved(stack, flow, stack.profile.statuses.delivered)


@pytest.mark.needs("sms", "delivery_reports")
def test_a_report_of_failure_moves_it_to_failed(stack: Stack) -> None:
    flow = stack.send(message("sms"))
    stack.finished(flow)
    stack.providers.report("sms", stack.provider_id(flow), "undelivered", error_code=30003)
    judge_moved(stack, flow, stack.profile.statuses.failed)


@pytest.mark.needs("sms", "delivery_reports")
def test_a_late_sent_report_changes_nothing(stack: Stack) -> None:
    flow = stack.send(message("sms"))
    stack.finished(flow)
    stack.providers.report("sms", stack.provider_id(flow), "delivered")
    stack.providers.report("sms", stack.provider_id(flow), "sent")
    judge_moved(stack, flow, stack.profile.statuses.delivered)


@pytest.mark.needs("delivery_reports")
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_a_report_may_come_before_the_worker_knows_the_id(stack: Stack, channel: Channel) -> None:
    """The provider's answer is withheld while its delivery report is already on its way."""
    sent = message(channel)
    with stack.providers.gate({"to": sent.to}) as gate:
        flow = stack.sending(sent)
        if stack.called(flow):
            for provider_id in gate.withheld():
                stack.providers.report(channel, provider_id, "delivered")
    judge_moved(stack, flow, stack.profile.statuses.delivered)


@pytest.mark.needs("sms", "webhooks", "signatures")
@pytest.mark.parametrize("signature", ["tampered", "missing"])
def test_a_text_reply_with_a_bad_signature_is_refused(stack: Stack, signature: str) -> None:
    reply = deliver_text(stack, signature=signature)
    stack.settle()
    flow = stack.inbound(reply["sid"])
    stack.judge(bad_signature_refused(stack.history, flow, stack.profile, status=reply["status"]))


@pytest.mark.needs("email", "delivery_reports", "signatures")
def test_a_status_report_with_a_bad_signature_is_refused(stack: Stack) -> None:
    flow = stack.send(message("email"))
    stack.finished(flow)
    answer = stack.providers.report("email", stack.provider_id(flow), "delivered", signature="tampered")
    stack.settle()
    stack.judge(bad_signature_refused(stack.history, flow.now, stack.profile, status=answer["status"]))


@pytest.mark.needs("sms", "webhooks", "conversations")
def test_replies_go_to_the_pair_they_belong_to(stack: Stack) -> None:
    one, other = new_number(), new_number()
    deliver_text(stack, sender=one)
    deliver_text(stack, sender=other)
    for sender in (one, other):
        listing, evidence = conversations_of(stack, sender, expected=1)
        stack.judge(one_conversation(listing, evidence, expected=1))
