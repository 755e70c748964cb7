"""Do replies and delivery reports arrive once, in order, and only with a good signature?"""

from __future__ import annotations

from typing import Any

from harness.checks.lifecycle import backward_moves
from harness.checks.verdict import Verdict, check, failed, passed, unknown
from harness.history import Event, Flow, History
from harness.profile import Profile

NAME = "webhooks"
ONCE = "a reply is answered 2xx and stored once, however often it is delivered"
MOVED = "a delivery report moves the message on, and never back"
SIGNED = "a delivery with a bad signature is refused with 403 and changes nothing"
ONE = "concurrent first messages of one pair make one conversation"


@check(NAME, ONCE, silence=("database.inserted",))
def stored_once(history: History, flow: Flow, *, deliveries: int) -> Verdict:
    """Judges an inbound message that was delivered `deliveries` times."""
    answers = flow.of("callback.answered")
    if len(answers) < deliveries:
        return unknown(NAME, ONCE, f"{len(answers)} of {deliveries} deliveries were answered", flow.of("callback.sent"))
    bad = [event for event in answers if not 200 <= int(event.data.get("status") or 0) < 300]
    if bad:
        return failed(
            NAME, ONCE, f"a delivery was answered {bad[0].data.get('status') or bad[0].data.get('error')}", bad
        )
    rows = flow.of("database.inserted")
    if len(rows) != 1:
        reason, missing = (
            f"{deliveries} deliveries made {len(rows)} rows, expected 1",
            [] if rows else ["database.inserted"],
        )
        return failed(NAME, ONCE, reason, [*answers, *rows], absent=missing)
    return passed(NAME, ONCE, f"{deliveries} deliveries, 1 row", [*answers, *rows])


@check(NAME, MOVED, silence=("database.status",))
def report_moved(history: History, flow: Flow, profile: Profile, *, to: str) -> Verdict:
    """Judges a sent message about which its provider has reported; `to` is where the row must be in the end."""
    answers = flow.of("callback.answered")
    if not answers:
        return unknown(NAME, MOVED, "no delivery report was answered", flow.of("callback.sent"))
    bad = [event for event in answers if not 200 <= int(event.data.get("status") or 0) < 300]
    if bad:
        return failed(
            NAME, MOVED, f"a report was answered {bad[0].data.get('status') or bad[0].data.get('error')}", bad
        )
    back = backward_moves(flow, profile.statuses)
    trail = " → ".join(value for value, _ in flow.statuses)
    if back:
        return failed(NAME, MOVED, f"it moved back: {trail}", back)
    if any(event.data.get("sampled") for _, event in flow.statuses):
        return unknown(NAME, MOVED, f"the status was only sampled ({trail}); a move back may have been missed", answers)
    if flow.status != to:
        shown = [*answers, *(e for _, e in flow.statuses)]
        return failed(NAME, MOVED, f"it is {flow.status} ({trail}), expected {to}", shown, absent=["database.status"])
    return passed(NAME, MOVED, trail, [*answers, flow.statuses[-1][1]])


@check(NAME, SIGNED, silence=("database.inserted", "database.status"))
def bad_signature_refused(history: History, flow: Flow, *, status: int | None, before: int) -> Verdict:
    """Judges a delivery whose signature was spoilt: `status` its answer, `before` how many rows there were."""
    answers = flow.of("callback.answered")[-1:]
    rows = flow.of("database.inserted", "database.status")
    if status is None:
        return unknown(NAME, SIGNED, "the delivery was not answered", answers)
    if status != 403:
        return failed(NAME, SIGNED, f"it was answered {status}, expected 403", answers)
    if len(rows) > before:
        return failed(NAME, SIGNED, "it was answered 403 and yet changed a row", [*answers, *rows[before:]])
    return passed(NAME, SIGNED, "answered 403, nothing changed", answers)


@check(NAME, ONE)
def one_conversation(listing: dict[str, Any], evidence: Event, *, expected: int) -> Verdict:
    """Judges the conversations that the API lists for one pair after `expected` concurrent first messages."""
    found = listing["conversations"]
    stored = listing["messages"]
    if len(found) != 1:
        return failed(NAME, ONE, f"{len(found)} conversations, expected 1", [evidence])
    if stored != expected:
        return failed(NAME, ONE, f"{stored} messages are stored, expected {expected}", [evidence])
    return passed(NAME, ONE, f"{expected} messages, 1 conversation", [evidence])
