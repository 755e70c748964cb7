"""How a run of any shape ends: let everything come to rest, then judge all that happened."""

from __future__ import annotations

from harness.checks import Verdict, forward_only, sent_is_earned
from harness.checks.accounting import accounting
from harness.history import Event, Flow, History, key
from harness.stack import Stack

CONTEXT = ("process.started", "process.exited", "probe.gap")


def conclude(stack: Stack, *, since: int = 0, within: float | None = None) -> None:
    """Waits for rest and judges every message since place `since` of the history: accounting, lifecycle, earned.

    Raises CheckFailed or Inconclusive, as `stack.judge` does.
    """
    stack.quiesce(within=within)
    for stream in stack.profile.queue.streams.values():
        stack.counted_at_rest(stream)
    stack.settle()
    stack.judge(*verdicts(stack, part(stack.history, since)))


def part(history: History, since: int) -> History:
    """The history from a place on, with what from before says which processes run, and what can't be seen."""
    before = [event for event in history.events(*CONTEXT) if event.seq < since]
    return History.of([*before, *history.events(after=since)])


def verdicts(stack: Stack, history: History) -> list[Verdict]:
    """What the whole-history checks and the lifecycle checks of each outbound message say."""
    found = [accounting(history, stack.profile)]
    for event in history.events("database.inserted"):
        flow = Flow(history.flow(key("message", event.message_id)))
        if not inbound(event):
            found.append(forward_only(history, flow, stack.profile))
            if stack.profile.statuses.sent in [status for status, _ in flow.statuses]:
                found.append(sent_is_earned(history, flow, stack.profile))
    return found


def inbound(event: Event) -> bool:
    return event.data.get("direction") == "inbound"
