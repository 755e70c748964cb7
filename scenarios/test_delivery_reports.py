"""Delivery reports: each moves its own message on, and nothing back, whatever its kind, order and company."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from harness.checks import (
    at_once,
    failure_explained,
    report_moved,
    reports_applied,
    stored_once,
    stranger_ignored,
)
from harness.errors import Inconclusive
from harness.history import Flow, key
from harness.plugin.outcomes import NotAsked
from harness.profile.base import Channel
from harness.profile.claims import claimed
from harness.profile.templates import names_in
from harness.scenario.messages import message
from harness.scenario.replies import deliver_mail, deliver_text
from harness.scenario.stack import Stack
from harness.scenario.tracked import TrackedFlow

pytestmark = [pytest.mark.check("webhooks"), pytest.mark.needs("delivery_reports")]

PASSING: dict[Channel, tuple[str, ...]] = {
    "sms": ("queued", "accepted", "scheduled", "sending", "sent", "read"),
    "email": (
        *("processed", "deferred", "open", "click", "spamreport"),
        *("unsubscribe", "group_unsubscribe", "group_resubscribe", "blocked"),
    ),
}
"""What a provider says of a message beside its end."""
FAILING: dict[Channel, tuple[str, ...]] = {"sms": ("undelivered", "failed"), "email": ("bounce", "dropped")}
UNREACHABLE = 30003
OF_NO_VENDOR = "archived"
"""A word that may come one day."""
ROUNDS = 2
"""How often those who come at once do so."""
STRANGERS = 50
"""Events about another system's mails that stand in a large batch before each of ours."""


def judge_moved(stack: Stack, flow: TrackedFlow, to: str) -> None:
    stack.judge(report_moved(stack.history, stack.finished(flow), stack.profile, to=to))


def judge_applied(stack: Stack, flows: Sequence[TrackedFlow], reports: Sequence[int]) -> None:
    """Judges each message about which so many reports were delivered, once nothing more can happen to any of them."""
    for done, number in zip(stack.all_finished(flows), reports, strict=True):
        stack.judge(reports_applied(stack.history, done, stack.profile, reports=number))


def sent(stack: Stack, channel: Channel, number: int, *, to: str | None = None) -> list[TrackedFlow]:
    """So many messages that a provider has, sent together; all to one recipient, where one is named."""
    flows = [stack.sending(message(channel, to=to)) for _ in range(number)]
    stack.all_finished(flows)
    return flows


def tell(stack: Stack, channel: Channel, flow: TrackedFlow, word: str, **more: Any) -> None:
    """Reports one word about a message, with an error's code where it is a failure of a text."""
    if channel == "sms" and word in FAILING[channel]:
        more["error_code"] = UNREACHABLE
    if word == OF_NO_VENDOR:
        word, more["told_as"] = PASSING[channel][0], word
    stack.providers.report(channel, stack.provider_id(flow), word, **more)


@pytest.mark.parametrize("channel", ["sms", "mms", "email"])
def test_a_delivery_report_moves_it_to_delivered(stack: Stack, channel: Channel) -> None:
    flow = stack.send(message(channel))
    stack.finished(flow)
    stack.providers.report(channel, stack.provider_id(flow), "delivered")
    judge_moved(stack, flow, stack.profile.statuses.delivered)


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_a_report_may_come_before_the_worker_knows_the_id(stack: Stack, channel: Channel) -> None:
    """The provider's answer is withheld while its delivery report is already on its way."""
    words = ["delivered", *(FAILING[channel][:1] if claimed(stack.profile, "failures") is not False else ())]
    for word in words:
        message_ = message(channel)
        with stack.providers.gate({"to": message_.to}) as gate:
            flow = stack.sending(message_)
            if stack.called(flow):
                for provider_id in gate.withheld():
                    stack.providers.report(channel, provider_id, word)
        statuses = stack.profile.statuses
        judge_moved(stack, flow, statuses.delivered if word == "delivered" else statuses.failed)


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_every_kind_of_report_before_and_after_every_end(stack: Stack, channel: Channel) -> None:
    """One message for each: what it is told first, then, and last; the last message is told nothing."""
    fails = FAILING[channel] if claimed(stack.profile, "failures") is not False else ()
    late = PASSING[channel][0]
    stories: list[tuple[str, ...]] = [
        *((word, "delivered", word) for word in (*PASSING[channel], OF_NO_VENDOR)),
        *((word, "delivered", late) for word in fails),
        *(("delivered", word, late) for word in fails),
        ("delivered", "delivered", late),
        (),
    ]
    flows = sent(stack, channel, len(stories), to=message(channel).to)
    for place in range(3):
        told = [(flow, story[place]) for flow, story in zip(flows, stories, strict=True) if story]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda one: tell(stack, channel, *one), told))
        stack.all_finished(flows)
    judge_applied(stack, flows, [len(story) for story in stories])


