"""An entry comes to its end, whatever it holds, whoever had it, and whoever ends meanwhile."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from harness.checks import Verdict, in_one_hand, made_again, poison_disposed, taken_up, worker_processed
from harness.checks.entry_life import sent_within
from harness.history import Flow
from harness.plugin.outcomes import NotAsked
from harness.profile.claims import claimed
from harness.scenario.expectations import queued
from harness.scenario.messages import Message
from harness.scenario.planting import NOBODYS
from harness.scenario.stack import Stack
from harness.scenario.tracked import TrackedFlow

pytestmark = pytest.mark.check("entry-life")

AT_ONCE_S = 0.5
"""Seconds in which a worker that does several things at once has begun with all of them."""
HELD_S = 3.0
"""Seconds at most for which calls are left without an answer: many a client waits 5 s, and no longer."""
MORE = 30
"""Messages at most that are sent until one is given to a worker that has just been started."""


def taken_up_within(stack: Stack) -> float | None:
    """How long a dead worker's entry may lie idle before it is taken up, where the stack says that it is."""
    return stack.profile.policy.taken_up_within if claimed(stack.profile, "redelivery") else None


def processed(stack: Stack, sent: list[Message], done: list[Flow]) -> list[Verdict]:
    """The verdicts on a batch of which some was in the hands of a worker that was ended."""
    pairs = zip(sent, done, strict=True)
    return [worker_processed(stack.history, flow, stack.profile, message=m, needs="redelivery") for m, flow in pairs]


@pytest.mark.needs("dead_letters")
def test_poison_keeps_nothing_back(stack: Stack) -> None:
    """Entries that can't be read, name no message, or one that there isn't, stand between good ones."""
    if stack.profile.queue.kind != "stream" or stack.profile.queue.payload:
        raise NotAsked(f"what no worker can read of {stack.profile.queue.kind} entries isn't known", ["poison"])
    before = stack.send(stack.message("before"))
    stack.finished(before)
    within = sent_within(before.now, stack.profile) + 1
    with ExitStack() as planting:
        with stack.worker.held():
            after = [stack.send(stack.message("beside"))]
            stack.reaches(after[0], queued(), within=stack.profile.policy.queued_within)
            planted = planting.enter_context(stack.planting.poison(stack.channel))
            after += [stack.send(stack.message(f"behind {number}")) for number in range(3)]
        done = stack.all_finished(after, within=within)
        must = [event for event in planted if event.data["how"] != NOBODYS]
        stack.planting.await_end(planted, dead_letters=must)
        stack.judge(
            *(
                poison_disposed(stack.history, stack.profile, before.now, *done, planted=one, must=one in must)
                for one in planted
            )
        )


def as_before(stack: Stack) -> None:
    """As many workers as the profile says, under their names, and at work: the next scenario needn't wait for them."""
    if stack.worker.names:
        stack.worker.terminate()
    stack.worker.start()
    stack.finished(stack.send(stack.message("as before")), within=stack.profile.deploy.start_within)


def to_one_recipient(stack: Stack, body: str, *, count: int) -> list[Message]:
    """Messages that one gate of the providers meets."""
    first = stack.message(f"{body} 1")
    return [first, *(stack.message(f"{body} {number}", to=first.to) for number in range(2, count + 1))]


def in_the_calls(stack: Stack, flows: list[TrackedFlow]) -> bool:
    """Waits until a worker is at work on one of them; on the others too, where it does more than one thing at once.

    Which of them it is given first is nobody's promise: they were sent at once.
    """
    if not stack.waiting.until(lambda: any(flow.now.calls for flow in flows) or None, what="a call", within=HELD_S):
        return False
    stack.waiting.until(lambda: all(flow.now.calls for flow in flows) or None, what="calls at once", within=AT_ONCE_S)
    return True


@pytest.mark.needs("takeover")
def test_a_worker_of_another_name_takes_up_what_a_dead_one_had(stack: Stack) -> None:
    """The first dies for good in the middle of a batch; of what it had, Redis says that nobody touched it for long."""
    gone = stack.worker.names
    sent = to_one_recipient(stack, "had", count=3)
    with stack.providers.gate({"to": sent[0].to}) as gate:
        flows = [stack.sending(one) for one in sent]
        if in_the_calls(stack, flows) and gate.withheld():
            stack.worker.kill()
    if stack.planting.can_age:
        stack.planting.age(flows, seconds=2 * stack.profile.policy.taken_up_within)
    try:
        stack.worker.start(count=1, but=gone)
        done = stack.all_finished(flows, within=taken_up_within(stack))
        taken = [taken_up(stack.history, flow, stack.profile, gone=gone) for flow in done]
        stack.judge(*taken, *processed(stack, sent, done))
    finally:
        if len(stack.worker.names) != stack.profile.count("worker"):
            as_before(stack)


