"""Was a call tried again as often, as soon, and as late, as the profile's `[retries]` says?"""

from __future__ import annotations

from typing import Final

from harness.checks.rest import late, withheld
from harness.checks.verdict import Answers, refuted
from harness.history import Event, Flow
from harness.history.facts import Facts
from harness.history.flow import SUCCESS
from harness.profile import Profile

STORM: Final = 50
"""Calls of one message within a second that are a storm, whatever a stack says of its tries."""
ANSWERED: Final = (None, "answered", "slow")
"""The outcomes of a call whose answer came, whole."""
BROKEN: Final = {"reset": "reset", "empty": "closed", "truncated": "cut", "aborted": "timeout"}
"""What `[retries] also` calls the outcome of a call."""
EARLY: Final = 0.8
"""The part of its own timeout before which nobody has given a call up because of it."""
NOW_S: Final = 0.05
"""Seconds by which a timer may be early."""
A_SECOND: Final = 1.0
"""What a date can be off: it knows whole seconds."""


def tried_as_said(facts: Facts, flow: Flow, profile: Profile) -> Answers:
    """Says what is wrong with the tries of one message; nothing where all is as said, or nothing is said.

    Who was ended in between, or withheld an answer, begins anew: then nobody counts.
    """
    calls, most, within = flow.calls, profile.retries.attempts, profile.retries.within
    if storm := stormed(flow):
        yield refuted(f"{STORM} calls came within {storm[-1].at - storm[0].at:.2f} s for one message: a storm", storm)
    yield from untried(facts, flow, profile)
    yield from given_up_early(facts, flow, profile)
    if len(calls) < 2 or facts.disturbances(calls[0], calls[-1]):
        return
    if most is not None and len(calls) > most * flow.messages:
        yield refuted(f"{len(calls)} calls were made for one message, and [retries] attempts is {most}", calls)
    if profile.retries.retry_after:
        yield from too_soon(flow)
    if within is None:
        return
    for answer, call in tries(flow, profile):
        seconds = call.at - answer.at - withheld(facts.history, answer.seen, call.seen)
        if seconds > within + asked_to_wait(answer):
            reason = f"it was tried again after {seconds:.1f} s, and [retries] within is {within:g} s"
            yield refuted(reason, [answer, call])
            return


def tries(flow: Flow, profile: Profile) -> list[tuple[Event, Event]]:
    """Each passing error of a provider with the call that came next."""
    failed = [a for a in flow.call_answers if passing(a, profile)]
    following = ((answer, next((c for c in flow.calls if c.at > answer.at), None)) for answer in failed)
    return [(answer, call) for answer, call in following if call is not None]


def passing(answer: Event, profile: Profile) -> bool:
    """Whether a call came to something after which the profile says that the stack tries again.

    Who heard half of a yes may do so, or know that it was one; that it comes to nothing is wrong of either.
    """
    status, outcome = answer.data.get("status"), answer.data.get("outcome")
    also = profile.retries.also or ()
    if outcome not in ANSWERED:
        return BROKEN.get(str(outcome)) in also
    if status in SUCCESS:
        return "garbage" in also and not answer.data.get("accepted")
    return status in profile.retries.statuses


def untried(facts: Facts, flow: Flow, profile: Profile) -> Answers:
    """Whether a message that isn't at its end waits for a try, or for an answer, that is overdue."""
    within, timeout = profile.retries.within, profile.retries.timeout
    if within is None or flow.status in profile.statuses.terminal:
        return
    stays = f"and the row stays {flow.status}"
    if flow.calls_in_flight:
        call = flow.calls_in_flight[-1]
        if timeout is not None and overdue(facts, call, by=timeout + within):
            reason = f"a call without an answer is never given up, {stays}; [retries] timeout is {timeout:g} s"
            yield refuted(reason, [call], absent=["provider.answered"])
        return
    answers = flow.call_answers
    if (
        answers
        and passing(answers[-1], profile)
        and overdue(facts, answers[-1], by=within + asked_to_wait(answers[-1]))
    ):
        reason = f"after {outcome_of(answers[-1])} it was not tried again within {within:g} s, {stays}"
        most = profile.retries.attempts
        if most is not None and len(flow.calls) >= most * flow.messages:
            reason = f"it had its {len(flow.calls)} calls, all that [retries] attempts allows, {stays}"
        yield refuted(reason, [answers[-1], *(event for _, event in flow.statuses[-1:])], absent=["provider.called"])


def overdue(facts: Facts, event: Event, *, by: float) -> bool:
    """Whether so much time has passed since an event, in which nobody was ended who might have had to go on."""
    history = facts.history
    if history.last is None or not late(history, event, by=by):
        return False
    until = event.seen + by + withheld(history, event.seen, history.until)
    return not any(window.began.seen <= until for window in facts.disturbances(event, history.last))


def given_up_early(facts: Facts, flow: Flow, profile: Profile) -> Answers:
    """Whether a call was left before its time was up, and made again: a slow provider isn't a failure."""
    timeout = profile.retries.timeout
    if timeout is None:
        return
    for answer in flow.call_answers:
        seconds = float(answer.data.get("elapsed_ms") or 0.0) / 1000
        again = next((call for call in flow.calls if call.at >= answer.at), None)
        if answer.data.get("outcome") != "aborted" or again is None or facts.disturbances(flow.calls[0], again):
            continue
        if seconds < timeout * EARLY:
            reason = f"a call was given up after {seconds:.2f} s and made again, and [retries] timeout is {timeout:g} s"
            yield refuted(reason, [answer, again])


def too_soon(flow: Flow) -> Answers:
    """Whether a call came before the time that an answer had asked to be left alone."""
    for answer in flow.call_answers:
        until = asked_until(answer)
        call = next((call for call in flow.calls if call.at > answer.at), None)
        if until is not None and call is not None and call.at < until:
            reason = f"it was called again {call.at - answer.at:.2f} s after {outcome_of(answer)}"
            yield refuted(f"{reason}, which asked to wait: Retry-After {answer.data['retry_after']}", [answer, call])


def asked_until(answer: Event) -> float | None:
    """The earliest time of the next call by an answer's Retry-After, in its provider's clock; None where it has none.

    A date knows whole seconds, and who reckons in such may be one too early.
    """
    if answer.data.get("wait_s") is None:
        return None
    early = NOW_S if str(answer.data.get("retry_after")).replace(".", "", 1).isdecimal() else A_SECOND
    return answer.at + asked_to_wait(answer) - early


def asked_to_wait(answer: Event) -> float:
    """Seconds that an answer's Retry-After asks for; 0 without one."""
    return float(answer.data.get("wait_s") or 0.0)


def stormed(flow: Flow) -> list[Event]:
    """The first calls of a message that came in a storm; none where they left time between them."""
    calls, many = flow.calls, STORM * flow.messages
    spans = (calls[first : first + many] for first in range(len(calls) - many + 1))
    return next((span for span in spans if span[-1].at - span[0].at < 1.0), [])


def outcome_of(answer: Event) -> str:
    """What came of a call, in a few words."""
    status, outcome = answer.data.get("status"), answer.data.get("outcome")
    if outcome in ANSWERED:
        return f"an answer {status}" if status not in SUCCESS else f"an answer {status} that isn't the provider's"
    words = {"reset": "a connection that was reset", "empty": "a connection that was closed", "aborted": "a timeout"}
    return words.get(str(outcome), "half an answer")
