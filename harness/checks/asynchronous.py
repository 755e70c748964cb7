"""Is the stack asynchronous? Three independent proofs; none of them depends on who is faster.

That the API answered before the provider was called is not among them: a fast worker breaks it too.
"""

from __future__ import annotations

from harness.checks.lacking import failed_wrongly, not_accepted
from harness.checks.rest import late, work
from harness.checks.sync_processing_disabled import held, sync_processing_disabled
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.profile import Profile

NAME = "asynchronous"
HOLD = "held workers keep a message pending and in the stream; released, they send it"
ORDER = "with the answer to the API's XADD withheld, the worker sends the message before the API can answer"
WORKER = "[processes.worker] in the profile names the worker, if it is a process of its own"
ACTORS = "one process puts the entry on the stream, another takes and acknowledges it, and the call lies between"


NAMES = "[processes.api] and [processes.worker] name them, by pid_file or match"


def unnamed(profile: Profile) -> bool:
    """Whether a stack that runs already has processes whose numbers its profile doesn't say."""
    named = {process.role for process in profile.processes.values() if process.found_by}
    return profile.deploy.driver == "attached" and not named >= {"api", "worker"}


@check(NAME, HOLD, silence=("provider.called",))
def proof_by_hold(history: History, flow: Flow, profile: Profile) -> Answers:
    """Proof 1, conclusive: nothing but a worker can be doing the work, since without one nothing is done."""
    inner = sync_processing_disabled(history, flow, profile)
    if inner.outcome != "pass":
        yield inner
    window = held(history, flow.acceptance) if flow.acceptance else None
    if window is None:
        return
    missed = window.ended.data.get("missed") if window.ended else None
    entries = [event for event in flow.appends if window.covers(event)]
    gone = [event for event in (*flow.acks, *flow.deletes) if window.covers(event)]
    if gone and not missed:
        yield refuted(f"its entry left the {profile.queue.place} while every worker was held", [*entries, *gone])
    if not entries and profile.queue.base != "none":
        yield from _not_yet_queued(history, flow, profile, window.began)
    if window.ended is None:
        yield undecided("the workers are still held", inner.witnesses)
    else:
        yield from _sent_after(window.ended, flow, history, profile, [*inner.witnesses, *entries])


def _not_yet_queued(history: History, flow: Flow, profile: Profile, began: Event) -> Answers:
    """No entry in the hold: a relay may append a moment after the answer, but not later than the profile says."""
    if flow.appends:
        return
    shown_by = [began, *flow.answers]
    if late(history, flow.taken, by=profile.policy.queued_within) or flow.status in profile.statuses.terminal:
        yield refuted(f"it was never put on a {profile.queue.place}", shown_by, absent=["queue.appended"])
    else:
        yield undecided("no entry of it was seen yet", shown_by, absent=["queue.appended"])


def _sent_after(released: Event, flow: Flow, history: History, profile: Profile, before: list[Event]) -> Answers:
    sent = [e for value, e in flow.statuses if value == profile.statuses.sent and e.seen >= released.seen]
    nobody = Facts(history).no_consumer()
    if sent:
        delay = (sent[0].seen - released.seen) * 1000
        yield shown(f"pending while held, sent {delay:.0f} ms after the release", [*before, released, sent[0]])
    elif nobody:
        yield refuted(f"released, it was not sent: {nobody}", [*before, released])
    elif flow.status == profile.statuses.failed:
        failed = refuted("released, it failed", [*before, released, flow.row])
        yield failed_wrongly(flow, profile, failed)
    elif profile.statuses.sent not in [value for value, _ in flow.statuses]:
        yield undecided(f"released, it was not sent in time (status {flow.status})", [*before, released])


@check(NAME, ORDER)
def proof_by_order(history: History, flow: Flow, profile: Profile) -> Answers:
    """Proof 2: the interleaving that fools a script that looks once, made on purpose."""
    facts, place, put = Facts(history), profile.queue.place, profile.queue.put
    window = next((w for w in facts.windows("gate", target="api") if flow.events and w.covers(flow.begin)), None)
    if window is None:
        yield undecided(f"the API's {profile.queue.put} was not gated", flow.answers)
        return
    number = window.began.data["number"]
    hits = [e for e in history.events("fault.hit", after=window.began.seq) if e.data.get("gate") == number]
    sent = [e for value, e in flow.statuses if value == profile.statuses.sent]
    if flow.answers and not flow.taken:
        yield not_accepted(flow, profile)
        return
    if not work(flow) and sent:
        reason = f"it went to the end without any entry on the {profile.queue.place}"
        yield refuted(reason, [*flow.answers, *flow.calls, *sent], absent=["queue.appended"])
    elif not work(flow) and late(history, flow.taken, by=profile.policy.queued_within):
        yield refuted(f"it was never put on a {profile.queue.place}", flow.answers, absent=["queue.appended"])
    if not hits:
        reason = f"the gate was never reached: it is not the API that puts it on the {place}, or not by {put}"
        yield undecided(reason, [window.began])
        return
    nobody = facts.no_consumer()
    if sent and window.covers(sent[0]):
        answered = [event for event in flow.answers if event.seen < sent[0].seen]
        if answered:
            reason = f"the API answered although its {put} was withheld; that order wasn't made"
            yield undecided(reason, answered)
        else:
            reason = f"sent while the API was still waiting for its {put}"
            yield shown(reason, [hits[0], sent[0], *flow.answers])
    elif nobody:
        yield refuted(f"its entry was never taken: {nobody}", [hits[0]])
    elif sent:
        yield undecided("it was sent only after the gate was opened", [hits[0], *sent])
    else:
        unsent = undecided(f"it was not sent while the gate was closed (status {flow.status})", [hits[0]])
        yield failed_wrongly(flow, profile, unsent)


