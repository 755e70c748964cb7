"""What became of every message: nothing lost, nothing invented, nothing twice without a reason (Jepsen's terms)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from harness.checks.lacking import doubtful, lacking
from harness.checks.repeats import sent_again
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.facts import Facts
from harness.history import Event, Flow, History
from harness.history.flow import INBOUND, SUCCESS, came_in
from harness.profile import Profile
from harness.rest import late, never_queued, owed_by, work

NAME = "accounting"
CLAIM = "every accepted message is sent, failed or dead: none lost, none unexpected, none twice without a reason"
SHOWN = 20

Fate = Literal[
    "sent",  # a provider accepted it, and its row says so
    "failed",  # given up, and its row says so
    "dead",  # on the dead-letter stream
    "stored",  # it came in, and a row keeps it
    "lost",  # accepted, and nothing will ever come of it
    "unrecorded",  # a provider accepted it, and its row will never say so
    "unfinished",  # something may still come of it: the record ends too early to say
    "refused",  # the stack said no, and meant it
    "indeterminate",  # no answer, or an error, and no trace of it: it may or may not have been taken
    "unexpected",  # nobody sent it, or it was refused, and a provider has it; it came in, was refused, and is stored
]
FAULTS: Final[tuple[Fate, ...]] = ("lost", "unexpected", "unrecorded")
GOOD = ("sent", "failed", "dead", "stored")


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where every message of a history ended, by its id (or its token, where it never got an id)."""

    fates: Mapping[str, Fate]
    taken: frozenset[str] = frozenset()
    """Those for which the stack took responsibility."""
    recovered: tuple[str, ...] = ()
    """Sends without a good answer that were taken all the same."""
    duplicated: Mapping[str, str] = field(default_factory=dict)
    """Messages delivered more than once, with what explains it, or "" where nothing does."""
    flows: Mapping[str, Flow] = field(default_factory=dict, repr=False)

    def of(self, fate: Fate) -> list[str]:
        return [name for name, its in self.fates.items() if its == fate]

    @property
    def counts(self) -> dict[str, int]:
        """Every number of the account, in the order of the story."""
        found = {"attempted": len(self.fates) - len(self.of("unexpected")), "accepted": len(self.taken)}
        found |= {fate: len(self.of(fate)) for fate in get_args(Fate)}
        return found | {
            "recovered": len(self.recovered),
            "duplicated": len(self.duplicated),
            "unexplained": len(self.unexplained),
        }

    @property
    def unexplained(self) -> list[str]:
        return [name for name, why in self.duplicated.items() if not why]

    @property
    def widest(self) -> int:
        """How many messages the most common fault of the account concerns."""
        return max(*(len(self.of(fate)) for fate in FAULTS), len(self.unexplained))

    def witnesses(self, names: list[str]) -> list[Event]:
        """The decisive events of the first messages named."""
        kinds = ("api.answered", "queue.acked", "provider.answered", "callback.answered", "database.status")
        return [event for name in names[:SHOWN] for event in self.flows[name].of(*kinds)[:3]]


def account(history: History, profile: Profile, *, after: int = 0) -> Account:
    """Follows every message, of those first seen from place `after` on, to where it ended.

    A pure function; what it says of a history that isn't at rest is that messages are unfinished. Of an attached stack
    only what we sent is followed: its other users' messages are none of ours.
    """
    rest = at_rest(history, profile)
    facts = Facts(history)
    fates: dict[str, Fate] = {}
    taken: set[str] = set()
    recovered: list[str] = []
    duplicated: dict[str, str] = {}
    flows: dict[str, Flow] = {}
    for flow in every_flow(history, after=after):
        if profile.deploy.driver == "attached" and not ours(flow):
            continue
        name, inbound = flow.id or flow.name, came_in(flow)
        flows[name] = flow
        fates[name] = fate_in(flow, history, profile) if inbound else fate_out(flow, facts, profile, rest=rest)
        if fates[name] not in ("refused", "indeterminate", "unexpected"):
            taken.add(name)
            if not inbound and flow.answers and not flow.acceptance:
                recovered.append(name)
        if twice(flow, profile):
            why = None if inbound else sent_again(flow, facts)
            duplicated[name] = why[0] if why else ""
    return Account(fates=fates, taken=frozenset(taken), recovered=tuple(recovered), duplicated=duplicated, flows=flows)


def ours(flow: Flow) -> bool:
    """Whether a message is of the harness's own making."""
    made = any(event.source == "load" for event in flow.appends)
    return bool(flow.requests or flow.of("callback.sent") or made)


def twice(flow: Flow, profile: Profile) -> bool:
    """Whether a message was delivered more often than it should be, by its calls, or by its row.

    A row that names two provider ids, or came to `sent` twice, was sent twice, whoever saw the calls.
    """
    if came_in(flow):
        return len(flow.of("database.inserted")) > 1
    if len(flow.accepted_calls) > flow.messages:
        return True
    rows, sent = [event for _, event in flow.statuses], profile.statuses.sent
    given = {event.data["provider_id"] for event in rows if event.data.get("provider_id")}
    arrived = [event for event in rows if event.data.get("new") == sent != event.data.get("old")]
    return max(len(given), len(arrived)) > flow.messages and not any(event.data.get("sampled") for event in rows)


