"""Is the stack asynchronous? Three independent proofs; none of them depends on who is faster.

That the API answered before the provider was called is not among them: a fast worker breaks it too.
"""

from __future__ import annotations

from dataclasses import replace

from harness.checks.sync_processing_disabled import sync_processing_disabled
from harness.checks.verdict import Verdict, check, failed, passed, unknown
from harness.facts import Facts
from harness.history import Event, Flow, History
from harness.profile import Profile

NAME = "asynchronous"
HOLD = "held workers keep a message pending and in the stream; released, they send it"
ORDER = "with the answer to the API's XADD withheld, the worker sends the message before the API can answer"
ACTORS = "one process puts the entry on the stream, another takes and acknowledges it, and the call lies between"


@check(NAME, HOLD, silence=("provider.called",))
def proof_by_hold(history: History, flow: Flow, profile: Profile) -> Verdict:
    """Proof 1, conclusive: nothing but a worker can be doing the work, since without one nothing is done."""
    inner = sync_processing_disabled(history, flow, profile)
    if inner.outcome != "pass":
        return replace(inner, name=NAME, claim=HOLD)
    window = next(
        w for w in Facts(history).windows("hold", target="worker") if flow.acceptance and w.covers(flow.acceptance)
    )
    entries = [event for event in flow.appends if window.covers(event)]
    if not entries:
        reason = "no entry was on the stream while the workers were held"
        return failed(NAME, HOLD, reason, inner.witnesses, absent=["queue.appended"])
    gone = [event for event in (*flow.acks, *flow.deletes) if window.covers(event)]
    if gone:
        return failed(NAME, HOLD, "its entry left the stream while every worker was held", [*entries, *gone])
    if window.ended is None:
        return unknown(NAME, HOLD, "the workers are still held", inner.witnesses)
    return _sent_after(window.ended, flow, history, profile, [*inner.witnesses, *entries])


def _sent_after(released: Event, flow: Flow, history: History, profile: Profile, before: list[Event]) -> Verdict:
    sent = [e for value, e in flow.statuses if value == profile.statuses.sent and e.seen >= released.seen]
    if sent:
        delay = (sent[0].seen - released.seen) * 1000
        return passed(
            NAME, HOLD, f"pending while held, sent {delay:.0f} ms after the release", [*before, released, sent[0]]
        )
    nobody = Facts(history).no_consumer()
    if nobody:
        return failed(NAME, HOLD, f"released, it was not sent: {nobody}", [*before, released])
    if flow.status == profile.statuses.failed:
        return failed(NAME, HOLD, "released, it failed", [*before, released, flow.statuses[-1][1]])
    return unknown(NAME, HOLD, f"released, it was not sent in time (status {flow.status})", [*before, released])


@check(NAME, ORDER)
def proof_by_order(history: History, flow: Flow, profile: Profile) -> Verdict:
    """Proof 2: the interleaving that fools a script that looks once, made on purpose."""
    gates = [w for w in Facts(history).windows("gate", target="api") if flow.events and w.covers(flow.events[0])]
    if not gates:
        return unknown(NAME, ORDER, "the API's XADD was not gated", flow.answers)
    window = gates[0]
    number = window.began.data["number"]
    hits = [e for e in history.events("fault.hit", after=window.began.seq) if e.data.get("gate") == number]
    sent = [e for value, e in flow.statuses if value == profile.statuses.sent]
    if flow.answers and not flow.taken:
        return unknown(NAME, ORDER, "the API did not accept the message", flow.answers)
    if not flow.appends and (flow.answers or sent):
        shown = [*flow.answers, *flow.calls, *sent]
        reason = "it went to the end without any entry on the stream"
        return failed(NAME, ORDER, reason, shown, absent=["queue.appended"])
    if not hits:
        return unknown(NAME, ORDER, "the gate was never reached", [window.began])
    if sent and window.covers(sent[0]):
        answered = [event for event in flow.answers if event.seen < sent[0].seen]
        if answered:
            return unknown(
                NAME, ORDER, "the API answered although its XADD was withheld; that order wasn't made", answered
            )
        return passed(
            NAME, ORDER, "sent while the API was still waiting for its XADD", [hits[0], sent[0], *flow.answers]
        )
    nobody = Facts(history).no_consumer()
    if nobody:
        return failed(NAME, ORDER, f"its entry was never taken: {nobody}", [hits[0]])
    if sent:
        return unknown(NAME, ORDER, "it was sent only after the gate was opened", [hits[0], *sent])
    return unknown(NAME, ORDER, f"it was not sent while the gate was closed (status {flow.status})", [hits[0]])


@check(NAME, ACTORS, silence=("provider.called",))
def proof_by_actors(history: History, flow: Flow, profile: Profile) -> Verdict:
    """Proof 3: who did it."""
    if not flow.appends:
        if flow.status in profile.statuses.terminal:
            shown = [*flow.answers, *flow.calls]
            reason = "nobody took it from a stream: it was sent without ever being queued"
            return failed(NAME, ACTORS, reason, shown, absent=["queue.appended"])
        return unknown(NAME, ACTORS, "no entry of it was seen on a stream", flow.answers)
    entry = flow.appends[0]
    appender = entry.data.get("process")
    takers = {str(e.data["process"]) for e in (*flow.claims, *flow.acks) if e.data.get("process")}
    nobody = Facts(history).no_consumer()
    if not takers and nobody:
        return failed(NAME, ACTORS, f"nobody took its entry: {nobody}", [entry])
    if not appender or not takers:
        return unknown(NAME, ACTORS, "which processes spoke to Redis can't be seen here", [entry])
    if appender in takers:
        done = [e for e in (*flow.claims, *flow.acks) if e.data.get("process") == appender]
        return failed(NAME, ACTORS, f"{appender} took the entry that it had put on the stream itself", [entry, *done])
    return _call_between(flow, profile, entry, takers)


def _call_between(flow: Flow, profile: Profile, entry: Event, takers: set[str]) -> Verdict:
    start, end = (flow.claims or [entry])[0], flow.finish
    who = f"{entry.data['process']} put, {', '.join(sorted(takers))} took"
    if profile.providers.observe == "none" or profile.queue.group is None or end is None:
        return unknown(NAME, ACTORS, f"{who}; whether the call lies between can't be seen here", [entry, start])
    outside = [call for call in flow.calls if not start.at <= call.at <= end.at]
    if outside:
        return failed(NAME, ACTORS, f"{who}, but a provider call lies outside", [entry, start, *outside, end])
    if not flow.calls:
        reason = f"{who}, and no provider was called"
        return failed(NAME, ACTORS, reason, [entry, start, end], absent=["provider.called"])
    return passed(NAME, ACTORS, f"{who}, the call lies between", [entry, start, *flow.calls, end])
