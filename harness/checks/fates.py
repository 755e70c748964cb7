"""What became of one message, and whether something may still come of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from harness.checks.lacking import turned_down
from harness.checks.rest import allowed_by, late, never_queued, over, work
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.history.flow import REFUSAL, SUCCESS
from harness.profile import Profile

Fate = Literal[
    "sent",  # a provider accepted it, and its row says so
    "failed",  # given up, and its row says so, where the stack has a word for that
    "dead",  # on the dead-letter stream
    "stored",  # it came in, and a row keeps it
    "lost",  # accepted, and nothing will ever come of it
    "unrecorded",  # a provider accepted it, and its row will never say so
    "unfinished",  # something may still come of it: the record ends too early to say
    "refused",  # the stack said no, and meant it
    "indeterminate",  # no answer, or an error, and no trace of it: it may or may not have been taken
    "unexpected",  # nobody sent it, or it was refused, and a provider has it; it came in, was refused, and is stored
]
AT_WORK: Final = ("queue.claimed", "provider.called", "provider.answered", "database.status")
"""What shows that a worker is at work."""
IDLE_S: Final = 2.0
"""Seconds in which a worker that has more in hand shows something of its work."""
FAULTS: Final[tuple[Fate, ...]] = ("lost", "unexpected", "unrecorded")


def fate_in(flow: Flow, history: History, profile: Profile) -> Fate:
    """Where an inbound message ended."""
    answers = [event.data.get("status") for event in flow.of("callback.answered")]
    if flow.first("database.inserted"):
        no = bool(answers) and all(status in REFUSAL for status in answers)
        return "unexpected" if no else "stored"
    if any(status in SUCCESS for status in answers):
        taken = flow.of("callback.answered")[-1]
        if profile.claims.webhooks is None:
            return "indeterminate"  # where this stack keeps replies isn't known
        return "lost" if late(history, taken, by=profile.policy.finished_within) else "unfinished"
    return "refused" if any(status in REFUSAL for status in answers) else "indeterminate"


def fate_out(flow: Flow, facts: Facts, profile: Profile, *, rest: bool) -> Fate:
    """Where an outbound message ended; `rest` says that the queues were seen empty after the last event."""
    delivered = bool(flow.accepted_calls)
    answers = [event.data.get("status") for event in flow.answers]
    refused = bool(answers) and all(status in REFUSAL for status in answers)
    if refused:
        return "unexpected" if delivered or flow.taken else "refused"
    if not (flow.taken or flow.appends or flow.statuses):
        if delivered:
            return "unrecorded" if flow.requests else "unexpected"
        return "indeterminate"
    status, known = flow.status, profile.statuses
    sampled = all(event.data.get("sampled") for _, event in flow.statuses)
    calls = ("provider.called", "provider.answered")
    calls_seen = not facts.unseen(*calls) and not facts.apart(flow, *calls)
    if status in (known.sent, known.delivered) and (delivered or not calls_seen):
        return "sent"
    if delivered and sampled:
        return "sent"  # its row was only looked at now and then, so it may well say so
    if any(event.data.get("dead") for event in flow.appends):
        return "dead"
    if status == known.failed:
        told = [event for event in flow.accepted_calls if event not in flow.unheard]
        return "unrecorded" if told and calls_seen and not failure_told(flow, profile) else "failed"
    if flow.calls_in_flight or (status not in known.terminal and may_go_on(flow, facts, profile, rest=rest)):
        return "unfinished"
    if profile.claims.failures is False and turned_down(flow):
        return "failed"  # its row has no word for that
    return "unrecorded" if delivered else "lost"


def failure_told(flow: Flow, profile: Profile) -> bool:
    """Whether a provider that had accepted a message may have said later that it failed."""
    failed = profile.statuses.failed
    return asked_for(flow) or any(failed in allowed_by(event, profile) for event in flow.of("callback.sent"))


def asked_for(flow: Flow) -> bool:
    """Whether the stack asked a provider what became of a message, instead of being told."""
    sends = (None, "messages.create", "mail.send")
    return any(event.data.get("endpoint") not in sends for event in flow.of("provider.called"))


def groundless(flow: Flow, facts: Facts) -> bool:
    """Whether a message was given up although the record shows no reason for that: no refusal, nothing cut off."""
    failed = [event for event in flow.call_answers if not event.data.get("accepted")]
    reasons = failed or flow.unheard or flow.calls_in_flight or flow.of("callback.sent")
    return bool(flow.requests and not reasons and not facts.disturbances(flow.begin, flow.latest))


def dead_for_nothing(flow: Flow, facts: Facts, profile: Profile) -> list[Event]:
    """The dead letters of a message that nothing had gone wrong with, or that was sent all the same."""
    dead = [event for event in flow.appends if event.data.get("dead")]
    told = [event for event in flow.accepted_calls if event not in flow.unheard]
    done = told and flow.status in (profile.statuses.sent, profile.statuses.delivered)
    if done and not facts.disturbances(flow.begin, dead[0] if dead else flow.latest):
        return dead
    return dead if groundless(flow, facts) else []


def may_go_on(flow: Flow, facts: Facts, profile: Profile, *, rest: bool) -> bool:
    """Whether a worker, the queue or the outbox may still bring the message on."""
    history, entries = facts.history, work(flow)
    if never_queued(flow, history, facts, profile):
        return False
    if waits(flow, profile):
        return True
    if not rest and (not entries or set(entries) - over(flow, profile)):
        return True
    # nobody has it any more; but what a worker did last may not be written yet
    if rest:
        return False
    if profile.queue.pops and not idle(history):
        return True  # who popped it may have popped more, and do one after the other
    return not late(history, flow.latest, by=profile.policy.finished_within)


def idle(history: History) -> bool:
    """Whether no worker has shown anything of its work for a while: none has more to do, as far as Redis was told."""
    called = "provider.called", "provider.answered"
    shown = [event for kind in AT_WORK if (event := history.drawn(newest, kind))]
    return not history.drawn(any_in_flight, *called) and (not shown or late(history, *shown, by=IDLE_S))


def any_in_flight(events: Iterable[Event]) -> bool:
    """Whether a call among these calls and answers of providers has no answer."""
    calls: dict[str, set[object]] = {"provider.called": set(), "provider.answered": set()}
    for event in events:
        calls[event.kind].add(event.data.get("call"))
    return not calls["provider.called"] <= calls["provider.answered"]


def newest(events: Sequence[Event]) -> Event | None:
    return events[-1] if events else None


def waits(flow: Flow, profile: Profile) -> bool:
    """Whether a message may wait for its retry: by its row's word, or since its last call was refused."""
    words = profile.statuses
    resting = {name for cycle in words.cycles for name in cycle[1:]}
    if flow.status is not None and (flow.status in resting or flow.status not in words.order):
        return True
    answers = flow.call_answers
    refused = bool(answers) and not answers[-1].data.get("accepted")
    return refused and profile.claims.retries is not False


def at_rest(history: History, profile: Profile) -> bool:
    """Whether every stream was counted empty after the last thing that happened to any message.

    What was done before a count may be told after it, so a count says nothing until all sources were read after it.
    """
    if not profile.queue.counted:
        return False  # without a group nobody counts what is taken and what is done
    moved = history.events("queue.appended", "database.inserted", "database.status", "provider.called")
    after = moved[-1].seq if moved else 0
    counts = [one for one in history.events("queue.counted", after=after) if one.seen <= history.settled]
    looks = {event.data.get("stream"): event for event in counts}
    return all(
        stream in looks
        and looks[stream].data.get("pending") == 0
        and looks[stream].data.get("lag") == 0
        and not looks[stream].data.get("later")
        for stream in profile.queue.streams.values()
    )
