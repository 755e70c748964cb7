"""What the API's answers promise: what it took is kept, what it refuses is told, what it shows is so."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from harness.checks import (
    Verdict,
    conflict_refused,
    in_order,
    listed_once,
    none_shown,
    one_of_many,
    shown_as_stored,
    stored_before_answer,
    taken,
    times_are_so,
    wrong_refused,
)
from harness.plugin.outcomes import NotAsked
from harness.profile.claims import claimed
from harness.profile.pointers import pointed
from harness.scenario.lists import conversation_ids, pages_of
from harness.scenario.messages import message, new_number
from harness.scenario.replies import deliver_text
from harness.scenario.row_locks import rows_locked
from harness.scenario.stack import Stack
from harness.scenario.tracked import TrackedFlow
from harness.scenario.wrong_sends import other_id, wrong_sends

pytestmark = pytest.mark.check("api-promises")
UNUSUAL = {
    "emoji alone": "🎉",
    "several emoji": "👩‍🚀🇩🇪👍🏽",
    "one letter": "y",
    "a zero": "0",
    "the word null": "null",
    "the word false": "false",
    "signs alone": "?!",
    "Chinese": "你好",
    "Arabic": "مرحبا",
    "combining marks": "e\u0301",
}
"""Bodies that a check of a stack's own may take for none; no token stands in them."""
A_MOMENT = 0.2
"""Seconds in which an answer that was given before a row was written has come."""


def test_a_message_is_kept_before_it_is_answered(stack: Stack) -> None:
    """While nobody can write a row, an answer that says yes says it of what a crash would lose."""
    with rows_locked(stack) as lock:
        flow = stack.sending(stack.message("kept"))
        if lock is not None and lock.met():
            stack.waiting.until(lambda: flow.answered or None, what="answer while rows are locked", within=A_MOMENT)
    stack.judge(stored_before_answer(stack.history, stack.finished(flow), stack.profile))


def test_short_and_unusual_bodies_are_taken(stack: Stack) -> None:
    profile = stack.profile
    if not (profile.database.watched and profile.database.columns.provider_id):
        raise NotAsked("no call that carries none of our words could be told to be a message's", ["provider_id"])
    sent = [replace(stack.message(), body=body) for body in UNUSUAL.values()]
    flows = [stack.sending(one) for one in sent]
    done = stack.all_finished(flows)
    stack.judge(
        *(taken(stack.history, flow, stack.profile, what=what) for what, flow in zip(UNUSUAL, done, strict=True))
    )


@pytest.mark.needs("validation")
def test_what_is_no_message_is_refused(stack: Stack) -> None:
    verdicts = []
    for what, body in wrong_sends(stack, stack.message("never")):
        since = len(stack.history)
        sent = stack.message("never")
        stack.api_client.send(sent, body=body, operation="wrong send")
        answer = stack.history.events("api.answered", after=since)[-1]
        verdicts.append(partial(wrong_refused, stack.history, answer, stack.profile, what=what))
    stack.settle()
    stack.judge(*(verdict() for verdict in verdicts))


def test_what_is_shown_is_so(stack: Stack) -> None:
    """The status and the times of a message at rest, and nothing of one that there isn't."""
    if not stack.profile.look.path:
        raise NotAsked("the API shows no single message ([look] path)", ["look"])
    flow = stack.send(stack.message("shown"))
    stack.finished(flow)
    verdicts = shown(stack, flow)
    stack.api_client.message(other_id(flow.id))
    verdicts.append(none_shown(stack.history, stack.history.events("api.answered")[-1], stack.profile))
    stack.judge(*verdicts)


@pytest.mark.needs("delivery_reports")
def test_what_is_shown_of_a_delivered_message_is_so(stack: Stack) -> None:
    """A report changes what is shown, and adds a time to it; those that were there stay what they were."""
    if not stack.profile.look.path:
        raise NotAsked("the API shows no single message ([look] path)", ["look"])
    flow = stack.send(stack.message("delivered"))
    stack.finished(flow)
    stack.providers.report(stack.channel, stack.provider_id(flow), "delivered")
    stack.finished(flow)
    stack.judge(*shown(stack, flow))


def shown(stack: Stack, flow: TrackedFlow) -> list[Verdict]:
    """The verdicts on a look at a message at rest: its status, and its times, where the API shows any."""
    done, answer = flow.now, stack.api_client.message(flow.id)
    look = stack.history.events("api.answered")[-1]
    verdicts = []
    if done.statuses and not done.statuses[-1][1].data.get("sampled"):  # else all that is known of it is what is shown
        verdicts.append(shown_as_stored(stack.history, done, stack.profile, look=look))
    if stack.profile.look.times:
        times: dict[str, object] = {
            name: pointed(answer["body"], place) for name, place in stack.profile.look.times.items()
        }
        verdicts.append(times_are_so(stack.history, done, stack.profile, look=look, times=times))
    return verdicts


@pytest.mark.needs("key_conflicts")
def test_a_key_that_comes_again_with_another_body_is_refused(stack: Stack) -> None:
    first, second = stack.message("the first"), stack.message("the second")
    flows = [stack.send(sent, idempotency_key=first.token) for sent in (first, second)]
    done = stack.finished(flows[0])
    stack.settle()
    stack.judge(conflict_refused(stack.history, done, flows[1].now, stack.profile))


@pytest.mark.needs("idempotency")
def test_a_key_whose_sends_come_at_once_makes_one_message(stack: Stack) -> None:
    sent = stack.message("at once")
    flows = [stack.sending(sent, idempotency_key=sent.token) for _ in range(8)]
    claims = claimed(stack.profile, "idempotency")
    done = stack.all_finished(flows)[0]
    stack.judge(one_of_many(stack.history, done, stack.profile, claims=claims))


@pytest.mark.needs("lists")
@pytest.mark.parametrize("growing", [True, False], ids=["growing", "at_rest"])
def test_pages_have_each_message_once(stack: Stack, growing: bool) -> None:
    flows = [stack.send(stack.message(f"listed {number}")) for number in range(7)]
    stack.all_finished(flows)
    more: list[TrackedFlow] = []

    def between() -> None:
        if growing and len(more) < 5:
            more.append(stack.send(stack.message("one more")))

    sent = [flow.id for flow in flows]
    pages, evidence = pages_of(stack, size=3, wanted=sent, between=between)
    stack.all_finished(more)
    stack.judge(listed_once(stack.history, evidence, pages=pages, sent=sent, growing=growing))


@pytest.mark.needs("conversations")
def test_a_conversation_is_in_order(stack: Stack) -> None:
    """Sends and replies by turns, each stored before the next."""
    to, made = new_number(), []
    for number in range(3):
        flow = stack.send(message(stack.channel, f"turn {number}", to=to))
        stack.finished(flow)
        made.append(flow.id)
        reply = stack.finished(stack.reply(deliver_text(stack, sender=to, body=None)["sid"]))
        made += [reply.id] if reply.id else []
    listed, evidence = conversation_ids(stack, to)
    stack.judge(in_order(stack.history, evidence, listed=listed, made=made))