@check(NAME, ACTORS, silence=("provider.called",))
def proof_by_actors(history: History, flow: Flow, profile: Profile) -> Answers:
    """Proof 3: who did it."""
    facts, place = Facts(history), profile.queue.place
    if not flow.taken:
        yield not_accepted(flow, profile)
        return
    if not flow.appends:
        if flow.status in profile.statuses.terminal:
            reason = f"nobody took it from a {profile.queue.place}: it was sent without ever being queued"
            yield refuted(reason, [*flow.answers, *flow.calls], absent=["queue.appended"])
        elif late(history, flow.taken, by=profile.policy.queued_within):
            yield refuted(f"it was never put on a {profile.queue.place}", flow.answers, absent=["queue.appended"])
        else:
            yield undecided(f"no entry of it was seen on a {place}", flow.answers, absent=["queue.appended"])
        return
    entry = flow.entry
    appender = entry.data.get("process")
    takers = {str(e.data["process"]) for e in (*flow.claims, *flow.acks) if e.data.get("process")}
    nobody = facts.no_consumer()
    if not takers and nobody:
        yield refuted(f"nobody took its entry: {nobody}", [entry])
    elif not appender or not takers:
        hidden = facts.unseen("queue.claimed", "queue.acked", since=entry.seq)
        remedy = NAMES if unnamed(profile) else hidden.remedy if hidden else WORKER
        yield undecided("which processes spoke to Redis can't be seen here", [entry], remedy=remedy)
    elif appender in takers and facts.role(appender) != "worker":
        done = [e for e in (*flow.claims, *flow.acks) if e.data.get("process") == appender]
        if facts.named("worker"):
            yield refuted(f"{appender} took the entry that it had put on the {place} itself", [entry, *done])
        else:
            # its name is that of all that it has started, and a worker may be among them
            reason = f"{appender}, or what it started, put the entry on the {place} and took it"
            yield undecided(f"{reason}; the profile has no [processes.worker]", [entry, *done], remedy=WORKER)
    else:
        yield from _call_between(flow, facts, profile, entry, takers)


def _follows(profile: Profile) -> bool:
    """Whether all that can be said of a call's place is that it follows the delivery."""
    return profile.queue.finish_first or not profile.queue.acknowledges


def _call_between(flow: Flow, facts: Facts, profile: Profile, entry: Event, takers: set[str]) -> Answers:
    start, end = (flow.claims or [entry])[0], flow.finish or next(iter(flow.deletes[-1:]), None)
    who = f"{entry.data['process']} put, {', '.join(sorted(takers))} took"
    around = [entry, start, *([end] if end else [])]
    early = [call for call in flow.calls if facts.earlier(start, call) is False]
    between = end if not profile.queue.finish_first else None
    behind = [call for call in flow.calls if between and facts.earlier(call, between) is False]
    # who acknowledges as it takes has its call behind that on purpose: another check judges the order
    if early:
        yield refuted(f"{who}, but a provider call came before the delivery", [*around, *early])
    if behind:
        yield refuted(f"{who}, but a provider call lies outside", [*around, *behind])
    if not flow.calls and end:
        yield refuted(f"{who}, and no provider was called", around, absent=["provider.called"])
    if not flow.calls:
        yield undecided(f"{who}; no provider call of it was seen", around, absent=["provider.called"])
    elif between is None and _follows(profile) and flow.claims and not early:
        yield shown(f"{who}, the call followed", [*around, *flow.calls])
    elif end is None:
        reason = f"{who}; whether the call lies between can't be seen: it was not acknowledged"
        yield undecided(reason, around, absent=["queue.acked"])
    elif all(facts.earlier(start, call) and facts.earlier(call, end) for call in flow.calls):
        yield shown(f"{who}, the call lies between", [entry, start, *flow.calls, end])
    else:
        yield undecided(f"{who}; the clocks can't tell whether the call lies between", [*around, *flow.calls])
