"""Do replies arrive once, and is what has a bad signature refused? `delivery_reports.py` asks of the reports.

A stack whose profile doesn't say that it has a feature is never failed for lacking it: a path that isn't there, a
report without effect, a signature that nobody checks. What it does wrong (stored twice, moved back) fails always.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.checks.rest import allowed_by, late
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.history.flow import SUCCESS
from harness.history.overlap import overlap
from harness.profile import Profile
from harness.profile.base import Channel
from harness.profile.claims import claimed, remedy

NAME = "webhooks"
ONCE = "a reply is answered 2xx and stored once, however often it is delivered"
SIGNED = "a delivery with a bad signature is refused and changes nothing"
ONE = "concurrent first messages of one pair make one conversation"
NOT_THERE = (404, 405, 501)
FOR_WHO_ASKS = (401, 403)
"""Refusals that are about who asks; others may be about what is asked (RFC 9110, section 15.5)."""


def answered(answers: Sequence[Event], profile: Profile, feature: str) -> Answers:
    """What is wrong with the answers to deliveries; nothing where all were taken."""
    bad = [event for event in answers if event.data.get("status") not in SUCCESS]
    if not bad:
        return
    data = bad[0].data
    said = data.get("status") or data.get("error") or "no answer"
    if data.get("status") is None:
        yield undecided(f"a delivery was not answered ({said})", bad)
    elif data["status"] in NOT_THERE and not claimed(profile, feature):
        reason = f"a delivery was answered {said}: the stack doesn't seem to have such a webhook"
        yield undecided(reason, bad, remedy=remedy(feature))
    elif data["status"] < 500 and not claimed(profile, feature):
        yield undecided(f"a delivery was answered {said}", bad, remedy=remedy(feature))
    else:
        yield refuted(f"a delivery was answered {said}", bad)


@check(NAME, ONCE, silence=("database.inserted",))
def stored_once(history: History, flow: Flow, profile: Profile, *, deliveries: int, messages: int = 1) -> Answers:
    """Judges an inbound message that was delivered `deliveries` times; or `messages` of the same words."""
    answers = flow.of("callback.answered")
    if len(answers) < deliveries:
        yield undecided(f"{len(answers)} of {deliveries} deliveries were answered", flow.of("callback.sent"))
    yield from answered(answers, profile, "webhooks")
    good = [event for event in answers if event.data.get("status") in SUCCESS]
    rows = flow.of("database.inserted")
    told = "1 delivery" if deliveries == 1 else f"{deliveries} deliveries"
    told += f" of {messages} messages" if messages > 1 else ""
    if len(rows) > messages:
        yield refuted(f"{told} made {len(rows)} rows, expected {messages}", [*answers, *rows])
    elif good and len(rows) < messages:
        reason = f"{told} made {len(rows)} rows, expected {messages}"
        if not late(history, *good, by=profile.policy.finished_within):
            yield undecided(f"{reason}, and the profile still allows for one", good, absent=["database.inserted"])
        elif claimed(profile, "webhooks"):
            yield refuted(reason, answers, absent=["database.inserted"])
        else:
            yield undecided(f"{reason}; where replies go isn't known", answers, remedy=remedy("webhooks"))
    elif rows:
        yield from _went_out(history, rows, profile)
        yield shown(f"{told}, {len(rows)} row{'s' if len(rows) > 1 else ''}", [*answers, *rows])


def _went_out(history: History, rows: Sequence[Event], profile: Profile) -> Answers:
    """Whether the row of what came in says of its direction what those say of what was sent, in whichever word."""
    sent = {event.message_id for event in history.events("api.answered") if event.data.get("operation") == "send"}
    out = {row.data.get("said"): row for row in history.events("database.inserted") if row.message_id in sent}
    wrong = [row for row in rows if row.data.get("said") in out and row.data.get("said") is not None]
    if wrong:
        said = wrong[0].data["said"]
        reason = f"the row of what came in says {said!r} of its direction, as that of what was sent does"
        proof = [wrong[0], out[said]]
        doubt = not claimed(profile, "webhooks")
        yield undecided(reason, proof, remedy=remedy("webhooks")) if doubt else refuted(reason, proof)


@check(NAME, SIGNED, silence=("database.inserted", "database.status"))
def bad_signature_refused(history: History, flow: Flow, profile: Profile, *, status: int | None) -> Answers:
    """Judges a delivery whose signature was spoilt, the last of its flow: `status` is what it was answered."""
    answers = flow.of("callback.answered")[-1:]
    done = effects(flow, Facts(history), profile)
    claims = claimed(profile, "signatures")
    fix = remedy("signatures")
    channel: Channel = "email" if answers and answers[0].data.get("provider") == "sendgrid" else "sms"
    hook = profile.webhooks.of(channel)
    if status is None:
        yield undecided("the delivery was not answered", answers)
        return
    if status in NOT_THERE and not claimed(profile, "webhooks"):
        reason = f"it was answered {status}: the stack doesn't seem to have such a webhook"
        yield undecided(reason, answers, remedy=remedy("webhooks"))
    elif status in SUCCESS and not claims:
        yield undecided(f"it was answered {status}: the stack doesn't seem to check signatures", answers, remedy=fix)
    elif not hook.refused(status) and (claims or status in SUCCESS):
        yield refuted(f"it was answered {status}, expected {hook.refusal}", answers)
    elif not hook.refused(status):
        yield undecided(f"it was answered {status}, expected {hook.refusal}", answers, remedy=fix)
    elif answers and not (hook.refuses or status in FOR_WHO_ASKS or taken_elsewhere(history, answers[0])):
        reason = f"it was answered {status}, and no delivery with a good signature was taken to compare it with"
        yield undecided(reason, answers, remedy=f"[webhooks.{channel}] refuses = [{status}]")
    elif answers:
        yield shown(f"answered {status}, and nothing had changed by then", answers)
    if done and status not in SUCCESS:
        yield refuted(f"it was answered {status} and yet changed a row", [*answers, *done])


def taken_elsewhere(history: History, answer: Event) -> bool:
    """Whether the stack took another delivery of the same kind: what it refuses isn't refused for what it is."""
    same = ("provider", "what")
    return any(
        event.data.get("status") in SUCCESS and all(event.data.get(name) == answer.data.get(name) for name in same)
        for event in history.events("callback.answered")
        if event.data.get("call") != answer.data.get("call")
    )


