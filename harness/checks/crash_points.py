"""Is a message lost, or sent again without a reason, where a process is killed at one step of it?"""

from __future__ import annotations

from harness.checks.fates import FAULTS, at_rest, fate_out
from harness.checks.lacking import unless_lacking
from harness.checks.repeats import first_generation, queued_again, sent_again
from harness.checks.rest import late, taken_in, unacknowledged, unapplied
from harness.checks.tries import asked_to_wait, passing
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.history.flow import came_in
from harness.profile import Profile
from harness.profile.claims import claimed

NAME = "crash-points"
CLAIM = "whoever is killed at whichever step of a message, it isn't lost, and is sent again only for that reason"
OUTLIVES = "what a webhook was answered 2xx is kept, though the API dies right after its answer"
TOLD = ("fault.began", "api.answered", "queue.acked", "queue.deleted", "provider.answered", "database.status")


@check(NAME, CLAIM)
def crash_points(
    history: History, flow: Flow, profile: Profile, *, point: str, met: Event | None, needs: str = ""
) -> Answers:
    """Judges one message, of which `point` says in words where somebody was killed; `met` shows that he stood there.

    `needs` is what the stack would need for it: without a claim of it what was lost is unknown. A send that was never
    answered and left no trace was never taken: that is no loss.
    """
    if met is None:
        yield undecided(f"nobody came to stand {point}, so nobody was killed there", flow.events)
        return
    yield from unless_lacking(_asked(history, flow, profile, point, met), profile, needs)


def _asked(history: History, flow: Flow, profile: Profile, point: str, met: Event) -> Answers:
    facts = Facts(history)
    fate = fate_out(flow, facts, profile, rest=at_rest(history, profile))
    proof = [met, *flow.of(*TOLD)]
    if fate in FAULTS:
        status = flow.status or "not stored"
        yield refuted(
            f"{fate}: killed {point}, and it ended {status}, with {len(flow.accepted_calls)} accepted calls",
            proof,
            absent=["provider.called", "provider.answered", "database.status"],
        )
    if fate == "unfinished" and _untried(flow, facts, profile):
        within = profile.retries.within
        reason = f"lost: killed {point}, and it is {flow.status}, with no try within {within:g} s and no entry left"
        yield refuted(reason, proof, absent=["provider.called", "queue.appended"])
    elif fate == "unfinished":
        yield undecided(f"killed {point}, and it isn't finished yet: it is {flow.status}", proof)
    often = len(flow.accepted_calls) > flow.messages
    if often:
        why = sent_again(flow, facts)
        if why is None or profile.policy.delivery == "effectively-once":
            allowed = "[policy] delivery allows none" if why else "the kill doesn't explain that"
            calls = len(flow.accepted_calls)
            yield refuted(f"killed {point}, and it was sent {calls} times; {allowed}", [met, *flow.accepted_calls])
    if len(first_generation(flow)) > flow.messages and not queued_again(flow, facts):
        entries = flow.appends
        yield refuted(f"killed {point}, and it was queued {len(entries)} times without a reason", [met, *entries])
    ended = {"indeterminate": "none: it was never taken, and the client had no answer"}.get(fate, fate)
    times = f", called {len(flow.calls)} times" if len(flow.calls) > 1 else ""
    yield shown(f"killed {point}, and it is {ended}{times}", proof)


def _untried(flow: Flow, facts: Facts, profile: Profile) -> bool:
    """Whether a message waits for a next try that `[retries] within` says is overdue, and nobody has an entry of it."""
    within, answers = profile.retries.within, flow.call_answers
    if within is None or not claimed(profile, "retries") or not answers or flow.calls_in_flight:
        return False
    if not passing(answers[-1], profile) or unacknowledged(flow, profile):
        return False
    kills = [window.ended for window in facts.disturbances(flow.begin, flow.latest)]
    return late(facts.history, flow.latest, *kills, by=within + asked_to_wait(answers[-1]))


@check(NAME, OUTLIVES, silence=("database.inserted", "database.status"))
def outlives(history: History, flow: Flow, profile: Profile, *, met: bool) -> Answers:
    """Judges a reply, or a message of which a report came, while the API was killed before it could write a row.

    `met` says whether somebody waited to write one. A delivery that wasn't answered has come again.
    """
    if not met:
        yield undecided("nobody waited to write a row, so nobody was killed before that", flow.events)
        return
    feature = "webhooks" if came_in(flow) else "delivery_reports"
    yield from unless_lacking(_kept(history, flow, profile), profile, feature)


def _kept(history: History, flow: Flow, profile: Profile) -> Answers:
    answers, rows = taken_in(flow), [event for _, event in flow.statuses[-1:]]
    left = not rows if came_in(flow) else bool(unapplied(flow, profile))
    what = "nothing of it is stored" if came_in(flow) else f"it is {flow.status} all the same"
    if not answers:
        yield undecided("no delivery was answered 2xx, so nothing was taken", flow.of("callback.answered"))
    elif left and late(history, *answers, *rows, by=profile.policy.finished_within):
        reason = f"lost: the API had answered a webhook {answers[0].data.get('status')}, was killed, and {what}"
        yield refuted(reason, [*answers, *rows], absent=["database.inserted", "database.status"])
    elif left:
        yield undecided(f"{what} yet", [*answers, *rows], absent=["database.inserted", "database.status"])
    else:
        yield shown("what was answered is kept", [*answers, *rows])
