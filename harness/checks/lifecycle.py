"""How a message's status may move, and in what order against its provider call."""

from __future__ import annotations

from itertools import pairwise

from harness.checks.repeats import first_generation, sent_again
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.profile import Profile, Statuses

FORWARD = "the status of a message only moves forward"
EARNED = "a message is `sent` only after the provider accepted it"


def backward_moves(flow: Flow, statuses: Statuses) -> list[Event]:
    """The transitions that went back in the profile's order; alternation within a cycle is allowed.

    A status that the profile doesn't know has no place in its order, so nothing is said of it.
    """
    rank = {name: place for place, name in enumerate(statuses.order)}
    rank.setdefault(statuses.failed, len(rank))
    wrong = []
    for moves in rows(flow):
        for (before, _), (after, event) in pairwise((value, event) for value, event in moves if value in rank):
            if before == after or any(before in cycle and after in cycle for cycle in statuses.cycles):
                continue
            if before == statuses.failed or (after != statuses.failed and rank[after] < rank[before]):
                wrong.append(event)
    return wrong


def moved_back(flow: Flow, facts: Facts, profile: Profile) -> list[Event]:
    """The transitions that went back without a reason: who does again what it may moves the row once more, too."""
    wrong = backward_moves(flow, profile.statuses)
    if not wrong:
        return []
    again = max(len(flow.accepted_calls), len(first_generation(flow))) > flow.messages
    allowed = again and profile.policy.delivery == "at-least-once"
    return [] if allowed and sent_again(flow, facts) else wrong


def rows(flow: Flow) -> list[list[tuple[str, Event]]]:
    """The statuses of a flow row by row: the same text sent twice without an idempotency key is two rows."""
    found: dict[str | None, list[tuple[str, Event]]] = {}
    for value, event in flow.statuses:
        found.setdefault(event.message_id, []).append((value, event))
    return list(found.values())


def strange(flow: Flow, statuses: Statuses) -> list[str]:
    """The statuses of a flow that the profile doesn't know."""
    known = {*statuses.order, statuses.failed, statuses.inbound, *(name for cycle in statuses.cycles for name in cycle)}
    return list(dict.fromkeys(value for value, _ in flow.statuses if value not in known))


def no_step(flow: Flow, profile: Profile) -> Answers:
    """What can't be said of a message whose row says a word that the profile doesn't know; nothing for other rows."""
    word = flow.status
    if word in strange(flow, profile.statuses):
        reason = f"the row says {word!r}, a word that the profile doesn't know"
        yield undecided(reason, [flow.row], remedy=f"[statuses], with {word!r} among its words")


def sampled(flow: Flow) -> bool:
    """Whether its statuses were only looked at now and then, so that any may have been missed."""
    return any(event.data.get("sampled") for _, event in flow.statuses)


def trail(flow: Flow) -> str:
    """Its statuses in order, for a reason."""
    return " → ".join(value for value, _ in flow.statuses)


@check("forward-only", FORWARD, silence=("database.status",))
def forward_only(history: History, flow: Flow, profile: Profile) -> Answers:
    """Judges the statuses of one message, in the order of `[statuses]`."""
    if not flow.statuses:
        yield undecided("no status of it was recorded")
        return
    wrong = moved_back(flow, Facts(history), profile)
    if wrong:
        yield refuted(f"it moved back: {trail(flow)}", wrong)
    elif sampled(flow):
        yield undecided(f"the status was only sampled ({trail(flow)}); a move back may have been missed")
    elif unknown := strange(flow, profile.statuses):
        reason = f"the profile doesn't say where {', '.join(map(repr, unknown))} stands ({trail(flow)})"
        yield undecided(reason, [event for _, event in flow.statuses], remedy="[statuses] order")
    else:
        yield shown(trail(flow), [event for _, event in flow.statuses])


@check("sent-is-earned", EARNED)
def sent_is_earned(history: History, flow: Flow, profile: Profile) -> Answers:
    """Judges the first `sent` of one message against the provider's answers."""
    return earned_by(flow, Facts(history), profile)


def earned_by(flow: Flow, facts: Facts, profile: Profile) -> Answers:
    """What is to be said of the first `sent` of one message."""
    first = next((event for value, event in flow.statuses if value == profile.statuses.sent), None)
    if first is None:
        yield undecided(f"it was never sent (status {flow.status})")
        return
    if not flow.accepted_calls:
        reason = "it is `sent`, and no provider ever accepted it"
        yield refuted(reason, [first, *flow.calls], absent=["provider.answered"])
        return
    if first.data.get("sampled"):
        yield undecided("the status was only sampled; when it became sent isn't known", [first])
        return
    orders = [(event, facts.earlier(event, first)) for event in flow.accepted_calls]
    earned = [event for event, before in orders if before]
    open_ones = any(before is None for _, before in orders)
    named = given_by(flow, first) if open_ones else None
    if earned:
        yield shown(f"accepted {(first.at - earned[0].at) * 1000:.1f} ms earlier", [earned[0], first])
    elif named:
        yield shown("its row had the id that the provider gave it as it accepted", [named, first])
    elif open_ones and "until" in first.data:
        reason = "the acceptance was at about the time of the row, and the database doesn't say when that was committed"
        fix = "track_commit_timestamp = on in PostgreSQL; [database] columns, with the provider_id"
        yield undecided(reason, [first, *flow.accepted_calls], remedy=fix)
    elif open_ones:
        reason = "the clocks of database and provider are not known well enough to say which was first"
        yield undecided(reason, [first, *flow.accepted_calls])
    else:
        late = flow.accepted_calls[0]
        reason = f"it was `sent` {(late.at - first.at) * 1000:.1f} ms before the acceptance"
        yield refuted(reason, [first, late], absent=["provider.answered"])


def given_by(flow: Flow, row: Event) -> Event | None:
    """The acceptance whose id a row has: it can't be older than that, whatever the clocks say."""
    kept = row.data.get("provider_id")
    given = [event for event in flow.accepted_calls if event.data.get("message")]
    return next((event for event in given if kept and str(event.data["message"]) in str(kept)), None)
