"""Was a call tried again as often, and as soon, as the profile's `[retries]` says?"""

from __future__ import annotations

from harness.checks.rest import withheld
from harness.checks.verdict import Answers, refuted
from harness.history import Event, Flow
from harness.history.facts import Facts
from harness.profile import Profile


def tried_as_said(facts: Facts, flow: Flow, profile: Profile) -> Answers:
    """Says what is wrong with the tries of one message; nothing where all is as said, or nothing is said.

    Who was ended in between, or withheld an answer, begins anew: then nobody counts.
    """
    calls, most, within = flow.calls, profile.retries.attempts, profile.retries.within
    if len(calls) < 2 or facts.disturbances(calls[0], calls[-1]):
        return
    if most is not None and len(calls) > most * flow.messages:
        yield refuted(f"{len(calls)} calls were made for one message, and [retries] attempts is {most}", calls)
    if within is None:
        return
    for answer, call in tries(flow, profile):
        seconds = call.at - answer.at - withheld(facts.history, answer.seen, call.seen)
        if seconds > within:
            reason = f"it was tried again after {seconds:.1f} s, and [retries] within is {within:g} s"
            yield refuted(reason, [answer, call])
            return


def tries(flow: Flow, profile: Profile) -> list[tuple[Event, Event]]:
    """Each passing error of a provider with the call that came next."""
    passing = [a for a in flow.call_answers if a.data.get("status") in profile.retries.statuses]
    following = ((answer, next((c for c in flow.calls if c.at > answer.at), None)) for answer in passing)
    return [(answer, call) for answer, call in following if call is not None]
