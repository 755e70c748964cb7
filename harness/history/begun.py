"""The flows that began after a place of a history."""

from __future__ import annotations

from collections.abc import Iterator

from harness.history.flow import Flow
from harness.history.history import History


def flows_begun(history: History, since: int) -> Iterator[Flow]:
    """Each flow none of whose events stands before place `since`, in the order in which they began."""
    known: set[int] = set()
    for event in history.events(after=since):
        if event.seq in known or not event.keys:
            continue
        events = history.flow(event.keys[0])
        known |= {one.seq for one in events}
        if events[0].seq >= since:
            yield Flow(events)
