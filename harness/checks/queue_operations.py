"""Does the queue itself behave: an entry while nobody takes it, nothing of it left at rest?"""

from __future__ import annotations

from collections.abc import Sequence

from harness.checks.lifecycle import no_step
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.history.windows import Window
from harness.profile import Profile

NAME = "queue-operations"
CLAIM = "a message's entry stands on its stream while the workers are held, and is finished at rest as the profile says"


@check(NAME, CLAIM)
def queue_operations(history: History, flow: Flow, profile: Profile, *, held: Event, at_rest: Event) -> Answers:
    """Judges two looks of Redis at a message's own entries: while the workers are held, and at rest.

    What else stands on the stream, a backlog or a neighbour's entries, is none of its business.
    """
    looks = [held, at_rest]
    entries = [str(event.data["id"]) for event in flow.appends if not event.data.get("dead")]
    if not entries:
        reason = "nothing was queued, so the queue shows nothing of it"
        yield undecided(reason, [*flow.answers, *looks], absent=["queue.appended"])
        return
    nobody = Facts(history).no_consumer()
    if nobody:
        yield refuted(f"its entry stays on the {profile.queue.place}: {nobody}", looks)
        return
    yield from _while_held(flow, profile, entries[0], held, history)
    yield from _at_rest(flow, profile, entries, at_rest, handed=stood(held, entries[0], profile) is False)


def _while_held(flow: Flow, profile: Profile, entry: str, held: Event, history: History) -> Answers:
    facts, place = Facts(history), profile.queue.place
    window = next((w for w in facts.windows("hold", target="worker") if w.covers(held)), None)
    missed = window.ended.data.get("missed") if window and window.ended else None
    stands = stood(held, entry, profile)
    if window is None:
        yield undecided("the workers were not held", [held])
    elif missed:
        yield undecided(f"the hold missed {', '.join(missed)}", [held])
    elif stands is None:
        yield undecided(refused(held, f"whether its entry stood on the {place} while held"), [held])
    elif not stands and flow.entry.seq < held.seq and not _handed_over(flow, profile, window):
        reason = f"its entry was gone from the {place} while every worker was held"
        takers = [event for event in (*flow.deletes, *flow.acks) if event.seen <= held.seen]
        others = [event for event in takers if facts.role(event.data.get("process") or "") != "worker"]
        if others:
            who = others[0].data.get("process") or "a process that the profile doesn't name"
            yield undecided(f"{reason}: {who} took it away", [flow.entry, *others, held])
        elif not takers and (trim := trimmed(history, flow.entry)) and state(held, entry, "pending") is False:
            # Redis itself was asked: nobody was given it, and which entries a trim takes needn't be told for that
            yield refuted(f"{reason}: the stream was trimmed, and nobody had been given it", [flow.entry, trim, held])
        else:
            yield refuted(
                reason,
                [flow.entry, *takers, held],
                absent=[] if takers else ["queue.deleted", *(["queue.claimed"] if profile.queue.leaves else [])],
            )
    elif not stands and flow.entry.seq >= held.seq:
        yield undecided("its entry came after the look: nothing was seen of it while held", [held, flow.entry])


def trimmed(history: History, entry: Event) -> Event | None:
    """What tells that an entry's stream is trimmed by the stack."""
    gaps = [gap for gap in history.events("probe.gap") if gap.data.get("trimmed")]
    return next((gap for gap in gaps if gap.data.get("stream") == entry.data.get("stream")), None)


def _handed_over(flow: Flow, profile: Profile, hold: Window) -> bool:
    """Whether a held worker had asked before: Redis gives an element to a pop that waits, whoever may read that."""
    given = [event for event in flow.claims if hold.covers(event)] if profile.queue.leaves else []
    members = hold.began.data.get("members", ())
    return bool(given) and all(event.data.get("process") in members for event in given)


def _at_rest(flow: Flow, profile: Profile, entries: Sequence[str], look: Event, *, handed: bool) -> Answers:
    queue, end = profile.queue, flow.row if flow.statuses else None
    if flow.status not in profile.statuses.terminal:
        yield from no_step(flow, profile)
        yield undecided(f"it is still {flow.status}", [*flow.appends, look])
        return
    # by the time of the look itself: what it saw is no news of later
    last = max(event.seen for event in (*flow.acks, *([end] if end else flow.appends)))
    overdue = look.seen - last >= profile.policy.finished_within
    for name, matters in (("pending", queue.acknowledges), ("present", queue.leaves or queue.deletes is not False)):
        left = [entry for entry in entries if state(look, entry, name)]
        dark = [entry for entry in entries if state(look, entry, name) is None]
        what = "pending" if name == "pending" else f"on the {queue.place}"
        if not matters:
            continue
        if dark:
            yield undecided(refused(look, f"whether its entry is still {what}"), [look])
        elif left and name == "present" and queue.deletes is None:
            yield undecided(
                f"its entry stays on the {queue.place}", [*flow.appends, look], remedy="[queue] finish says whether"
            )
        elif left and overdue:
            yield refuted(f"at rest its entry is still {what}", [*flow.appends, *flow.acks, look])
        elif left:
            yield undecided(f"its entry is still {what}, and the profile allows for that yet", [*flow.appends, look])
    if queue.base == "pubsub":
        remedy = "nothing: a channel keeps nothing, and its subscribers say nothing of what they were given"
        yield undecided("what a channel has carried can't be looked at afterwards", [look], remedy=remedy)
    elif queue.base == "stream" and queue.group is None:
        remedy = "nothing: without a consumer group Redis keeps no list of what was handled"
        yield undecided("without a consumer group neither pending list nor lag can be read", [look], remedy=remedy)
    told = ", ".join(f"{n} {look.data[n]}" for n in ("length", "pending", "lag") if look.data.get(n) is not None)
    first = "handed to a held worker alone" if handed else f"on the {queue.place} while held"
    yield shown(f"{first}; finished at rest{f' ({told})' if told else ''}", [look])


def state(look: Event, entry: str, name: str) -> bool | None:
    """What Redis said of an entry (`present`, `pending`); None where it wasn't asked, or refused to say."""
    said = (look.data.get("entries") or {}).get(entry, {}).get(name)
    return said if isinstance(said, bool) else None


def stood(look: Event, entry: str, profile: Profile) -> bool | None:
    """Whether an entry stood on its queue, or where those stand that were given to somebody: nobody has finished it."""
    present = state(look, entry, "present")
    given = state(look, entry, "pending") if profile.queue.leaves else None
    return True if given else present


def refused(look: Event, what: str) -> str:
    said = look.data.get("refused")
    why = f": Redis refuses {', '.join(f'{n} ({text})' for n, text in said.items())}" if said else ""
    return f"{what} can't be said{why}"
