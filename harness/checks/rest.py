"""Rest: what a stack still owes a message. One idea, for every wait, every check and the record as a whole.

At rest nothing is owed, and every source was read to its end after that. What can't be seen is not waited for: it would
never come, and nothing is concluded from its absence either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.history.flow import SUCCESS, came_in
from harness.history.windows import Window
from harness.profile import Profile
from harness.profile.claims import claimed

ARRIVED: Final = frozenset({"delivered"})
IMPLIES_ARRIVED: Final = frozenset({"read", "open", "click", "spamreport", "unsubscribe", "group_unsubscribe"})
"""What a recipient can only do with a message that arrived."""
FAILED: Final = frozenset({"undelivered", "failed", "bounce", "dropped"})
IMPLIES_FAILED: Final = frozenset({"blocked", "canceled", "spamreport"})
"""What some take for a failure, and others for none."""
Kind = Literal["answer", "status", "acknowledgement", "deletion", "call", "callback", "reply", "report"]
FINISHING: Final = frozenset({"acknowledgement", "deletion", "reply", "report"})
"""What follows a message's end: `[policy] finished_within` says how long that may take."""
ENTRIES: Final = frozenset({"acknowledgement", "deletion"})
"""What of it is of an entry: `[policy] taken_up_within` says how long that takes where its worker was ended."""

SAME_TIME_S: Final = 0.5
"""Seconds after an acknowledgement in which who acknowledged may still be about to delete."""


@dataclass(frozen=True, slots=True)
class Debt:
    """One thing that a stack owes a message, in words."""

    kind: Kind
    what: str


def owed(flow: Flow, facts: Facts, profile: Profile) -> list[Debt]:
    """All that is owed to a message, as far as this stack's sources would show it; empty at rest."""
    return list(debts(flow, facts, profile))


def debts(flow: Flow, facts: Facts, profile: Profile) -> Iterator[Debt]:
    since = flow.begin.seq if flow.events else 0
    yield from unanswered(flow)
    if flow.calls_in_flight:
        yield Debt("call", "it has a provider call in flight")
    done = {event.data.get("call") for event in flow.of("callback.answered", "callback.dropped")}
    if any(event.data.get("call") not in done for event in flow.of("callback.sent")):
        yield Debt("callback", "a webhook about it has not been answered")
    if came_in(flow):
        if len(flow.of("database.inserted")) < different(flow) and not facts.unseen("database.inserted"):
            yield Debt("reply", "it came in and is not stored")
        return
    if flow.answers and not flow.taken:
        return  # the stack said no
    if not (flow.requests or flow.taken or flow.appends):
        return
    if flow.status not in profile.statuses.terminal:
        if "database.status" in facts.delivered:
            yield Debt("status", f"it is {flow.status or 'not stored'}")
        return
    waits = unacknowledged(flow, profile) and not facts.unseen("queue.acked", since=since)
    if waits:
        yield Debt("acknowledgement", "its entry is not acknowledged")
    left = kept(flow, profile) and not cut_between(flow, facts)
    if left and not facts.unseen("queue.deleted", since=since):
        ask = "; [queue] finish says whether it should be" if profile.queue.deletes is None else ""
        yield Debt("deletion", f"its entry is {'' if waits else 'acknowledged and '}not deleted{ask}")
    for event, status in unapplied(flow, profile):
        yield Debt("report", f"the report {said_by(event)!r} was taken, and it is not {status}")


def unanswered(flow: Flow) -> Iterator[Debt]:
    answered = {event.data.get("request") for event in flow.of("api.answered")}
    if any(event.data.get("request") not in answered for event in flow.requests):
        yield Debt("answer", "its send has not been answered")
    elif flow.waits_to_be_asked:
        yield Debt("answer", "its send waits, as the API has asked for (429)")


def taken_in(flow: Flow) -> list[Event]:
    """The answers by which the stack took a message that came in."""
    return [event for event in flow.of("callback.answered") if event.data.get("status") in SUCCESS]


def different(flow: Flow) -> int:
    """How many messages that came in the stack took: those of the same words are told apart by their providers' ids."""
    return len({event.data.get("message") for event in taken_in(flow)})


# entries


def work(flow: Flow) -> dict[str, Event]:
    """The entries of a flow on work streams, dead letters left out, each with the first event that shows it."""
    found: dict[str, Event] = {}
    for event in (*flow.appends, *flow.claims):
        if not event.data.get("dead"):
            found.setdefault(str(event.data["entry"]), event)
    return found


def given_up(flow: Flow, events: Iterable[Event]) -> set[object]:
    """The entries that are finished by some events, and were not put back after that."""
    back = {event.data.get("entry"): event.seq for event in flow.appends if event.data.get("again")}
    return {event.data.get("entry") for event in events if event.seq > back.get(event.data.get("entry"), -1)}


def over(flow: Flow, profile: Profile) -> set[object]:
    """The entries that nobody has any more: acknowledged, deleted, or popped where that is all."""
    return given_up(flow, [*flow.acks, *flow.deletes, *(flow.claims if profile.queue.pops else ())])


def unacknowledged(flow: Flow, profile: Profile) -> list[Event]:
    """The entries that must still be acknowledged; one that was read with NOACK is acknowledged by being read."""
    if not profile.queue.acknowledges:
        return []
    done = given_up(flow, flow.acks)
    done |= {event.data.get("entry") for event in flow.claims if event.data.get("noack")}
    return [event for entry, event in work(flow).items() if entry not in done]


