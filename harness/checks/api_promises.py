"""Does the API keep what its answers promise: what it took is kept, and what it refuses makes nothing?"""

from __future__ import annotations

from harness.checks.lacking import not_accepted, unclaimed_channel, unless_lacking
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.history.flow import REFUSAL, SUCCESS
from harness.profile import Profile

NAME = "api-promises"
MADE = ("database.inserted", "queue.appended", "provider.called")
"""What shows that a send made a message."""


@check(NAME, "a message is stored, or queued, before the API says that it has it")
def stored_before_answer(history: History, flow: Flow, profile: Profile) -> Answers:
    """Judges one accepted message: what died right after the answer would have had to leave it to others."""
    answer, facts = flow.acceptance, Facts(history)
    if answer is None:
        yield not_accepted(flow, profile)
        return
    row, entries = flow.first("database.inserted"), flow.appends
    if row is not None and not row.data.get("sampled") and facts.earlier(row, answer):
        yield shown("its row was there before the answer", [row, answer])
        return
    queued = [entry for entry in entries if facts.earlier(entry, answer)]
    if queued:
        yield shown("its entry was queued before the answer", [queued[0], answer])
        return
    later = [one for one in (row, *entries[:1]) if one is not None and not one.data.get("sampled")]
    # of a row whose commit nobody has dated the statement's time is known, and it can't be committed before that
    if later and all(facts.earlier(answer, one) for one in later):
        reason = "it was answered before its row was committed, and nothing of it was queued by then"
        yield refuted(reason, [answer, *later], absent=["database.inserted", "queue.appended"])
        return
    fix = "track_commit_timestamp = on in PostgreSQL" if row is not None and "until" in row.data else ""
    reason = "whether anything of it was kept before the answer can't be told from what was seen"
    yield undecided(reason, [answer, *later], remedy=fix, absent=["database.inserted"])


@check(NAME, "the message that is answered is refused for nothing that it may say")
def taken(_: History, flow: Flow, profile: Profile, *, what: str) -> Answers:
    """Judges a send of a body that is unusual and right, at rest; `what` says how it is unusual."""
    answers = flow.answers
    if flow.acceptance is not None and flow.status == profile.statuses.failed:
        # nothing disturbs it, and a provider takes such bodies: it was called with another, or with none
        no = refuted(f"a body of {what} was taken, and the message failed", [flow.acceptance, flow.row])
        yield from unless_lacking([no], profile, unclaimed_channel(flow, profile))
    elif flow.acceptance is not None:
        yield shown(f"a body of {what} was taken", [flow.acceptance])
    if flow.acceptance is not None:
        return
    said = answers[-1].data.get("status") if answers else None
    if said is None or said < REFUSAL.start:
        yield not_accepted(flow, profile)
        return
    words = str(answers[-1].data.get("text", ""))[:120]
    no = refuted(f"a body of {what} was refused: it was answered {said} {words}".rstrip(), answers)
    yield from unless_lacking([no], profile, unclaimed_channel(flow, profile))


@check(NAME, "what is no message is refused with 4xx, and makes none")
def wrong_refused(history: History, answer: Event, profile: Profile, *, what: str) -> Answers:
    """Judges the answer to a send that is no message; `what` says what is wrong with it."""
    said = answer.data.get("status")
    flow = Flow(history.flow(answer.keys[-1])) if answer.keys else Flow([])
    made = flow.of(*MADE)
    if said is None:
        yield undecided(f"a send with {what} was not answered ({answer.data.get('error')})", [answer])
    elif said in SUCCESS:
        yield refuted(f"a send with {what} was answered {said}, as if it had been taken", [answer, *made])
    elif said not in REFUSAL:
        yield refuted(f"a send with {what} was answered {said}, expected 4xx", [answer, *made])
    elif made:
        yield refuted(f"a send with {what} was answered {said}, and made something all the same", [answer, *made])
    else:
        yield shown(f"a send with {what} was answered {said}", [answer])


@check(NAME, "a look at a message that nobody has sent shows none")
def none_shown(_: History, answer: Event, profile: Profile) -> Answers:
    """Judges the answer to a look at an id that no message has."""
    said, status = answer.data.get("status"), answer.data.get("message_status")
    if said is None:
        yield undecided(f"the look was not answered ({answer.data.get('error')})", [answer])
    elif said in SUCCESS and status is not None:
        yield refuted(f"a message that nobody sent was shown as {status!r}, answered {said}", [answer])
    elif said >= 500:
        yield refuted(f"a look at a message that isn't there was answered {said}, expected 404", [answer])
    else:
        yield shown(f"a look at a message that isn't there was answered {said}", [answer])


@check(NAME, "an idempotency key that comes again with another body is refused, and makes no message")
def conflict_refused(history: History, first: Flow, second: Flow, profile: Profile) -> Answers:
    """Judges two sends with one key and different bodies, in the order in which they were made."""
    again, taken_first = second.answers, first.acceptance
    if taken_first is None:
        yield not_accepted(first, profile)
        return
    if not again or again[-1].data.get("status") is None:
        yield undecided("the second send was not answered", [taken_first, *again])
        return
    answer = again[-1]
    # sends that say the same share what is known of both: all but what is another message's is the first one's
    others = (None, taken_first.message_id)
    made = [event for event in second.of(*MADE) if event not in first.events or event.message_id not in others]
    said = answer.data["status"]
    if said in SUCCESS and answer.message_id == taken_first.message_id:
        reason = f"the same key with another body was answered {said} with the first message: the second is lost"
        yield refuted(reason, [taken_first, answer])
    elif said in SUCCESS:
        yield refuted(f"one key with two bodies made two messages, the second answered {said}", [taken_first, answer])
    elif said not in REFUSAL:
        yield refuted(f"the same key with another body was answered {said}, expected 4xx", [taken_first, answer])
    elif made:
        yield refuted(f"the second send was answered {said}, and made something all the same", [answer, *made])
    else:
        yield shown(f"the same key with another body was answered {said}", [taken_first, answer])


@check(NAME, "one idempotency key makes one message, also when its sends come at once")
def one_of_many(history: History, flow: Flow, profile: Profile, *, claims: bool | None) -> Answers:
    """Judges sends of one message with one key that were under way together."""
    names = {event.message_id for event in flow.answers if event.message_id}
    rows = {event.message_id for event in flow.of("database.inserted")}
    broken = [event for event in flow.answers if (event.data.get("status") or 0) >= 500]
    many = len(names | rows)
    if many > 1:
        no = refuted(f"{many} messages were made with one key", [*flow.answers, *flow.of("database.inserted")])
        fix = "[claims] idempotency = true makes it a failure; false isn't asked"
        yield no if claims else undecided(no.reason, no.witnesses, remedy=fix)
    elif broken:
        no = refuted(f"a send whose key was in use was answered {broken[0].data['status']}", broken)
        yield no if claims else undecided(no.reason, broken)
    elif not many or not flow.answers:
        yield not_accepted(flow, profile)
    else:
        yield shown(f"{len(flow.answers)} sends at once, 1 message", flow.answers)
