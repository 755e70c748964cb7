"""A test's failure beside the record: what had been, what was under way when it looked, and what came later."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.checks.rest import owed
from harness.hindsight.failure import Failure
from harness.hindsight.nearest import Nearest, nearest, unknown_status
from harness.hindsight.touched import Subject, subjects
from harness.history import Event, Flow
from harness.history.facts import Facts
from harness.profile import Profile
from harness.scenario.stack import Stack
from harness.scenario.tracked import FollowedFlow

MOST_WAIT_S: Final = 5.0
"""Seconds, before the time factor, that a test that failed is followed for: what it looked for may still come."""
TELLING: Final = ("api.answered", "queue.", "database.", "provider.", "callback.")
"""The kinds of events that are told of what came later, by their beginnings."""


@dataclass(frozen=True, kw_only=True)
class Afterwards:
    """What the record says of one message that a failing test looked at.

    `at` is when it looked (Unix seconds), `then` the message as it was, `flow` as it came to be; `later` what came
    after the look, `under_way` what was owed to it at the look, `still` what is owed even now, in words.
    """

    failure: Failure
    subject: Subject
    at: float
    then: Flow
    flow: Flow
    later: tuple[Event, ...]
    under_way: tuple[str, ...]
    still: tuple[str, ...]
    nearest: Nearest | None
    waited_s: float
    unknown: str = ""
    """What the test compared a status with that is none."""
    known: tuple[str, ...] = ()
    """The statuses that the profile knows."""
    others: int = 0
    """How many more messages the test touched."""

    @property
    def sent_at(self) -> float:
        return self.flow.events[0].at


def look_back(
    failure: Failure,
    stack: Stack,
    *,
    tracked: Sequence[FollowedFlow],
    since: int,
    callers: Sequence[Failure] = (),
) -> Afterwards | None:
    """What became of the message that a test was about when it failed; None where it touched none.

    A helper that gives up says nothing of what it waited for: then `callers`, the places of the test that led to it,
    the nearest first, are asked.

    Waits for as long as something is owed to a message of the test, and no longer than `MOST_WAIT_S`; it disturbs
    nothing, and what the stack's waits have learned of its pace stays as it is.
    """
    waiting = stack.waiting
    waiting.settle()
    if not subjects(failure, stack.history, tracked, since=since):
        return None
    waited = come_to_rest(stack, failure, tracked, since)
    found = subjects(failure, stack.history, tracked, since=since)
    told = choose(failure, stack, found, waited)
    if told.nearest is not None or failure.compared is not None or told.unknown:
        return told
    for caller in callers:
        of_it = choose(caller, stack, subjects(caller, stack.history, tracked, since=since), waited)
        if of_it.nearest is not None and of_it.nearest.event in of_it.later:
            return of_it
    return told


def choose(failure: Failure, stack: Stack, found: Sequence[Subject], waited: float) -> Afterwards:
    """What became of that one of some messages that a failing statement is about."""
    told = [afterwards(failure, one, stack, waited) for one in found]
    # of messages that the statement doesn't name, the one is meant that it would have been right of a little later
    chosen = min(told, key=lambda one: (not one.subject.named, one.nearest is None, not one.later))
    return Afterwards(**{**vars(chosen), "others": len(told) - 1})


def come_to_rest(stack: Stack, failure: Failure, tracked: Sequence[FollowedFlow], since: int) -> float:
    """Waits until nothing is owed to any message of the test, or no longer; how long, in seconds."""
    began = time.monotonic()
    limit = min(stack.profile.waits.within, MOST_WAIT_S) * stack.waiting.scale

    def look() -> bool | None:
        found = subjects(failure, stack.history, tracked, since=since)
        return None if any(map(stack.waiting.owed, found)) else True

    stack.history.wait_until(look, deadline=began + limit)
    stack.settle()
    return time.monotonic() - began


def afterwards(failure: Failure, subject: Subject, stack: Stack, waited: float) -> Afterwards:
    facts, profile = stack.facts, stack.profile
    flow = subject.now
    at, known = moment(failure, subject)
    then = Flow([event for event in flow.events if before(event, at, known)], name=subject.name)
    later = [e for e in flow.events if not before(e, at, known) and e.kind.startswith(TELLING)]
    return Afterwards(
        failure=failure,
        subject=subject,
        at=at,
        then=then,
        flow=flow,
        later=tuple(sorted(later, key=lambda event: (event.at, event.seq))),
        under_way=words(then, facts, profile),
        still=words(flow, facts, profile),
        nearest=nearest(failure, flow, facts=facts, profile=profile, then=then),
        waited_s=waited,
        unknown=unknown_status(failure, profile.statuses),
        known=tuple(sorted(profile.statuses.known)),
    )


def moment(failure: Failure, subject: Subject) -> tuple[float, int | None]:
    """When a test looked, and how many events were recorded then, where it looked at the record; else by time alone."""
    if subject.looked is not None and subject.looked[0] <= failure.at:
        return subject.looked
    return failure.at, None


def before(event: Event, at: float, known: int | None) -> bool:
    """Whether a look saw an event: one at the record what was in it, any other what had happened."""
    return event.seq < known if known is not None else event.at <= at


def words(flow: Flow, facts: Facts, profile: Profile) -> tuple[str, ...]:
    """What is owed to a message, in words."""
    return tuple(dict.fromkeys(debt.what for debt in owed(flow, facts, profile))) if flow.events else ()