def forgotten(flow: Flow) -> list[Event]:
    """The ends of its entries by which nobody was done with them: their consumer was deleted with them in hand."""
    return [event for event in flow.acks if event.data.get("how") == "forgotten"]


def kept(flow: Flow, profile: Profile) -> list[Event]:
    """The entries that are handled and still on their stream, where the profile doesn't say that they stay."""
    if profile.queue.deletes is False:
        return []
    done = given_up(flow, flow.deletes)
    return [event for entry, event in work(flow).items() if entry not in done]


def cut_between(flow: Flow, facts: Facts) -> Window | None:
    """The end of who had acknowledged an entry, right then: nobody is given it again, to delete it."""
    for ack in flow.acks:
        for window in facts.windows():
            on = window.ended is None or window.ended.seen >= ack.seen
            if not on or window.target == "api" or not facts.explains(window):
                continue
            since = window.began.seen - ack.seen - withheld(facts.history, ack.seen, window.began.seen)
            if since <= SAME_TIME_S:
                return window
    return None


def entry_within(flow: Flow, facts: Facts, profile: Profile) -> float:
    """Seconds after its message's end by which an entry is finished; by another worker, where its own was ended."""
    policy, last = profile.policy, facts.history.last
    begin = next(iter((*flow.claims, *flow.appends)), None)
    if begin is None or last is None or claimed(profile, "redelivery") is False:
        return policy.finished_within
    ended = any(window.target == "worker" or window.outage for window in facts.disturbances(begin, last))
    return max(policy.finished_within, policy.taken_up_within) if ended else policy.finished_within


# reports


def unapplied(flow: Flow, profile: Profile) -> list[tuple[Event, str]]:
    """The final reports that the stack took and has not applied, each with the status that it owes.

    A report names its provider's id. A row that names another one is of another call than the report: a worker that
    died before it heard the provider's answer can't have told the row of it.
    """
    if claimed(profile, "delivery_reports") is False:
        return []
    words = profile.statuses
    final = {words.delivered, words.failed}
    taken = {event.data.get("call") for event in taken_in(flow)}
    named = {event.data["provider_id"] for _, event in flow.statuses if event.data.get("provider_id")}
    found = []
    for event in flow.of("callback.sent"):
        its = event.data.get("call") in taken and (not named or event.data.get("message") in named)
        had = {value for value, _ in flow.statuses}
        due = owed_by(event, profile) if its and flow.status not in final else []
        found += [(event, status) for status in due if status not in had]
    return found


def owed_by(event: Event, profile: Profile) -> list[str]:
    """The final statuses that a report calls for: none, one, or those that the events of a batch contradict."""
    words = words_of(event)
    steps = ((ARRIVED, profile.statuses.delivered), (FAILED, profile.statuses.failed))
    return [status for meaning, status in steps if meaning & words]


def allowed_by(event: Event, profile: Profile) -> list[str]:
    """The final statuses for which a report is a reason: also those that it only implies."""
    words = words_of(event)
    arrived, failed = ARRIVED | IMPLIES_ARRIVED, FAILED | IMPLIES_FAILED
    steps = ((arrived, profile.statuses.delivered), (failed, profile.statuses.failed))
    return [status for meaning, status in steps if meaning & words]


def words_of(event: Event) -> set[str]:
    """All that a delivery, which may be a batch, says of a message."""
    told = event.data.get("reports")
    return {str(word) for word in told} if isinstance(told, list) and told else {said_by(event)}


def said_by(event: Event) -> str:
    """What a delivery report says in its provider's word, whatever body it came in; "" for what is no report.

    Of a batch it is the last word.
    """
    if "report" in event.data:
        return str(event.data["report"] or "")
    # a record, or a mock server, from before 0.3: there it stands in the vendor's own body alone
    params = event.data.get("params")
    if isinstance(params, list) and params and isinstance(params[-1], Mapping):
        return str(params[-1].get("event", ""))
    return str(params.get("MessageStatus", "")) if isinstance(params, Mapping) else ""


# the clock


def late(history: History, *events: Event | None, by: float) -> bool:
    """Whether the record was read to its end later than `by` seconds after the last of these events.

    Time in which we held the stack, or withheld something from it, isn't the stack's; nor is an outage, with the time
    that the profile gives a stack to recover from one.
    """
    last = max((event.seen for event in events if event is not None), default=None)
    if last is None or history.until - last < by:
        return False
    return history.until - last - withheld(history, last, history.until) >= by


def withheld(history: History, begin: float, end: float) -> float:
    """Seconds between two monotonic times in which a hold, a gate or an outage of ours was on, or just over."""
    return Facts(history).withheld(begin, end)


def never_queued(flow: Flow, history: History, facts: Facts, profile: Profile) -> bool:
    """Taken, on no stream, and later than the profile allows: more waiting won't change that."""
    if flow.taken is None or work(flow) or flow.status in profile.statuses.terminal:
        return False
    since = flow.begin.seq
    overdue = late(history, flow.taken, by=profile.policy.queued_within)
    return overdue and not facts.unseen("queue.appended", since=since)
