"""What became of every message: nothing lost, nothing invented, nothing twice without a reason (Jepsen's terms)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from harness.checks.fates import FAULTS, Fate, at_rest, dead_for_nothing, fate_in, fate_out, groundless
from harness.checks.lacking import doubtful, lacking
from harness.checks.lifecycle import no_step
from harness.checks.repeats import sent_again
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.history.flow import INBOUND, came_in
from harness.history.reading import nothing_is_waste
from harness.profile import Profile

NAME = "accounting"
CLAIM = "every accepted message is sent, failed or dead: none lost, none unexpected, none twice without a reason"
SHOWN = 20

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
    after: int = 0
    """The place in the history from which on it counts."""

    def as_asked(self) -> dict[str, Any]:
        return {"is": "account", "after": self.after}

    def of(self, fate: Fate) -> list[str]:
        return [name for name, its in self.fates.items() if its == fate]

    @property
    def counts(self) -> dict[str, int]:
        """Every number of the account, in the order of the story."""
        ended = Counter(self.fates.values())
        found = {"attempted": len(self.fates) - ended["unexpected"], "accepted": len(self.taken)}
        found |= {fate: ended[fate] for fate in get_args(Fate)}
        return found | {
            "recovered": len(self.recovered),
            "duplicated": len(self.duplicated),
            "unexplained": len(self.unexplained),
        }

    @property
    def accepted(self) -> list[str]:
        """Those for which the stack took responsibility, in order of first sight."""
        return [name for name in self.fates if name in self.taken]

    @property
    def unexplained(self) -> list[str]:
        return [name for name, why in self.duplicated.items() if not why]

    @property
    def widest(self) -> int:
        """How many messages the most common fault of the account concerns."""
        return max(*(len(self.of(fate)) for fate in FAULTS), len(self.unexplained))

    def witnesses(self, names: list[str]) -> list[Event]:
        """The decisive events of the first messages named; where one has none of those, its first."""
        kinds = ("api.answered", "queue.acked", "provider.answered", "callback.answered", "database.status")
        flows = [self.flows[name] for name in names[:SHOWN]]
        return [event for flow in flows for event in (flow.of(*kinds) or flow.events)[:3]]


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
    return Account(
        fates=fates,
        taken=frozenset(taken),
        recovered=tuple(recovered),
        duplicated=duplicated,
        flows=flows,
        after=after,
    )


def ours(flow: Flow) -> bool:
    """Whether a message is of the harness's own making."""
    made = any(event.source == "load" for event in flow.appends)
    return bool(flow.requests or flow.of("callback.sent") or made)


def twice(flow: Flow, profile: Profile) -> bool:
    """Whether a message was delivered more often than it should be, by its calls, or by its row.

    A row that names two provider ids, or came to `sent` twice, was sent twice, whoever saw the calls.
    """
    if came_in(flow):
        # replies that quote the same text are told apart by what the provider calls them
        came = {event.data.get("message") for event in flow.of("callback.sent") if event.data.get("what") in INBOUND}
        return len(flow.of("database.inserted")) > max(len(came), 1)
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
        fix = next((one.remedy for name in open_ones for one in no_step(it.flows[name], profile)), "")
        yield undecided(reason, it.witnesses(open_ones), absent=absent, remedy=fix)
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
        yield undecided(reason, it.witnesses(it.accepted), remedy=hidden.remedy)
    told = f", {len(it.duplicated)} duplicated and explained" if it.duplicated else ""
    yield shown(f"{balance}, 0 lost{told}", it.witnesses(it.accepted))


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
    """The first names, and how many more there are; of a message without an id what else it is known by."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    known_by = (name.removeprefix("token:").removeprefix("provider:").removeprefix("reply:") for name in names[:SHOWN])
    return ", ".join(known_by) + more


def every_flow(history: History, *, after: int = 0) -> Iterable[Flow]:
    """Each message first seen from place `after` on, once, in order of first sight."""
    return begun(history, after=after) if after else history.kept(all_flows)


def all_flows(history: History) -> list[Flow]:
    with nothing_is_waste():
        return list(begun(history))


def begun(history: History, *, after: int = 0) -> Iterator[Flow]:
    covered: set[int] = set()
    kinds = ("api.requested", "queue.appended", "database.inserted", "provider.answered", "callback.sent")
    for event in history.events(*kinds, after=after):
        if event.seq in covered or not event.keys or not begins(event):
            continue
        flow = Flow(history.flow(event.keys[0]), name=event.keys[-1])
        covered.update(one.seq for one in flow.events)
        if flow.begin.seq >= after:
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
