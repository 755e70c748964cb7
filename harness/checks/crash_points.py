"""Is a message lost, or sent again without a reason, where a process is killed at one step of it?"""

from __future__ import annotations

from harness.checks.fates import FAULTS, at_rest, fate_out
from harness.checks.lacking import unless_lacking
from harness.checks.repeats import first_generation, queued_again, sent_again
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.profile import Profile

NAME = "crash-points"
CLAIM = "whoever is killed at whichever step of a message, it isn't lost, and is sent again only for that reason"
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
    if fate == "unfinished":
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
