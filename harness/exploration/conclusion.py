"""How a generated program ends: let everything come to rest, then judge all that happened."""

from __future__ import annotations

from harness.checks import whole_record
from harness.history import History
from harness.profile import Profile
from harness.scenario.stack import Stack

REST_S = 30.0
"""Seconds for messages that nobody was ended under."""
CONTEXT = ("process.started", "process.exited", "probe.started", "probe.gap", "clock.measured")


def conclude(stack: Stack, *, since: int = 0, within: float | None = None) -> None:
    """Waits for rest and judges every message since place `since` of the history.

    Raises CheckFailed or Inconclusive, as `stack.judge` does.
    """
    stack.quiesce(within=within)
    stack.count()
    stack.settle()
    stack.judge(whole_record(part(stack.history, since), stack.profile))


def part(history: History, since: int) -> History:
    """The history from a place on, with what from before says which processes run, and what can't be seen.

    Of a message that an earlier program sent, and that comes to its end only now, all of it.
    """
    later = history.events(after=since)
    before = {event.seq: event for event in history.events(*CONTEXT) if event.seq < since}
    seen: set[int] = set()
    for event in later:
        if event.keys and event.seq not in seen:
            its = history.flow(event.keys[0])
            seen.update(one.seq for one in its)
            before.update({one.seq: one for one in its if one.seq < since})
    return History.of([*(before[seq] for seq in sorted(before)), *later], until=history.until)


def patience(profile: Profile, *, ended: bool = True) -> float:
    """Seconds in which a program's messages come to rest; `ended` where workers were ended under them."""
    return REST_S + (profile.policy.taken_up_within if ended else 0.0)
