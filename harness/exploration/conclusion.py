"""How a generated program ends: let everything come to rest, then judge all that happened.

A stack that never comes to rest is judged all the same: what its record proves is told as soon as it does.
"""

from __future__ import annotations

import contextlib
import time

from harness.checks import Verdict, account, whole_record
from harness.checks.rest import owed
from harness.errors import CheckFailed, HarnessError, Inconclusive
from harness.exploration.done import Done
from harness.exploration.judging import Listing, failures
from harness.history import History
from harness.history.story import tell
from harness.profile import Profile
from harness.scenario.contents import look_at
from harness.scenario.replies import conversations_of
from harness.scenario.stack import Stack
from harness.scenario.waiting import Followed, told

REST_S = 30.0
"""Seconds for messages that nobody was ended under."""
LOOK_S = 2.0
"""Seconds between two looks at what is proven of messages that don't come to rest."""
LOOKED_AT = 4
"""How many of the messages that a program sent last are looked at through the API, once they are at rest."""
CONTEXT = ("process.started", "process.exited", "probe.started", "probe.gap", "clock.measured")


def conclude(stack: Stack, done: Done, *, within: float | None = None) -> None:
    """Waits for rest and judges all that a program did.

    Raises CheckFailed or Inconclusive, as `stack.judge` does; what nobody can bring on any more is ExpectationFailed.
    """
    came = [stack.reply(one.provider_id) for one in done.came if one.good]
    followed: list[Followed] = [*(one.flow for one in done.sent), *came]
    limit = patience(stack.profile, ended=done.ended) if within is None else within
    until = time.monotonic() + limit
    while not (at_rest := rested(stack, followed, until=min(until, time.monotonic() + LOOK_S))):
        if time.monotonic() >= until or failures(done, as_read(stack, done), stack.profile):
            break
    if at_rest:
        look_at(stack, [one.flow.now for one in done.sent[-LOOKED_AT:]])
    listings = listed(stack, done)
    history = as_read(stack, done)
    whole = whole_record(history, stack.profile)
    found = failures(done, history, stack.profile, listings)
    if found:
        told_of(stack, found)
    if not at_rest:  # what begins after rest, such as a relay's second append, was read as far as it had come
        restless(stack, followed, seconds=limit)
    if account(history, stack.profile).taken:  # else nothing could be lost
        stack.judge(whole)


def told_of(stack: Stack, found: list[Verdict]) -> None:
    """Raises CheckFailed for the first failure, with its witnesses."""
    try:
        stack.judge(*found)
    except CheckFailed as error:
        error.witnesses = found[0].witnesses
        raise


def restless(stack: Stack, followed: list[Followed], *, seconds: float) -> None:
    """Raises where something is owed still: Inconclusive, or CheckFailed where nobody can pay it any more."""
    facts = stack.facts
    left = [(one.now, found) for one in followed if (found := owed(one.now, facts, stack.profile))]
    if not left:
        return
    now, found = left[0]
    name = now.id or now.name
    still = f"{len(left)} of {len(followed)} messages are not finished; the first, {name}, {told(found)}"
    reasons = [stack.waiting.abandoned(now) for now, _ in left]
    if all(reasons):
        raise CheckFailed(f"{reasons[0]}; {still}\n{tell(now.events)}")
    raise Inconclusive(f"the stack didn't come to rest within {seconds:g} s: {still}\n{tell(now.events)}")


def rested(stack: Stack, followed: list[Followed], *, until: float) -> bool:
    """Waits until nothing is owed to any of them; False where that isn't so at a monotonic time."""
    waiting = stack.waiting
    waits = list(followed)

    def look() -> bool | None:
        while waits and not waiting.owed(waits[0]):
            waits.pop(0)
        return True if not waits else None

    stack.history.wait_until(look, deadline=until)
    stack.settle()
    return not any(waiting.owed(one) for one in followed)


def as_read(stack: Stack, done: Done) -> History:
    """The program's own part of the record, every source read to its end."""
    stack.count()
    return part(stack.history, done.since)


def listed(stack: Stack, done: Done) -> list[Listing]:
    """What the API lists of each pair of whom first messages came at once."""
    found = []
    for _, sender, number in done.pairs:
        with contextlib.suppress(HarnessError):  # nobody may be there to answer
            listing, evidence = conversations_of(stack, sender, expected=number)
            found.append(Listing(listing, evidence, number))
    return found


def part(history: History, since: int) -> History:
    """The history from a place on, with what from before says which processes run, and what can't be seen.

    Messages that began before that place are left out: what an earlier program has done is no later one's.
    """
    later = history.events(after=since)
    before = [event for event in history.events(*CONTEXT) if event.seq < since]
    own: list[int] = []
    known: dict[str, bool] = {}
    for event in later:
        if event.keys and event.keys[0] not in known:
            its = history.flow(event.keys[0])
            fresh = not its or its[0].seq >= since
            known.update((name, fresh) for one in its for name in one.keys)
        if not event.keys or known[event.keys[0]]:
            own.append(event.seq)
    mine = set(own)
    return History.of([*before, *(event for event in later if event.seq in mine)], until=history.settled)


def patience(profile: Profile, *, ended: bool = True) -> float:
    """Seconds in which a program's messages come to rest; `ended` where processes were ended or cut off under them."""
    more = profile.policy.taken_up_within + profile.policy.recovers_within
    return REST_S + (more if ended else 0.0)
