"""What became of every message: nothing lost, nothing invented, nothing twice without a reason (Jepsen's terms)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from harness.checks.verdict import Verdict, check, failed, passed, unknown
from harness.facts import Facts
from harness.history import Event, Flow, History
from harness.profile import Profile

NAME = "accounting"
CLAIM = "every accepted message is sent, failed or dead: none lost, none unexpected, none twice without a reason"
INBOUND = ("inbound", "parse")
"""What the mock calls a delivery of something that came in; others are reports about what went out."""
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
    "unexpected",  # nobody sent it, or it was refused, and a provider has it
]
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

    def witnesses(self, names: list[str]) -> list[Event]:
        """The decisive events of the first messages named."""
        kinds = ("api.answered", "queue.acked", "provider.answered", "callback.answered", "database.status")
        return [event for name in names[:SHOWN] for event in self.flows[name].of(*kinds)[:3]]


def account(history: History, profile: Profile, *, after: int = 0) -> Account:
    """Follows every message, of those first seen from place `after` on, to where it ended.

    A pure function; what it says of a history that isn't at rest is that messages are unfinished.
    """
    rest = at_rest(history, profile)
    facts = Facts(history)
    fates: dict[str, Fate] = {}
    taken: set[str] = set()
    recovered: list[str] = []
    duplicated: dict[str, str] = {}
    flows: dict[str, Flow] = {}
    for flow in every_flow(history, after=after):
        name, inbound = flow.id or flow.name, came_in(flow)
        flows[name] = flow
        fates[name] = fate_in(flow) if inbound else fate_out(flow, profile, rest=rest)
        if fates[name] not in ("refused", "indeterminate", "unexpected"):
            taken.add(name)
            if not inbound and flow.answers and not flow.acceptance:
                recovered.append(name)
        copies = flow.of("database.inserted") if inbound else flow.accepted_calls
        if len(copies) > 1:
            duplicated[name] = "" if inbound else excuse(flow, facts)
    return Account(fates=fates, taken=frozenset(taken), recovered=tuple(recovered), duplicated=duplicated, flows=flows)


@check(NAME, CLAIM)
def accounting(history: History, profile: Profile, *, known: Account | None = None) -> Verdict:
    """Judges a whole history at rest; `known` is its account, where the caller has it already."""
    it = known or account(history, profile)
    counts = it.counts
    balance = ", ".join(f"{counts[name]} {name}" for name in ("accepted", *GOOD) if counts[name] or name != "stored")
    for fate in ("lost", "unexpected", "unrecorded"):
        names = it.of(fate)
        if names:
            reason = f"{len(names)} {fate}: {some(names)}; {balance}"
            absent = ["provider.called", "database.status"]
            if any(came_in(it.flows[name]) for name in names):
                absent.append("database.inserted")
            return failed(NAME, CLAIM, reason, it.witnesses(names), absent=absent)
    twice = list(it.duplicated) if profile.policy.delivery == "effectively-once" else it.unexplained
    if twice:
        reason = f"{len(twice)} delivered more than once: {some(twice)}; {balance}"
        return failed(NAME, CLAIM, reason, it.witnesses(twice))
    open_ones = it.of("unfinished")
    if open_ones:
        reason = f"{len(open_ones)} not finished: {some(open_ones)}; {balance}"
        return unknown(NAME, CLAIM, reason, it.witnesses(open_ones))
    if not it.taken:
        return unknown(NAME, CLAIM, f"no message was accepted, so none could be lost ({counts['attempted']} attempted)")
    more = f", {len(it.duplicated)} duplicated and explained" if it.duplicated else ""
    return passed(NAME, CLAIM, f"{balance}, 0 lost{more}", it.witnesses(list(it.taken)[:SHOWN]))


def some(names: list[str]) -> str:
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
    return True


def came_in(flow: Flow) -> bool:
    """Whether the message came from outside, through a webhook."""
    sent = any(event.data.get("what") in INBOUND for event in flow.of("callback.sent"))
    rows = flow.of("database.inserted")
    return sent or (bool(rows) and all(event.data.get("direction") == "inbound" for event in rows))


def fate_in(flow: Flow) -> Fate:
    if flow.first("database.inserted"):
        return "stored"
    answers = [event.data.get("status") for event in flow.of("callback.answered")]
    if any(status is not None and 200 <= status < 300 for status in answers):
        return "lost"
    return "refused" if any(status is not None and 400 <= status < 500 for status in answers) else "indeterminate"


def fate_out(flow: Flow, profile: Profile, *, rest: bool) -> Fate:
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
    if status in (known.sent, known.delivered) and (delivered or profile.providers.observe == "none"):
        return "sent"
    if delivered and sampled:
        return "sent"  # its row was only looked at now and then, so it may well say so
    if any(event.data.get("dead") for event in flow.appends):
        return "dead"
    if status == known.failed:
        return "failed"
    if (status not in known.terminal and somebody_has(flow, profile, rest=rest)) or flow.calls_in_flight:
        return "unfinished"
    return "unrecorded" if delivered else "lost"


def somebody_has(flow: Flow, profile: Profile, *, rest: bool) -> bool:
    """Whether a worker, the queue or the outbox may still bring the message on."""
    if flow.status not in (None, profile.statuses.queued, "sending"):
        return True  # it waits for its retry
    work = {e.data["entry"] for e in flow.appends if not e.data.get("dead")}
    done = {e.data.get("entry") for e in flow.of("queue.acked", "queue.deleted")}
    return not rest and (not work or bool(work - done))


def excuse(flow: Flow, facts: Facts) -> str:
    """The disturbance that explains why a message was delivered twice, or ""."""
    windows = facts.disturbances(flow.calls[0], flow.accepted_calls[-1]) if flow.calls else []
    return ", ".join(dict.fromkeys(f"{window.fault} {window.target}" for window in windows))


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