@check(NAME, CLAIM)
def accounting(history: History, profile: Profile, *, known: Account | None = None) -> Answers:
    """Judges a whole history at rest; `known` is its account, where the caller has it already."""
    it = known or account(history, profile)
    counts = it.counts
    balance = balanced(it)
    facts = Facts(history)
    more = list(it.duplicated) if profile.policy.delivery == "effectively-once" else it.unexplained
    found = [*_ended_badly(it, facts, profile), *_sent_twice(more, it, facts, profile), *_dead(it, facts, profile)]
    for names, what, absent, feature in sorted(found, key=lambda one: -len(one[0])):
        answer = refuted(f"{len(names)} {what}: {some(names)}; {balance}", it.witnesses(names), absent=absent)
        yield doubtful(answer, feature) if feature else answer
    bare = [name for name in it.of("failed") if not it.flows[name].calls and groundless(it.flows[name], facts)]
    if bare:
        reason = f"{len(bare)} failed, and the record shows no reason: {some(bare)}; {balance}"
        yield undecided(reason, it.witnesses(bare), absent=["provider.called"])
    if strange := unasked(it) if profile.deploy.driver != "attached" else []:
        reason = f"{len(strange)} went out though nobody asked the API for them: {some(strange)}; {balance}"
        yield undecided(reason, it.witnesses(strange), absent=["api.requested"])
    open_ones = it.of("unfinished")
    if open_ones:
        absent = ["database.inserted" if came_in(it.flows[name]) else "database.status" for name in open_ones]
        reason = f"{len(open_ones)} not finished: {some(open_ones)}; {balance}"
        yield undecided(reason, it.witnesses(open_ones), absent=absent)
    loose = {name: it.flows[name] for name in it.of("sent") if not it.flows[name].calls}
    apart = {name: why for name, flow in loose.items() if (why := facts.apart(flow, "provider.called"))}
    for why in list(apart.values())[:1]:
        reason = f"{len(apart)} sent as its row says, and no call can be told to be its: {some(list(apart))}"
        yield undecided(f"{reason}; {why.reason}", it.witnesses(list(apart)), remedy=why.remedy)
    if not it.taken:
        reason = f"no message was accepted, so none could be lost ({counts['attempted']} attempted)"
        yield undecided(reason)
        return
    hidden = facts.unseen("provider.called", "provider.answered")
    if hidden and not more and it.of("sent"):
        reason = f"{balance}; whether any was sent twice can't be seen: {hidden.reason}"
        yield undecided(reason, it.witnesses(list(it.taken)[:SHOWN]), remedy=hidden.remedy)
    told = f", {len(it.duplicated)} duplicated and explained" if it.duplicated else ""
    yield shown(f"{balance}, 0 lost{told}", it.witnesses(list(it.taken)[:SHOWN]))


Finding = tuple[list[str], str, list[str], str | None]
"""Messages, what is wrong with them, what that is the absence of, and the feature that may not be the stack's."""


def _ended_badly(it: Account, facts: Facts, profile: Profile) -> Iterator[Finding]:
    for fate in FAULTS:
        absent = ["provider.called", "database.status"]
        if any(came_in(it.flows[name]) for name in it.of(fate)):
            absent.append("database.inserted")
        for names, feature in parted(it.of(fate), it, facts, profile):
            yield names, fate, absent, feature


def _sent_twice(more: Sequence[str], it: Account, facts: Facts, profile: Profile) -> Iterator[Finding]:
    for names, feature in parted(more, it, facts, profile):
        yield names, "delivered more than once", [], feature


def _dead(it: Account, facts: Facts, profile: Profile) -> Iterator[Finding]:
    names = [name for name, flow in it.flows.items() if not came_in(flow) and dead_for_nothing(flow, facts, profile)]
    if names:
        yield names, "dead letters that nobody expected", ["provider.called", "provider.answered"], None


def parted(names: Sequence[str], it: Account, facts: Facts, profile: Profile) -> Iterator[tuple[list[str], str | None]]:
    """Messages with which something is wrong, by the feature whose lack may explain it; None: nothing does."""
    groups: dict[str | None, list[str]] = {}
    for name in names:
        groups.setdefault(lacking(it.flows[name], facts, profile), []).append(name)
    for feature, found in groups.items():
        yield found, feature


def balanced(it: Account) -> str:
    """The account in one line."""
    counts = it.counts
    return ", ".join(f"{counts[name]} {name}" for name in ("accepted", *GOOD) if counts[name] or name != "stored")


def some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def every_flow(history: History, *, after: int = 0) -> Iterator[Flow]:
    """Each message first seen from place `after` on, once, in order of first sight."""
    covered: set[int] = set()
    kinds = ("api.requested", "queue.appended", "database.inserted", "provider.answered", "callback.sent")
    for event in history.events(*kinds, after=after):
        if event.seq in covered or not event.keys or not begins(event):
            continue
        flow = Flow(history.flow(event.keys[0]), name=event.keys[-1])
        covered.update(one.seq for one in flow.events)
        if flow.events[0].seq >= after:
            yield flow