@pytest.mark.needs("failures")
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_why_a_message_failed_later_is_told(stack: Stack, channel: Channel) -> None:
    """A provider that took a message says later that it couldn't deliver it, and why: `[look] error` tells of it."""
    hook = stack.profile.webhooks.of(channel)
    if not stack.profile.look.error or (hook.report_body is not None and "error" not in names_in(hook.report_body)):
        raise NotAsked(
            "the profile doesn't say where a reason stands, or a report in the stack's own names has none", []
        )
    flows = sent(stack, channel, len(FAILING[channel]))
    for flow, word in zip(flows, FAILING[channel], strict=True):
        tell(stack, channel, flow, word)
    stack.all_finished(flows)
    for flow in flows:
        with contextlib.suppress(Inconclusive):
            stack.api_client.message(str(flow.id))
    stack.judge(*(failure_explained(stack.history, flow.now, stack.profile) for flow in flows))


@pytest.mark.needs("sms")
def test_a_report_about_another_systems_message_moves_none_of_ours(stack: Stack) -> None:
    flows = sent(stack, "sms", 2)
    strange = "SM" + secrets.token_hex(16)
    stack.providers.report("sms", stack.provider_id(flows[0]), "delivered", told_of=strange)
    stack.settle()
    flow = Flow(stack.history.flow(key("provider", strange)), name=strange)
    stack.judge(stranger_ignored(stack.history, flow, stack.profile))
    judge_applied(stack, flows, [0, 0])


@pytest.mark.needs("email")
def test_every_event_of_a_batch_counts_for_its_own_mail(stack: Stack) -> None:
    """Several mails, several events of one in odd order, repeats, strangers, and a type that nobody knows yet."""
    flows = sent(stack, "email", 7)
    first, late, bounced, dropped, twice, untold, last = map(stack.provider_id, flows)
    event_id = secrets.token_urlsafe(16)
    batch: list[dict[str, Any]] = [
        {"message": first, "event": "processed"},
        {"message": first, "event": "delivered"},
        {"message": untold, "event": "processed"},
        {"message": late, "event": "delivered"},
        {"message": late, "event": "deferred"},
        {"message": late, "event": "processed", "timestamp": 1_700_000_000},
        {"event": "bounce"},  # one that comes long after its mail names none
        {"event": "delivered", "sg_message_id": f"{secrets.token_urlsafe(16)}.recvd-1-1-0"},
        {"message": bounced, "event": "bounce"},
        {"message": bounced, "event": "processed", "told_as": OF_NO_VENDOR},
        {"message": twice, "event": "delivered", "sg_event_id": event_id},
        {"message": twice, "event": "delivered", "sg_event_id": event_id},
        {"message": dropped, "event": "dropped"},
        {"message": last, "event": "delivered"},
    ]
    if claimed(stack.profile, "failures") is False:
        batch = [event for event in batch if event["event"] not in FAILING["email"]]
    told = [sum(event.get("message") == name for event in batch) for name in map(stack.provider_id, flows)]
    asked = [len(stack.providers.email_events(batch)) for _ in range(2)]  # SendGrid repeats what it is not sure of
    whole = asked == [1, 1]
    judge_applied(stack, flows, [2 * min(number, 1) if whole else 2 * number for number in told])


@pytest.mark.needs("email")
def test_a_large_batch_is_applied_whole(stack: Stack) -> None:
    flows = sent(stack, "email", 4)
    batch: list[dict[str, Any]] = []
    for flow in flows:
        strange = (f"{secrets.token_urlsafe(16)}.recvd-1-1-0" for _ in range(STRANGERS))
        batch += [{"event": "delivered", "sg_message_id": name} for name in strange]
        batch.append({"message": stack.provider_id(flow), "event": "delivered"})
    stack.providers.email_events(batch)
    judge_applied(stack, flows, [1, 1, 1, 1])


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_reports_and_replies_that_come_at_once_are_each_applied(stack: Stack, channel: Channel) -> None:
    """Some messages get all their reports in one moment, others one each, while people reply."""
    stories = [
        ("delivered", *PASSING[channel][:4], "delivered"),
        *([(FAILING[channel][0], "delivered", PASSING[channel][0])] * 4),
        *([("delivered",)] * 8),
    ]
    replies = 3 if claimed(stack.profile, "webhooks") is not False else 0
    number = sum(map(len, stories)) + replies
    for _ in range(ROUNDS):
        flows = sent(stack, channel, len(stories))
        ids = {flow.key: stack.provider_id(flow) for flow in flows}
        since, together = len(stack.history), stack.providers.at_once(number)
        with ThreadPoolExecutor(number) as pool:
            reports = [
                pool.submit(stack.providers.report, channel, ids[flow.key], word, at_once=together)
                for flow, story in zip(flows, stories, strict=True)
                for word in story
            ]
            deliver = deliver_mail if channel == "email" else deliver_text
            came = [pool.submit(deliver, stack, at_once=together) for _ in range(replies)]
        for report in reports:
            report.result()
        names = [reply.result()["message_id" if channel == "email" else "sid"] for reply in came]
        judge_applied(stack, flows, [len(story) for story in stories])
        for done in stack.all_finished([stack.reply(name) for name in names]):
            stack.judge(stored_once(stack.history, done, stack.profile, deliveries=1))
        deliveries = Flow(stack.history.events("callback.sent", "callback.answered", after=since))
        stack.judge(at_once(stack.history, deliveries))
