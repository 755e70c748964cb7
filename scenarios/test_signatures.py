"""Signatures: what is told with a bad one is refused, and changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from harness.checks import bad_signature_refused, reports_applied
from harness.profile.base import Channel
from harness.scenario.messages import message
from harness.scenario.replies import deliver_text
from harness.scenario.stack import Stack

pytestmark = [pytest.mark.check("webhooks"), pytest.mark.needs("webhooks", "signatures")]

BAD: dict[Channel, tuple[str, ...]] = {
    "sms": ("tampered", "missing", "empty", "truncated", "other-key", "other-url", "other-body"),
    "email": ("tampered", "missing", "empty", "truncated", "other-key", "other-body", "other-time", "untimed"),
}
"""Over something else, none, a piece of one, by somebody else, of another URL, body or time, without its time."""


@pytest.mark.needs("sms")
def test_a_text_reply_with_a_bad_signature_is_refused(stack: Stack) -> None:
    with ThreadPoolExecutor(len(BAD["sms"])) as pool:
        replies = list(pool.map(lambda how: deliver_text(stack, signature=how), BAD["sms"]))
    stack.settle()
    for reply in replies:
        flow = stack.inbound(reply["sid"])
        stack.judge(bad_signature_refused(stack.history, flow, stack.profile, status=reply["status"]))


@pytest.mark.needs("delivery_reports")
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_a_status_report_with_a_bad_signature_is_refused(stack: Stack, channel: Channel) -> None:
    """One message for each way to be bad; and another whose report is good, which is not refused."""
    good, *flows = (stack.sending(message(channel)) for _ in range(1 + len(BAD[channel])))
    stack.all_finished([good, *flows])
    ids = [stack.provider_id(flow) for flow in flows]
    stack.providers.report(channel, stack.provider_id(good), "delivered")
    report = partial(stack.providers.report, channel)
    with ThreadPoolExecutor(len(ids)) as pool:
        answers = list(pool.map(lambda one, how: report(one, "delivered", signature=how), ids, BAD[channel]))
    stack.judge(reports_applied(stack.history, stack.finished(good), stack.profile, reports=1))
    stack.settle()
    for flow, answer in zip(flows, answers, strict=True):
        stack.judge(bad_signature_refused(stack.history, flow.now, stack.profile, status=answer["status"]))
