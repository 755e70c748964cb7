"""The finished record of a run: every message in it, also those that no scenario asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from harness.checks.accounting import CLAIM as BALANCE
from harness.checks.accounting import NAME as ACCOUNTING
from harness.checks.accounting import Account, account, accounting, parted, some
from harness.checks.fates import asked_for
from harness.checks.lacking import doubtful
from harness.checks.lifecycle import earned_by, moved_back, sent_is_earned
from harness.checks.mixed_up import id_of_anothers_call, one_id_for_two, sent_elsewhere, stored_again
from harness.checks.repeats import first_generation, insisted, queued_again
from harness.checks.rest import (
    allowed_by,
    cut_between,
    entry_within,
    kept,
    late,
    taken_in,
    unacknowledged,
    unapplied,
    work,
)
from harness.checks.verdict import Answers, Verdict, check, refuted
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.history.flow import came_in
from harness.history.reading import nothing_is_waste
from harness.profile import Profile
from harness.profile.claims import claimed

NAME = "whole-record"
CLAIM = "of all messages none is lost, sent twice, moved back, unqueued, unfinished or dead without a reason"

Wrong = Callable[[Flow, Facts, Profile], list[Event]]
"""The events that prove something of a message; none where it isn't so."""
Question = tuple[str, Wrong, tuple[str, ...]]
"""In words, its proof, and what it is the absence of."""


def unearned(flow: Flow, facts: Facts, profile: Profile) -> list[Event]:
    if all(answer.outcome != "fail" for answer in earned_by(flow, facts, profile)):
        return []
    verdict = sent_is_earned(facts.history, flow, profile)
    return list(verdict.witnesses) if verdict.outcome == "fail" else []


def unqueued(flow: Flow, _: Facts, profile: Profile) -> list[Event]:
    done = flow.status in profile.statuses.terminal
    asked = done and flow.taken and profile.queue.base != "none"
    return [event for _, event in flow.statuses] if asked and not work(flow) else []


def queued_twice(flow: Flow, facts: Facts, profile: Profile) -> list[Event]:
    if len(flow.appends) <= flow.messages:
        return []
    entries = first_generation(flow)
    if len(entries) <= flow.messages:
        return []
    excused = profile.policy.delivery == "at-least-once" and queued_again(flow, facts)
    return [] if excused else entries


def left_pending(flow: Flow, facts: Facts, profile: Profile) -> list[Event]:
    left = unacknowledged(flow, profile)
    return left if left and _overdue(flow, facts, profile) else []


def left_behind(flow: Flow, facts: Facts, profile: Profile) -> list[Event]:
    left = kept(flow, profile) if profile.queue.deletes else []
    overdue = left and _overdue(flow, facts, profile) and not unacknowledged(flow, profile)
    return left if overdue and not cut_between(flow, facts) else []


def _overdue(flow: Flow, facts: Facts, profile: Profile) -> bool:
    """Whether an entry had its time to be finished after its message's end, with nobody disturbed meanwhile."""
    if flow.status not in profile.statuses.terminal:
        return False
    return late(facts.history, flow.row, *flow.acks, by=entry_within(flow, facts, profile))


def delivered_by_itself(flow: Flow, _: Facts, profile: Profile) -> list[Event]:
    """The change to `delivered` of a message of which no provider has said so."""
    word = profile.statuses.delivered
    moves = [event for value, event in flow.statuses if value == word and event.kind == "database.status"]
    if not moves or profile.claims.delivery_reports is not True or word == profile.statuses.sent or asked_for(flow):
        return []
    if any(word in allowed_by(event, profile) for event in flow.of("callback.sent")):
        return []
    return moves


def orphaned(flow: Flow, _: Facts, profile: Profile) -> list[Event]:
    rows = flow.first("database.inserted", "database.status")
    return list(work(flow).values()) if flow.id and not rows and profile.deploy.driver != "attached" else []


def without_effect(flow: Flow, facts: Facts, profile: Profile) -> list[Event]:
    """The final reports that the stack took of a message, and never applied, where the profile claims that it does."""
    if not claimed(profile, "delivery_reports"):
        return []
    reports = [event for event, _ in unapplied(flow, profile)]
    answers = {event.data.get("call"): event for event in taken_in(flow)}
    rows = [event for _, event in flow.statuses[-1:]]
    heard = [answers[event.data.get("call")] for event in reports]
    return [*heard, *rows] if heard and late(facts.history, *heard, *rows, by=profile.policy.finished_within) else []


PROVEN: Final[tuple[Question, ...]] = (
    ("answered with the id of another message", lambda flow, *_: one_id_for_two(flow), ()),
    ("with the provider id of a call that carried another message's text", lambda f, *_: id_of_anothers_call(f), ()),
    ("sent to somebody else", sent_elsewhere, ()),
    ("stored more than once for what was sent once", stored_again, ()),
    ("moved back", moved_back, ()),
    ("called again after a refusal for good", lambda flow, facts, _: insisted(flow, facts), ()),
)
"""What the events themselves prove, however little else was seen."""
UNHEARD: Final[Question] = ("without the effect of a report that was taken", without_effect, ("database.status",))
QUESTIONS: Final[tuple[Question, ...]] = (
    *PROVEN,
    UNHEARD,
    ("sent before a provider had accepted", unearned, ()),
    ("at their end without ever being queued", unqueued, ("queue.appended",)),
    ("queued more than once", queued_twice, ()),
    ("acknowledged by nobody", left_pending, ("queue.acked",)),
    ("acknowledged and not deleted", left_behind, ("queue.deleted",)),
    ("delivered, though no provider said so", delivered_by_itself, ("callback.sent",)),
    ("queued without a row", orphaned, ("database.inserted",)),
)
"""What is asked of every outbound message beside the account."""


@check(NAME, CLAIM)
def whole_record(history: History, profile: Profile) -> Answers:
    """Judges the record of a whole run at rest, message by message; what concerns the most of them is told first."""
    with nothing_is_waste():
        it = account(history, profile)
        yield from put_in_order(QUESTIONS, it, history, profile)


@check(ACCOUNTING, BALANCE)
def load_account(history: History, profile: Profile, *, known: Account) -> Answers:
    """Judges the messages of a load run: their account, and what of the record's questions no absence answers."""
    yield from put_in_order(PROVEN, known, history, profile)


def put_in_order(questions: Sequence[Question], it: Account, history: History, profile: Profile) -> Answers:
    """The answers to the questions and the account's, those first that concern the most messages.

    Of two that concern as many, the account's stands last: a question says how it came to what the account tells.
    """
    answers = [*asked(questions, it, Facts(history), profile), (it.widest, accounting(history, profile, known=it))]
    yield from (answer for _, answer in sorted(answers, key=lambda one: -one[0]))


def asked(questions: Sequence[Question], it: Account, facts: Facts, profile: Profile) -> Iterator[tuple[int, Verdict]]:
    """The answer to each question of which some message is guilty, with how many are."""
    outbound = {name: flow for name, flow in it.flows.items() if not came_in(flow)}
    for what, wrong, absent in questions:
        proofs = {name: proof for name, flow in outbound.items() if (proof := wrong(flow, facts, profile))}
        for names, feature in parted(list(proofs), it, facts, profile):
            reason = f"{len(names)} {what}: {some(names)}"
            answer = refuted(reason, [event for name in names for event in proofs[name]], absent=absent)
            yield len(names), doubtful(answer, feature) if feature else answer
