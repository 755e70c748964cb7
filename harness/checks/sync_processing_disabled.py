"""Is the API asynchronous in what it does? Observed while every worker is held, not read from a setting."""

from __future__ import annotations

from itertools import takewhile
from math import inf

from harness.checks.lacking import not_accepted
from harness.checks.lifecycle import no_step
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.history.windows import Window
from harness.profile import Profile, Statuses

NAME = "sync-processing-disabled"
CLAIM = "with every worker held, the API accepts a message as pending and no provider is called"
ATTACHED = "[processes.worker] pid_file, or match, names every worker"


@check(NAME, CLAIM, silence=("provider.called",))
def sync_processing_disabled(history: History, flow: Flow, profile: Profile) -> Answers:
    """Judges one message that was sent while the workers were held."""
    yield from _waited_for_workers(history, flow, profile)
    taken = flow.acceptance
    if taken is None:
        yield not_accepted(flow, profile)
        return
    window = held(history, taken)
    if window is None:
        yield undecided("the message was not accepted while the workers were held", [taken])
        return
    first, ends = first_steps(profile.statuses)
    # a row that the API moves on to another step before the work shows nothing of who does that
    moved = [e for value, e in flow.statuses if value in ends and window.covers(e)]
    calls = [event for event in flow.calls if window.covers(event)]
    other = somebody_else(history, flow, window)
    for found, what in ((calls, "a provider was called"), (moved, "the row moved on")):
        if found and other:
            reason = f"{what} while the workers were held, but {other}"
            attached = profile.deploy.driver == "attached"
            remedy = ATTACHED if attached else '[processes.NAME] role = "worker" for each that does the work'
            yield undecided(reason, [taken, *found], remedy=remedy)
    if calls and not other:
        yield refuted("a provider was called while every worker was held: the API did it", [taken, *calls])
    if moved and not other:
        yield refuted(f"the row became {moved[0].data['new']} while every worker was held", [taken, *moved])
    said = taken.data.get("message_status")
    if said is None:
        if profile.send.of(taken.data.get("channel", "sms")).status:
            remedy = '[send] status: where in the answer it stands, or "" where none does'
            yield undecided("the API's answer says no status", [taken], remedy=remedy)
    elif said in ends and not other:
        yield refuted(f"the API answered status {said!r} while every worker was held", [taken])
    elif said not in first | ends:
        reason = f"the API answered status {said!r}, a word that the profile doesn't know"
        yield undecided(reason, [taken], remedy=f"[statuses] order, with {said!r}")
    rows = [e for value, e in flow.statuses if value in first and window.covers(e)]
    if not rows:
        yield from no_step(flow, profile)
        yield undecided("no row of it was seen while the workers were held", [taken])
    else:
        answered = f"answered {said}" if said else "accepted"
        reason = f"{answered}, row {' → '.join(e.data['new'] for e in rows)}, 0 provider calls while held"
        yield shown(reason, [window.began, taken, *rows])


def first_steps(statuses: Statuses) -> tuple[set[str], set[str]]:
    """The statuses that a message may have before it is sent, and those that say that it was, or never will be."""
    ends = {statuses.sent, statuses.delivered, statuses.failed}
    first = {statuses.queued, *takewhile(lambda name: name not in ends, statuses.order)}
    return first - ends, {*statuses.order, *ends} - first


def _waited_for_workers(history: History, flow: Flow, profile: Profile) -> Answers:
    """An API that answers nobody while every worker is held, and at once otherwise, waits for what they do."""
    request, answer, sent = first(flow.requests), first(flow.answers), profile.statuses.sent
    window = held(history, request) if request else None
    if request is None or window is None or window.ended is None or (answer and window.covers(answer)):
        return
    waited = window.ended.seen - request.seen
    reason = f"the API did not answer while every worker was held ({waited:.1f} s)"
    witnesses = [window.began, request, window.ended, *flow.answers]
    moved = [event for value, event in flow.statuses if value == sent and event.seen >= window.ended.seen]
    if not (flow.acceptance and moved and waited >= profile.waits.within):
        yield undecided(reason, witnesses)
    elif slowest(history) < waited / 2:
        yield refuted(f"{reason}, and did once they went on: it waits for them", [*witnesses, moved[0]])
    else:
        yield undecided(f"{reason}; whether it waits for them, others' answers don't tell", witnesses)


def first(events: list[Event]) -> Event | None:
    return next(iter(events), None)


def slowest(history: History) -> float:
    """Seconds that the API took at most for a send that nothing of ours kept waiting; infinite where there is none."""
    windows = Facts(history).windows("hold", "gate")
    asked = {event.data.get("request"): event for event in history.events("api.requested")}
    took = [
        answer.seen - asked[answer.data["request"]].seen
        for answer in history.events("api.answered")
        if answer.data.get("operation") == "send"
        and answer.data.get("request") in asked
        and not any(w.covers(answer) or w.covers(asked[answer.data["request"]]) for w in windows)
    ]
    return max(took, default=inf)


def held(history: History, event: Event) -> Window | None:
    """The hold of the workers that an event fell into."""
    return next((w for w in Facts(history).windows("hold", target="worker") if w.covers(event)), None)


def somebody_else(history: History, flow: Flow, window: Window) -> str | None:
    """Who beside the API may have done what was done during a hold, in words; None where nobody can have.

    What is on no stream nobody was told of; what was taken by the held workers alone was taken before or after.
    """
    facts = Facts(history)
    missed = window.ended.data.get("missed") if window.ended else None
    if missed:
        return f"{', '.join(missed)} went on working: the hold missed it"
    if not flow.appends:
        if facts.all_are("api", "worker"):
            return None  # whoever was told: of ours the API alone went on
        hidden = facts.unseen("queue.appended", since=window.began.seq)
        return f"whether somebody else was told of it can't be seen ({hidden.reason})" if hidden else None
    if facts.manages_processes and facts.named("worker"):
        return None  # all that there are are ours, and stood still
    takers = [*flow.claims, *flow.acks]
    names = {str(e.data.get("process") or "") for e in takers}
    told = names & set(window.began.data.get("unsure", ()))
    if told:
        return f"its entry was taken by {min(told)}, which a command was to hold, and which wasn't seen to stand still"
    if names - set(window.began.data.get("members", ())) or not takers:
        return "its entry was taken by a process that the profile doesn't name: the hold may have missed a worker"
    return None