def effects(flow: Flow, facts: Facts, profile: Profile) -> list[Event]:
    """What the last delivery of a flow did: a row that came after it, or one that took the status that it reports."""
    sent = flow.of("callback.sent")[-1:]
    if not sent:
        return []
    reported = allowed_by(sent[0], profile)
    moves = (event for value, event in flow.statuses if event.data.get("old") and value in reported)
    rows = [*flow.of("database.inserted"), *moves]
    return [row for row in rows if facts.earlier(sent[0], row)]


@check(NAME, "deliveries that were meant to come at once did overlap")
def at_once(history: History, flow: Flow) -> Answers:
    """Judges whether the deliveries of a flow were under way together: else a race was hoped for, and not made."""
    sent, answers = flow.of("callback.sent"), flow.of("callback.answered")
    together, words = overlap([*sent, *answers])
    if together:
        yield shown(words, answers)
    else:
        yield undecided(f"they did not come at once: {words}", [*sent, *answers])


@check(NAME, ONE)
def one_conversation(listing: dict[str, Any] | None, evidence: Event, *, expected: int) -> Answers:
    """Judges the conversations that the API lists for one pair after `expected` concurrent first messages.

    `listing` is {"conversations": [...], "messages": count}; None where the API lists none at all.
    """
    if listing is None:
        said = evidence.data.get("status")
        reason = f"the API doesn't list conversations: it answered {said}"
        yield undecided(reason, [evidence], remedy=remedy("conversations"))
        return
    found, stored = listing["conversations"], listing["messages"]
    if len(found) > 1:
        yield refuted(f"{len(found)} conversations, expected 1", [evidence])
    elif not found:
        yield undecided("no conversation of the pair is listed", [evidence], remedy=remedy("conversations"))
    elif stored is None:
        yield undecided("how many messages it holds can't be read", [evidence], remedy=remedy("conversations"))
    elif stored != expected:
        yield refuted(f"{stored} messages are stored, expected {expected}", [evidence])
    else:
        yield shown(f"{expected} messages, 1 conversation", [evidence])
