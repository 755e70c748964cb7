"""Does an entry come to its end, whatever it holds and whoever had it: poison, a dead worker's, one in other hands?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from harness.checks.lacking import unless_lacking
from harness.checks.repeats import sent_again
from harness.checks.rest import forgotten, late, unacknowledged, work
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.profile import Profile

NAME = "entry-life"
POISON = "an entry that can't be delivered keeps no other back, and ends on the dead letters"
TAKEN_UP = "what a dead worker had is taken up by a worker of another name"
MADE_AGAIN = "a consumer group that is gone is made again, and what waits on its stream is read"
IN_HAND = "what one worker has in hand no other works on"
MOST_TRIES: Final = 20
"""How often an entry that can't be delivered may be given to workers, where `[retries] attempts` doesn't say."""


@dataclass(frozen=True)
class Poison:
    """What the record shows of an entry that we have put on the queue."""

    planted: Event
    history: History
    profile: Profile

    @property
    def how(self) -> str:
        return str(self.planted.data["how"])

    @cached_property
    def events(self) -> list[Event]:
        """All that was said of it, and of what was made of it: put back, dead letters."""
        said = self.history.events("queue.appended", "queue.claimed", "queue.acked", "queue.deleted")
        return [event for event in said if event.data.get("planted") == self.planted.data["mark"]]

    def of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind and not event.data.get("dead")]

    @property
    def dead(self) -> list[Event]:
        """Its dead letters."""
        return [event for event in self.events if event.kind == "queue.appended" and event.data.get("dead")]

    @property
    def tries(self) -> list[Event]:
        """Each time that it, or what was put back of it, was given to a worker."""
        return self.of("queue.claimed")

    @property
    def finish(self) -> list[Event]:
        """What ended it, as the profile says that an entry is finished."""
        ends = self.of("queue.acked") if self.profile.queue.acknowledges else self.of("queue.deleted")
        return [*ends, *(event for event in self.of("queue.claimed") if event.data.get("noack"))]


def sent_within(before: Flow, profile: Profile) -> float:
    """Seconds after its acceptance by which a message is sent where nothing keeps it back, judged by one before it."""
    took = before.row.seen - before.begin.seen if before.statuses else 0.0
    return profile.policy.finished_within + 3 * took


@check(NAME, POISON, silence=("queue.acked",))
def poison_disposed(history: History, profile: Profile, *flows: Flow, planted: Event, must: bool) -> Answers:
    """Judges an entry that was put on a stream by us, and no worker can deliver.

    `flows` are messages of the same stream: the first was sent before it, the others after. `must` says that it has to
    end on the dead letters; one about a message that there isn't may also be dropped.
    """
    before, after = flows[0], flows[1:]
    one = Poison(planted, history, profile)
    yield from _kept_back(one, before, after)
    ends = one.finish
    what = f"an entry that {one.how}"
    most = profile.retries.attempts or MOST_TRIES
    within = profile.policy.finished_within
    if one.dead and ends:
        yield shown(f"{what} is on the dead letters, and finished", [planted, *one.tries[:1], *one.dead, *ends])
    elif len(one.tries) > most:
        yield refuted(f"{what} was given to workers {len(one.tries)} times, and never given up", [planted, *one.tries])
    elif ends and not must:
        yield shown(f"{what} is finished", [planted, *one.tries[:1], *ends])
    elif ends:
        reason = f"{what} was finished, and no dead letter tells of it"
        if late(history, *ends, by=within):
            yield refuted(reason, [planted, *one.tries[:1], *ends], absent=["queue.appended"])
        else:
            yield undecided(f"{reason} yet", [planted, *ends], absent=["queue.appended"])
    else:
        yield from _not_finished(one, what, within)


def _not_finished(one: Poison, what: str, within: float) -> Answers:
    absent = ["queue.acked" if one.profile.queue.acknowledges else "queue.deleted"]
    first = one.tries[0] if one.tries else one.planted
    letter = ", though its dead letter is written" if one.dead else ", and no dead letter tells of it"
    reason = f"{what} is not finished{letter}"
    witnesses = [one.planted, *one.tries, *one.dead]
    if len(one.tries) > 1 and not one.dead:
        fix = "[retries] attempts: from how many tries on it is wrong"
        yield undecided(f"{reason}; it was given to workers {len(one.tries)} times", witnesses, remedy=fix)
    elif late(one.history, *(one.dead[-1:] or [first]), by=within):
        yield refuted(reason, witnesses, absent=[*absent, *([] if one.dead else ["queue.appended"])])
    else:
        yield undecided(f"{reason} yet", witnesses, absent=absent)


def _kept_back(one: Poison, before: Flow, after: Sequence[Flow]) -> Answers:
    """Whether messages behind it on its stream are sent, where one before it was."""
    profile, history = one.profile, one.history
    words = profile.statuses
    behind = f"behind an entry that {one.how}"
    if before.status not in words.terminal:
        yield undecided("a message before it wasn't sent either, so it shows nothing", before.events[-1:])
        return
    nobody = Facts(history).no_consumer()
    left = [flow for flow in after if flow.status not in words.terminal]
    if left and nobody:
        yield refuted(f"a message {behind} isn't sent: {nobody}", [one.planted, *left[0].events[:3]])
    elif left:
        by = sent_within(before, profile)
        overdue = late(history, left[0].taken, by=by)
        reason = f"{len(left)} of {len(after)} messages {behind} are not sent"
        absent = ["database.status"]
        if left[0].taken and overdue:
            yield refuted(f"{reason} after {by:.0f} s", [one.planted, *left[0].events[:3]], absent=absent)
        else:
            yield undecided(f"{reason} yet", [one.planted, *left[0].events[:3]], absent=absent)


@check(NAME, TAKEN_UP, silence=("queue.acked",))
def taken_up(history: History, flow: Flow, profile: Profile, *, gone: Sequence[str]) -> Answers:
    """Judges one message whose worker was killed with it in hand; `gone` are the names that nobody has any more."""
    yield from unless_lacking(_taken_up(Facts(history), flow, profile, gone), profile, "takeover")


def _taken_up(facts: Facts, flow: Flow, profile: Profile, gone: Sequence[str]) -> Answers:
    history, within = facts.history, profile.policy.taken_up_within
    nobody, who = facts.no_consumer(), ", ".join(gone)
    lost = forgotten(flow)
    done = [event for event in (*flow.claims, *flow.acks, *flow.deletes) if event not in lost]
    others = [event for event in done if event.data.get("process") not in (None, *gone)]
    kills = [w for w in facts.windows("kill", target="worker") if flow.events and w.began.seen > flow.begin.seen]
    if nobody:
        yield refuted(nobody, [*flow.appends, *flow.claims])
    elif lost and not others:
        by = lost[0].data.get("process") or "somebody"
        yield refuted(f"what {who} had was forgotten with its consumer, which {by} deleted", [*flow.claims, *lost])
    elif not work(flow):
        yield undecided("nothing of it was seen on its queue", flow.events[-3:], absent=["queue.appended"])
    elif others and not unacknowledged(flow, profile):
        reason = f"{others[0].data['process']} took up what {who} had"
        yield shown(reason, [*flow.claims[:1], others[0], *flow.acks[-1:]])
    elif others:
        reason = f"{others[0].data['process']} took it up, and has not finished it"
        yield undecided(reason, [*flow.claims[:1], others[0]], absent=["queue.acked"])
    elif kills and unacknowledged(flow, profile) and late(history, kills[0].ended, by=within):
        reason = f"nobody has taken up what {who} had, {within:g} s after its end"
        yield refuted(reason, [*flow.claims, kills[0].began], absent=["queue.claimed", "queue.acked"])
    else:
        yield undecided(f"nobody was seen to take up what {who} had", flow.events[-3:], absent=["queue.claimed"])


@check(NAME, IN_HAND, silence=("provider.called",))
def in_one_hand(history: History, flow: Flow, profile: Profile) -> Answers:
    """Judges one message that a worker was at work on while others were free to take it."""
    yield from unless_lacking(_in_one_hand(Facts(history), flow, profile), profile, "several_workers")


def _in_one_hand(facts: Facts, flow: Flow, profile: Profile) -> Answers:
    calls, taken = flow.accepted_calls, list(dict.fromkeys(e.data.get("process") for e in flow.claims))
    why = sent_again(flow, facts) if len(calls) > flow.messages and not given_anew(flow, facts) else None
    if not calls:
        yield undecided(f"it is {flow.status or 'not stored'}, and no provider has it", flow.events[-3:])
    elif len(calls) <= flow.messages:
        by = f" by {taken[0]}" if len(taken) == 1 and taken[0] else ""
        yield shown(f"{len(calls)} call{by}, of {facts.most('worker', calls[-1])} workers", [*flow.claims, *calls])
    elif why and profile.policy.delivery != "effectively-once":
        yield undecided(f"{len(calls)} calls were accepted; {why[0]} explains it", [why[1], *calls])
    else:
        by = f": {' and '.join(map(str, taken))} had it in hand at once" if len(taken) > 1 else ""
        reason = f"{len(calls)} calls were accepted for one message that a worker had in hand{by}"
        yield refuted(reason, [*flow.claims, *flow.calls, *calls])


def given_anew(flow: Flow, facts: Facts) -> bool:
    """Whether an entry was read as new by two consumers, with nobody disturbed in between.

    A group gives each entry as new once: who reads it again so has another group, or has made that one anew.
    """
    first: dict[object, Event] = {}
    for claim in flow.claims:
        if claim.data.get("how") != "read":
            continue
        before = first.setdefault(claim.data.get("entry"), claim)
        other = before.data.get("consumer") != claim.data.get("consumer")
        if other and not facts.disturbances(before, claim):
            return True
    return False


@check(NAME, MADE_AGAIN)
def made_again(history: History, flow: Flow, profile: Profile, *, lost: Event) -> Answers:
    """Judges one message that was put on its stream when the group of its workers was `lost`."""
    nobody, within = Facts(history).no_consumer(), profile.policy.recovers_within
    claims = [event for event in flow.claims if event.seq > lost.seq]
    if nobody:
        yield refuted(nobody, [lost, *flow.appends])
    elif flow.status in profile.statuses.terminal and claims:
        yield shown(f"its group was made again, and it is {flow.status}", [lost, claims[0], flow.row])
    elif not claims and flow.taken and late(history, lost, flow.taken, by=within):
        reason = f"its group was deleted, and {within:g} s later nobody has made it again and read what waits"
        yield refuted(reason, [lost, flow.taken, *flow.appends], absent=["queue.claimed"])
    else:
        yield undecided(f"it is {flow.status or 'not stored'}", [lost, *flow.events[-3:]], absent=["database.status"])