def begins(event: Event) -> bool:
    """Whether an event can be the first that is known of a message."""
    match event.kind:
        case "api.requested":
            return event.data.get("operation") == "send"
        case "provider.answered":
            return bool(event.data.get("accepted"))
        case "callback.sent":
            return event.data.get("what") in INBOUND
        case "queue.appended":
            return event.message_id is not None  # an entry that names no message is none
    return True


def fate_in(flow: Flow, history: History, profile: Profile) -> Fate:
    """Where an inbound message ended."""
    answers = [event.data.get("status") for event in flow.of("callback.answered")]
    if flow.first("database.inserted"):
        no = bool(answers) and all(status is not None and 400 <= status < 500 for status in answers)
        return "unexpected" if no else "stored"
    if any(status in SUCCESS for status in answers):
        taken = flow.of("callback.answered")[-1]
        if profile.claims.webhooks is None:
            return "indeterminate"  # where this stack keeps replies isn't known
        return "lost" if late(history, taken, by=profile.policy.finished_within) else "unfinished"
    return "refused" if any(status is not None and 400 <= status < 500 for status in answers) else "indeterminate"


def fate_out(flow: Flow, facts: Facts, profile: Profile, *, rest: bool) -> Fate:
    """Where an outbound message ended; `rest` says that the queues were seen empty after the last event."""
    delivered = bool(flow.accepted_calls)
    answers = [event.data.get("status") for event in flow.answers]
    refused = bool(answers) and all(status is not None and 400 <= status < 500 for status in answers)
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
    return "unrecorded" if delivered else "lost"


def failure_told(flow: Flow, profile: Profile) -> bool:
    """Whether a provider that had accepted a message may have said later that it failed."""
    failed = profile.statuses.failed
    return asked_for(flow) or any(owed_by(event, profile) == failed for event in flow.of("callback.sent"))


def asked_for(flow: Flow) -> bool:
    """Whether the stack asked a provider what became of a message, instead of being told."""
    sends = (None, "messages.create", "mail.send")
    return any(event.data.get("endpoint") not in sends for event in flow.of("provider.called"))


def groundless(flow: Flow, facts: Facts) -> bool:
    """Whether a message was given up although the record shows no reason for that: no refusal, nothing cut off."""
    failed = [event for event in flow.call_answers if not event.data.get("accepted")]
    reasons = failed or flow.unheard or flow.calls_in_flight or flow.of("callback.sent")
    return bool(flow.requests and not reasons and not facts.disturbances(flow.events[0], flow.events[-1]))


def dead_for_nothing(flow: Flow, facts: Facts, profile: Profile) -> list[Event]:
    """The dead letters of a message that nothing had gone wrong with, or that was sent all the same."""
    dead = [event for event in flow.appends if event.data.get("dead")]
    told = [event for event in flow.accepted_calls if event not in flow.unheard]
    done = told and flow.status in (profile.statuses.sent, profile.statuses.delivered)
    if done and not facts.disturbances(flow.events[0], dead[0] if dead else flow.events[-1]):
        return dead
    return dead if groundless(flow, facts) else []


def unasked(it: Account) -> list[str]:
    """Messages that went out though nobody asked the API for them, and that answer nobody who had written."""
    wrote = {str(e.data.get("from")) for flow in it.flows.values() for e in flow.of("callback.sent")}
    found = []
    for name, flow in it.flows.items():
        if flow.accepted_calls and not ours(flow) and it.fates[name] != "unexpected":
            to = [call.data.get("to") for call in flow.calls]
            people = {str(one) for value in to for one in (value if isinstance(value, list | tuple) else [value])}
            if not people & wrote:
                found.append(name)
    return found


def may_go_on(flow: Flow, facts: Facts, profile: Profile, *, rest: bool) -> bool:
    """Whether a worker, the queue or the outbox may still bring the message on."""
    history, entries = facts.history, work(flow)
    done = {e.data.get("entry") for e in flow.of("queue.acked", "queue.deleted")}
    if never_queued(flow, history, facts, profile):
        return False
    if waits(flow, profile):
        return True
    if not rest and (not entries or set(entries) - done):
        return True
    # nobody has it any more; but what a worker did last may not be written yet
    return not rest and not late(history, flow.events[-1], by=profile.policy.finished_within)


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
    """Whether every stream was counted empty after the last thing that happened to any message."""
    if profile.queue.group is None:
        return False  # without a group nobody counts what is taken and what is done
    moved = history.events("queue.appended", "database.inserted", "database.status", "provider.called")
    after = moved[-1].seq if moved else 0
    looks = {event.data.get("stream"): event for event in history.events("queue.counted", after=after)}
    return all(
        stream in looks and looks[stream].data.get("pending") == 0 and looks[stream].data.get("lag") == 0
        for stream in profile.queue.streams.values()
    )
