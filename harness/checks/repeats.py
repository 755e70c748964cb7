"""Why something was done twice for one message, where the record shows a reason that isn't the stack's."""

from __future__ import annotations

from collections.abc import Sequence

from harness.facts import Facts
from harness.history import Event, Flow

Reason = tuple[str, Event]
"""In words, and the event that shows it."""


def queued_again(flow: Flow, facts: Facts, entries: Sequence[Event]) -> Reason | None:
    """Why more entries were put on a stream than there are messages; None where nothing explains it.

    A call that its caller wasn't told was accepted explains one entry more, if it came before that.
    """
    disturbed = _disturbed(flow, facts, entries)
    if disturbed:
        return disturbed
    before = [event for event in flow.unheard if facts.earlier(event, entries[-1]) is not False]
    return _unheard(before) if before and len(entries) - flow.messages <= len(before) else None


def sent_again(flow: Flow, facts: Facts) -> Reason | None:
    """Why a message was called for more often than once; None where nothing explains it.

    Whoever wasn't told that a call was accepted may make it again, but of those who were told there is one a message.
    """
    if not flow.calls:
        rows = [event for _, event in flow.statuses]
        return _disturbed(flow, facts, rows) if rows else None
    disturbed = _disturbed(flow, facts, flow.calls)
    if disturbed:
        return disturbed
    unheard = flow.unheard
    known = [event for event in flow.accepted_calls if event not in unheard]
    return _unheard(unheard) if unheard and len(known) <= flow.messages else None


def _disturbed(flow: Flow, facts: Facts, done: Sequence[Event]) -> Reason | None:
    windows = facts.disturbances(done[0], done[-1], since=flow.events[0])
    return next(((f"{w.fault} of the {w.target}", w.began) for w in windows), None)


def _unheard(answers: Sequence[Event]) -> Reason:
    status = answers[0].data.get("status")
    outcome = answers[0].data.get("outcome")
    what = f"{status}" if outcome in (None, "answered") else f"{outcome}"
    return f"a call whose caller wasn't told that it was accepted ({what})", answers[0]