def given_to(stack: Stack, names: set[str], *, since: int, within: float) -> bool:
    """Waits until one of these has been given an entry, as far as that is seen here."""

    def look() -> bool | None:
        claims = stack.history.events("queue.claimed", after=since)
        return any(event.data.get("process") in names for event in claims) or None

    return bool(stack.waiting.until(look, what=f"claim by {', '.join(names)}", within=within))


@pytest.mark.needs("several_workers")
def test_what_one_worker_has_in_hand_no_other_takes(stack: Stack) -> None:
    """A worker comes while another waits for its calls, and then both are given work: each message is sent once."""
    sent = to_one_recipient(stack, "in hand", count=3 + MORE)
    already = stack.worker.names
    with stack.providers.gate({"to": sent[0].to}) as gate, ThreadPoolExecutor(1) as aside:
        flows = [stack.sending(one) for one in sent[:3]]
        if in_the_calls(stack, flows) and gate.withheld():
            since, until = len(stack.history), time.monotonic() + HELD_S
            starting = aside.submit(stack.worker.start, count=1)
            stack.waiting.until(lambda: starting.done() or None, what="a second worker", within=HELD_S - AT_ONCE_S)
            new = {*stack.worker.names} - {*already} if starting.done() else set()
            for one in sent[3:]:
                flows.append(stack.send(one))
                given = not new or given_to(stack, new, since=since, within=AT_ONCE_S / 5)
                if given or time.monotonic() > until - AT_ONCE_S:
                    break
            flows += [stack.send(one) for one in sent[len(flows) : len(flows) + 2]]
            in_the_calls(stack, flows)
            gate.open()
            starting.result()
    try:
        done = stack.all_finished(flows)
        stack.judge(*(in_one_hand(stack.history, flow, stack.profile) for flow in done))
    finally:
        as_before(stack)


@pytest.mark.needs("redelivery")
def test_a_worker_that_is_asked_to_stop_leaves_nothing_undone(stack: Stack) -> None:
    """It is asked in the middle of its calls, and the next one begins with what came while none was there."""
    sent = to_one_recipient(stack, "stopped", count=12)
    with stack.providers.gate({"to": sent[0].to}) as gate, ThreadPoolExecutor(1) as aside:
        flows = [stack.sending(one) for one in sent[:8]]
        if in_the_calls(stack, flows) and gate.withheld():
            stopping = aside.submit(stack.worker.terminate)
            # who finishes what it has in hand waits for its calls, which come to their end now
            stack.waiting.until(lambda: stack.facts.gone("worker") or None, what="a worker's end", within=AT_ONCE_S)
            gate.open()
            stopping.result()
    flows += [stack.send(one) for one in sent[len(flows) :]]
    if not stack.worker.names:
        stack.worker.start()
    done = stack.all_finished(flows, within=taken_up_within(stack))
    stack.judge(*processed(stack, sent, done))


@pytest.mark.needs("regrouping")
def test_a_group_that_is_gone_is_made_again(stack: Stack) -> None:
    """Redis has lost it while the workers run; what came before they notice waits on the stream, and is read."""
    if not stack.profile.queue.deletes:
        raise NotAsked("entries stay on their stream, so a new group would be given them all again", ["regrouping"])
    with contextlib.ExitStack() as lost:
        with stack.worker.held():
            begin = lost.enter_context(stack.planting.groups_lost())
            flows = [stack.send(stack.message(f"waits {number}")) for number in range(3)]
        within = stack.profile.policy.recovers_within + stack.profile.policy.finished_within
        done = stack.all_finished(flows, within=within)
        if not stack.worker.names:  # who ends because of it says so, and whoever looks after it starts it again
            stack.worker.start()
            done = stack.all_finished(flows, within=within)
        stack.judge(*(made_again(stack.history, flow, stack.profile, lost=begin) for flow in done))
