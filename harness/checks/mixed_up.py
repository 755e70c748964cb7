"""Are two messages taken for one another: one id for two, two rows for one, a row that names the other's call?

Without these questions the flows of both run into one, and each is blamed for what the other did.
"""

from __future__ import annotations

import re

from harness.checks.repeats import queued_again
from harness.history import Event, Flow
from harness.history.facts import Facts
from harness.history.flow import took
from harness.profile import Profile

DIGITS = 7
ONE_ID = "it was answered with the id of another message"
OTHERS_CALL = "its row names the provider id of a call that carried another message's text"


def texts(event: Event) -> frozenset[str]:
    """The tokens by which an event says whose text it is about."""
    return frozenset([name for name in event.keys if name.startswith("token:")])


def one_id_for_two(flow: Flow) -> list[Event]:
    """The answers that gave one id to sends of different texts, which shared no idempotency key."""
    given: dict[str, list[Event]] = {}
    for event in flow.answers if len(flow.answers) > 1 else ():
        if event.message_id and took(event) and texts(event):
            given.setdefault(event.message_id, []).append(event)
    for answers in given.values():
        told = {texts(event): event for event in reversed(answers)}
        keys = {event.data.get("idempotency_key") for event in answers}
        if len(told) > 1 and (len(keys) > 1 or None in keys):
            return sorted(told.values(), key=lambda event: event.seq)
    return []


def id_of_anothers_call(flow: Flow) -> list[Event]:
    """The change by which a row took the provider id of a call with another message's text, and that call's answer."""
    rows = [event for event in flow.of("database.inserted", "database.status") if event.data.get("provider_id")]
    if not rows or len(flow.texts) < 2:
        return []  # where all are of one text, no row can name a call of another
    sent = {name for event in (*flow.requests, *flow.appends) for name in texts(event)}
    own: dict[str | None, set[str]] = {}
    for event in (*flow.answers, *flow.appends, *flow.of("database.inserted", "database.status")):
        own.setdefault(event.message_id, set()).update(texts(event))
    calls = {event.data.get("call"): event for event in flow.calls}
    for row in rows:
        its, named = own.get(row.message_id), str(row.data["provider_id"])
        for answer in flow.accepted_calls if its and named else ():
            call = calls.get(answer.data.get("call"))
            carried = texts(call) if call and str(answer.data.get("message")) in named else frozenset()
            if carried and carried <= sent and its is not None and not carried & its:
                return [row, answer]
    return []


def stored_again(flow: Flow, facts: Facts, profile: Profile) -> list[Event]:
    """The rows of a message where there are more than it was sent, and nothing explains that."""
    inserted = [event for event in flow.of("database.inserted") if event.message_id and not _replied(event, profile)]
    rows = {event.message_id: event for event in reversed(inserted)}
    if not flow.requests or len(rows) <= flow.messages:
        return []
    excused = profile.policy.delivery == "at-least-once" and queued_again(flow, facts)
    return [] if excused else sorted(rows.values(), key=lambda event: event.seq)


def _replied(row: Event, profile: Profile) -> bool:
    """Whether a row is of something that came in: a reply may quote what it answers."""
    return row.data.get("direction") == "inbound" or row.data.get("new") == profile.statuses.inbound


def sent_elsewhere(flow: Flow, _: Facts, profile: Profile) -> list[Event]:
    """The call that carried a message's text to others than it was sent to, where channels carry it as it was sent."""
    if profile.claims.channels is None:
        return []
    wanted: dict[str, set[str]] = {}
    for event in flow.requests:
        for name in texts(event):
            wanted.setdefault(name, set()).update(people(event))
    for call in flow.calls:
        asked = {one for name in texts(call) for one in wanted.get(name, ())}
        if asked and people(call) and not asked & people(call):
            return [call]
    return []


def people(event: Event) -> set[str]:
    """Whom an event names as recipients, each spelled one way: a stack may write a number or an address as it likes.

    A number is known by its last digits: with or without the country's, and however they are grouped.
    """
    to = event.data.get("to")
    named = [str(one).casefold().strip() for one in (to if isinstance(to, list | tuple) else [to]) if one]
    return {one if "@" in one else re.sub(r"\W", "", one)[-DIGITS:] for one in named}
