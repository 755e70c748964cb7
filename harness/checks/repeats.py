"""Why something was done twice for one message, where the record shows a reason that isn't the stack's.

Whoever knew that it was done, and could write that down, has no reason to do it again: each repetition needs a reason
of its own, and a disturbance is one only for the work that it met.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from math import inf

from harness.checks.lacking import permanent
from harness.history import Event, Flow
from harness.history.facts import Facts
from harness.history.flow import GIVE_UP_S
from harness.history.windows import Window

Reason = tuple[str, Event]
"""In words, and the event that shows it."""
WORKERS = ("worker", "redis", "postgres")
"""Whose disturbance is one of a worker: what it writes down, and where it acknowledges, is part of its work."""
NOTED_S = 0.5
"""Seconds after an append by which who made it has noted that it did: from then on its end is no reason for another."""


# entries


def first_generation(flow: Flow) -> list[Event]:
    """The entries that are the message's own: a retry is a new entry on purpose, a dead letter isn't work.

    An entry that calls itself a retry is one only if something failed before it, as far as that can be seen.
    """
    heard = [event for event in flow.accepted_calls if event not in flow.unheard]
    failed = len(heard) < len(flow.calls) or not flow.calls or not flow.call_answers
    retries = {event.seq for event in flow.appends if retry_count(event) > 0 and failed}
    own = [event for event in flow.appends if not event.data.get("dead") and event.seq not in retries]
    # what goes back on its queue is no other entry, nor what first waited for its time elsewhere
    own = [event for event in own if not event.data.get("again")]
    return [event for event in own if not event.data.get("later")] or own


def retry_count(event: Event) -> int:
    for value in (event.data.get("fields") or {}).values():
        try:
            inner = json.loads(value)
        except (ValueError, RecursionError):
            continue
        if isinstance(inner, dict) and isinstance(inner.get("retry_count"), int):
            return int(inner["retry_count"])
    return 0


def queued_again(flow: Flow, facts: Facts) -> Reason | None:
    """Why more entries were put on a stream than there are messages; None where nothing explains that many."""
    entries = first_generation(flow)
    reasons = [*_cut_short(flow, facts, entries), *map(_unheard, _before(flow, facts, entries))]
    return reasons[0] if reasons and len(entries) - flow.messages <= len(reasons) else None


def _cut_short(flow: Flow, facts: Facts, entries: list[Event]) -> Iterator[Reason]:
    """Disturbances that met somebody who had just appended an entry, or had it in hand and may have put it back."""
    pairs = list(pairwise(entries))
    for window in facts.windows() if pairs else ():
        if any(_met(window, flow, facts, entry, again) for entry, again in pairs):
            # each answer that was withheld is one that somebody may have given up
            yield from [_disturbance(window)] * max(1, facts.hits(window))


def _met(window: Window, flow: Flow, facts: Facts, entry: Event, again: Event) -> bool:
    acked = next((event.seen for event in flow.acks if event.data.get("entry") == entry.data.get("entry")), inf)
    end = window.ended.seen if window.ended else inf
    if window.fault == "hold":
        # who waits for an entry to be taken may put it back when that takes long
        stood = min(end, again.seen) - max(window.began.seen, entry.seen)
        return window.target == "worker" and stood >= GIVE_UP_S and acked >= again.seen
    if not facts.explains(window) or window.began.seen > again.seen or end < flow.begin.seen:
        return False
    return window.began.seen <= entry.seen + NOTED_S or (window.target != "api" and window.began.seen <= acked)


def _before(flow: Flow, facts: Facts, entries: list[Event]) -> list[Event]:
    return [event for event in flow.unheard if entries and facts.earlier(event, entries[-1]) is not False]


# calls


def sent_again(flow: Flow, facts: Facts) -> Reason | None:
    """Why a message was sent more often than once; None where nothing explains it.

    Of those who were told that it was accepted, and weren't ended before they had written that down, there is one a
    message, and one more for each entry that was put on a stream again with a reason.
    """
    sends = flow.accepted_calls or _arrivals(flow)
    cut = {event.seq: window for event in sends if (window := _interrupted(event, flow, facts))}
    unheard = flow.unheard
    again = queued_again(flow, facts) if len(first_generation(flow)) > flow.messages else None
    most = max(flow.messages, len(first_generation(flow))) if again else flow.messages
    # what came last needs no more than that those before it weren't enough
    known = [event for event in sends[:-1] if event not in unheard and event.seq not in cut]
    if len(known) >= most:
        return _put_back_unseen(flow, facts, sends)
    if unheard:
        return _unheard(unheard[0])
    return _disturbance(next(iter(cut.values()))) if cut else again


def _put_back_unseen(flow: Flow, facts: Facts, sends: list[Event]) -> Reason | None:
    """Who was disturbed may have put an entry back; where none of the message's can be told, that isn't refuted."""
    if flow.appends or not sends or facts.unseen("queue.appended", since=flow.begin.seq) is None:
        return None
    return next(map(_disturbance, facts.disturbances(flow.begin, sends[-1])), None)


def _arrivals(flow: Flow) -> list[Event]:
    """The changes by which its row came to the status that it has in the end, where no call can be seen."""
    last = flow.status
    return [event for value, event in flow.statuses if value == last != event.data.get("old")]


def _interrupted(sent: Event, flow: Flow, facts: Facts) -> Window | None:
    """The disturbance that ended who had sent it before it could be written down, in its row and at its entry."""
    call = sent.data.get("call")
    began = next((event.seen for event in flow.calls if call and event.data.get("call") == call), None)
    if began is None:
        began = max((event.seen for event in flow.events if event.seq < sent.seq), default=sent.seen)
    rows = [event.seen for _, event in flow.statuses if event.seen >= sent.seen]
    acks = [event.seen for event in flow.acks if event.seen >= sent.seen]
    written = min(rows, default=inf)
    if flow.acks or "queue.acked" in facts.delivered:
        written = max(written, min(acks, default=inf))
    elif not call:
        written = max(written, sent.seen + GIVE_UP_S)
    for window in facts.windows(since=began, until=written):
        theirs = window.target in WORKERS or (window.target == "api" and not facts.named("worker"))
        if theirs and facts.explains(window):
            return window
    return None


def insisted(flow: Flow, facts: Facts) -> list[Event]:
    """The refusals for good that their callers heard, and the call that followed all the same; empty where none did.

    Of a message that was queued more than once, with a reason, each entry may be refused.
    """
    entries = len(first_generation(flow))
    most = max(flow.messages, entries if entries > flow.messages and queued_again(flow, facts) else 0)
    for call in flow.calls:
        said = [event for event in flow.call_answers if permanent(event) and facts.earlier(event, call)]
        told = [event for event in said if _was_waited_for(event)]
        if len(told) >= most and not facts.disturbances(told[-1], call):
            return [*told, call]
    return []


def _was_waited_for(answer: Event) -> bool:
    """Whether its caller can't but have got an answer."""
    whole = answer.data.get("outcome") in (None, "answered")
    return whole and float(answer.data.get("elapsed_ms") or 0) < GIVE_UP_S * 1000


# in words


def _disturbance(window: Window) -> Reason:
    return f"{window.fault} of the {window.target}", window.began


def _unheard(answer: Event) -> Reason:
    status, outcome = answer.data.get("status"), answer.data.get("outcome")
    what = f"{status}" if outcome in (None, "answered") else f"{outcome}"
    return f"a call whose caller wasn't told that it was accepted ({what})", answer
