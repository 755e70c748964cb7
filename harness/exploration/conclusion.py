"""How a generated program ends: let everything come to rest, then judge all that happened."""

from __future__ import annotations

from harness.checks import whole_record
from harness.history import History
from harness.scenario.stack import Stack

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
    """The history from a place on, with what from before says which processes run, and what can't be seen."""
    before = [event for event in history.events(*CONTEXT) if event.seq < since]
    return History.of([*before, *history.events(after=since)], until=history.until)
