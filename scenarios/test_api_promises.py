"""What the API's answers promise: what it took is kept, what it refuses is told, what it shows is so."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from harness.checks import (
    arrives_as_sent,
    conflict_refused,
    in_order,
    listed_once,
    none_left_out,
    none_shown,
    one_of_many,
    shown_as_stored,
    shown_at_once,
    stored_before_answer,
    taken,
    times_are_so,
    wrong_refused,
)
from harness.checks.verdict import Verdict
from harness.history import Event
from harness.plugin.outcomes import NotAsked
from harness.profile.base import CHANNELS, Channel
from harness.profile.claims import claimed
from harness.profile.pointers import pointed
from harness.scenario.lists import conversation_ids, pages_of
from harness.scenario.messages import message, new_number
from harness.scenario.replies import deliver_text
from harness.scenario.row_locks import rows_locked
from harness.scenario.stack import Stack
from harness.scenario.tracked import TrackedFlow
from harness.scenario.wrong_sends import NO_ID, other_id, wrong_sends

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
    # a stack may want a text to each picture: what it takes is to go out as it is
    alone = [replace(message("mms"), body="")] if claimed(profile, "mms") else []
    flows += [stack.sending(one) for one in alone]
    done = stack.all_finished(flows)
    verdicts = [taken(stack.history, flow, profile, what=what) for what, flow in zip(UNUSUAL, done, strict=False)]
    plain = [one for one in [*sent, *alone] if claimed(profile, one.type) and one.type not in profile.messages.changes]
    if plain:
        verdicts.append(arrives_as_sent(stack.history, profile, messages=plain))
    stack.judge(*verdicts)


@pytest.mark.needs("validation")
@pytest.mark.parametrize("channel", CHANNELS)
def test_what_is_no_message_is_refused(stack: Stack, channel: Channel) -> None:
    verdicts = []
    for what, body in wrong_sends(stack, message(channel, "never")):
        since = len(stack.history)
        sent = message(channel, "never")
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
    verdicts = looked(stack, flow)
    if stack.has_providers and stack.profile.look.times.get("delivered") and claimed(stack.profile, "delivery_reports"):
        stack.providers.report(flow.message.type, stack.provider_id(flow), "delivered")
        verdicts += looked(stack, flow)
    strange = [other_id(flow.id), *([NO_ID] if claimed(stack.profile, "validation") else [])]
    for name in strange:
        stack.api_client.message(name)
        verdicts.append(none_shown(stack.history, stack.history.events("api.answered")[-1], stack.profile))
    stack.judge(*verdicts)


def looked(stack: Stack, flow: TrackedFlow) -> list[Verdict]:
    """What is to be said of a look at a message that is at rest."""
    done = stack.finished(flow)
    answer = stack.api_client.message(flow.id)
    look, places = stack.history.events("api.answered")[-1], stack.profile.look.times
    verdicts = []
    if done.statuses and not done.statuses[-1][1].data.get("sampled"):  # else all that is known of it is what is shown
        verdicts.append(shown_as_stored(stack.history, done, stack.profile, look=look))
    if places:
        times: dict[str, object] = {name: pointed(answer["body"], place) for name, place in places.items()}
        verdicts.append(times_are_so(stack.history, done, stack.profile, look=look, times=times))
    return verdicts


def test_what_was_taken_is_shown_at_once(stack: Stack) -> None:
    """Also before anybody has worked on it; several, since a worker may be faster than a look."""
    if not stack.profile.look.path:
        raise NotAsked("the API shows no single message ([look] path)", ["look"])
    flows = [stack.message(f"looked at {number}") for number in range(5)]
    first = [(flow, look_at(stack, flow)) for flow in map(stack.send, flows)]
    stack.all_finished([flow for flow, _ in first])
    looks = [(flow, [look, look_at(stack, flow)]) for flow, look in first]
    stack.settle()
    stack.judge(*(shown_at_once(stack.history, flow.now, stack.profile, looks=some) for flow, some in looks))


def look_at(stack: Stack, flow: TrackedFlow) -> Event:
    stack.api_client.message(flow.id)
    return stack.history.events("api.answered")[-1]


@pytest.mark.needs("key_conflicts")
def test_a_key_that_comes_again_with_another_body_is_refused(stack: Stack) -> None:
    """Also where all that is another is its text, or to whom it goes."""
    pairs = []
    for alike in ("nothing", "to", "body"):
        first, second = stack.message("the first"), stack.message("the second")
        if alike == "body":
            second = replace(second, body=first.body, token=first.token)
        elif alike == "to":
            second = replace(second, to=first.to)
        if first.to != second.to or alike != "body":
            pairs.append([stack.send(sent, idempotency_key=first.token + alike) for sent in (first, second)])
    stack.all_finished([flows[0] for flows in pairs])
    stack.settle()
    stack.judge(*(conflict_refused(stack.history, one.now, other.now, stack.profile) for one, other in pairs))


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
    stack.judge(
        in_order(stack.history, evidence, listed=listed, made=made),
        none_left_out(stack.history, evidence, stack.profile, listed=listed, made=made),
    )
