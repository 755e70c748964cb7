"""Whether webhooks that were to arrive at once really did: read from the record, not from how they were sent."""

from __future__ import annotations

from collections.abc import Iterable

from harness.history import Event


def overlap(events: Iterable[Event]) -> tuple[bool, str]:
    """Whether all deliveries among these events were under way at one moment, and in words by how much, or why not.

    True when the last went out (`callback.sent`) before the first was answered (`callback.answered`), by the one
    clock that dates both. A delivery that found no receiver, or has no answer yet, proves nothing: then it is false.
    """
    callbacks = [event for event in events if event.kind in ("callback.sent", "callback.answered")]
    sent = {event.data.get("call"): event for event in callbacks if event.kind == "callback.sent"}
    answered = {event.data.get("call"): event for event in callbacks if event.kind == "callback.answered"}
    number = len(sent)
    wanted = max((_wanted(event) for event in sent.values()), default=0)
    if number < 2 or number < wanted:
        return False, f"{number or 'none'} of {max(wanted, 2)} that were to arrive at once went out"
    open_ = [call for call in sent if call not in answered]
    if open_:
        return False, f"{len(open_)} of {number} have no answer yet"
    failed = [answered[call] for call in sent if answered[call].data.get("status") is None]
    if failed:
        why = failed[0].data.get("error") or "no status"
        return False, f"{len(failed)} of {number} reached nobody: {why}"
    first, last = min(event.at for event in sent.values()), max(event.at for event in sent.values())
    answer = min(answered[call].at for call in sent)
    spread = f"the last was sent {(last - first) * 1000:.1f} ms after the first"
    if last < answer:
        return True, f"{number} at once: {spread}, {(answer - last) * 1000:.1f} ms before the first answer"
    return False, f"{number} not at once: {spread}, {(last - answer) * 1000:.1f} ms after the first answer"


def _wanted(event: Event) -> int:
    """How many were to arrive together with this one, where it says so."""
    at_once = event.data.get("at_once")
    of = at_once.get("of") if isinstance(at_once, dict) else None
    return of if isinstance(of, int) else 0
