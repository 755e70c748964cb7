"""How a scenario has a stack live through a fault: traffic before, in and after it, until all is as before."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Final

from harness.errors import Inconclusive
from harness.profile import Profile
from harness.profile.base import CHANNELS
from harness.profile.claims import claimed
from harness.scenario.messages import message
from harness.scenario.stack import Stack
from harness.scenario.steps import step
from harness.scenario.tracked import TrackedFlow

LASTS_S: Final = 1.5
"""Seconds that a fault lasts at most, where the stack doesn't do its work meanwhile."""
COMES_S: Final = 2.0
"""Seconds in which what was sent is at its provider, where the stack works."""
MARGIN_S: Final = 1.0


def live_through(stack: Stack, fault: AbstractContextManager[Any], *, number: int = 3, in_flight: bool = False) -> int:
    """Sends messages just before, in and after a fault, and waits until all is done, or the stack has had its time.

    Those before are `in_flight` where that is wanted: a provider has them, and answers in the fault. Returns the place
    in the record from which on this is told, for the check `outages`.
    """
    since = len(stack.history)
    gate = stack.providers.gate() if in_flight and stack.has_providers else contextlib.nullcontext()
    with gate as closed:
        _send(stack, number)
        if closed is not None:
            closed.withheld(number=number, within=COMES_S)
        with fault:
            if closed is not None:
                closed.open()
            sent = _send(stack, number)
            stack.waiting.until(lambda: _done(stack, sent) or None, what="work in an outage", within=LASTS_S)
    recover(stack)
    return since


@step(lambda *_: "wait until the stack works as before")
def recover(stack: Stack) -> None:
    """Waits until the stack takes a message again, and has finished all that it took, or has had its time for that."""
    policy = stack.profile.policy
    stack.waiting.asked(
        lambda: True if _takes(stack) else None,
        what="a message is taken again",
        within=policy.recovers_within + MARGIN_S,
    )
    within = policy.recovers_within + policy.finished_within + MARGIN_S
    with contextlib.suppress(Inconclusive):
        stack.all_finished(stack.flows, within=within)
        stack.count()


def _takes(stack: Stack) -> bool:
    flow = stack.sending(next(_plain(stack.profile)))
    with contextlib.suppress(Inconclusive):
        flow.answer()
    return flow.now.acceptance is not None


def _send(stack: Stack, number: int) -> list[TrackedFlow]:
    """Messages of all channels that the stack has, at once."""
    return [stack.sending(one) for _, one in zip(range(number), _plain(stack.profile), strict=False)]


def _plain(profile: Profile) -> Iterator[Any]:
    channels = [channel for channel in CHANNELS if claimed(profile, channel) is not False]
    while True:
        yield from map(message, channels)


def _done(stack: Stack, flows: list[TrackedFlow]) -> bool:
    return all(flow.answered and not stack.waiting.owed(flow) for flow in flows)
