"""What a generated program is judged by: the account of all its messages, and of each what was asked of it.

Only what is proven counts here: a program may do so much to a message that nothing can be said of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.checks import (
    Verdict,
    bad_signature_refused,
    conflict_refused,
    message_queued,
    one_conversation,
    one_message,
    reports_applied,
    shown_as_sent,
    shown_as_stored,
    stored_before_answer,
    stored_once,
    sync_processing_disabled,
    whole_record,
    wrong_refused,
)
from harness.checks.content import wrong_content
from harness.checks.lacking import doubtful, lacking
from harness.checks.rest import late, owed_by, unacknowledged, unapplied
from harness.checks.sync_processing_disabled import held
from harness.checks.tries import tried_as_said
from harness.checks.verdict import Answers, check, refuted, shown
from harness.checks.worker_processed import finished, wrong_provider_id
from harness.exploration.done import Came, Done, Sent
from harness.history import Event, Flow, History, key
from harness.history.facts import Facts
from harness.profile import Profile
from harness.profile.claims import claimed

DONE = "what was asked of a message came of it, whatever was done to the stack meanwhile"


@dataclass(frozen=True)
class Listing:
    """The conversations that the API lists for one pair after so many first messages."""

    listing: dict[str, object] | None
    evidence: Event
    expected: int


def failures(done: Done, history: History, profile: Profile, listings: Sequence[Listing] = ()) -> list[Verdict]:
    """The verdicts on a program that are proven to be failures; `history` is the program's own part of the record."""
    return [verdict for verdict in verdicts(done, history, profile, listings) if verdict.outcome == "fail"]


def verdicts(done: Done, history: History, profile: Profile, listings: Sequence[Listing]) -> Iterator[Verdict]:
    yield whole_record(history, profile)
    for sent in done.sent:
        yield from of_sent(sent, history, profile)
    yield from of_keys(done.sent, history, profile)
    for token, what in done.wrong.items():
        yield from of_wrong(token, what, history, profile)
    for came in done.came:
        yield from of_came(came, history, profile)
    for one in listings:
        yield one_conversation(one.listing, one.evidence, expected=one.expected)


def of_sent(sent: Sent, history: History, profile: Profile) -> Iterator[Verdict]:
    flow = Flow(history.flow(sent.flow.key), name=sent.message.token)
    if not flow.taken:
        return
    yield message_queued(history, flow, profile, channel=sent.message.type)
    yield came_of_it(history, flow, profile, sent=sent)
    yield stored_before_answer(history, flow, profile)
    reports = [event for event in flow.of("callback.sent") if event.data.get("call")]
    if reports and not disturbed(flow, history):
        yield reports_applied(history, flow, profile, reports=len(reports))
    yield from of_look(sent, flow, history, profile)
    if flow.acceptance and held(history, flow.acceptance):
        yield sync_processing_disabled(history, flow, profile)


def of_look(sent: Sent, flow: Flow, history: History, profile: Profile) -> Iterator[Verdict]:
    """What the API shows of a message that was looked at after its row had come to rest."""
    looks = [event for event in flow.of("api.answered") if event.data.get("operation") == "get"]
    rows = [event for _, event in flow.statuses]
    if looks and rows and rows[-1].seen < looks[-1].seen and not disturbed(flow, history):
        yield shown_as_stored(history, flow, profile, look=looks[-1])
        yield shown_as_sent(history, profile, messages=[sent.message])


def of_keys(sent: Sequence[Sent], history: History, profile: Profile) -> Iterator[Verdict]:
    """Sends that shared an idempotency key are one message, however many came at once."""
    shared: dict[str, dict[str, Sent]] = {}
    for one in sent:
        if one.key:
            shared.setdefault(one.key, {})[one.flow.key] = one
    for ones in shared.values():
        if len(ones) > 1 and claimed(profile, "key_conflicts") is not True:
            continue  # what comes of one key with several bodies, nobody says
        first, *others = [Flow(history.flow(name)) for name in ones]
        for other in others:
            if not disturbed(other, history):
                yield conflict_refused(history, first, other, profile)
        events = {event.seq: event for name in ones for event in history.flow(name)}
        flow = Flow([events[seq] for seq in sorted(events)])
        if len(flow.answers) > 1:
            yield one_message(history, flow, profile, claimed=claimed(profile, "idempotency"))


def of_wrong(token: str, what: str, history: History, profile: Profile) -> Iterator[Verdict]:
    """A send that is no message; who is cut off from what he needs may answer it as he can."""
    flow = Flow(history.flow(key("token", token)))
    answers = flow.of("api.answered")
    if answers and not disturbed(flow, history):
        yield wrong_refused(history, answers[-1], profile, what=what)


def of_came(came: Came, history: History, profile: Profile) -> Iterator[Verdict]:
    flow = Flow(history.flow(key("provider", came.provider_id)), name=came.provider_id)
    if not flow or disturbed(flow, history):
        return  # who was ended under a delivery, or cut off from what keeps it, may have had to refuse it
    if came.good:
        yield stored_once(history, flow, profile, deliveries=came.good + len(came.spoilt))
    elif came.spoilt:
        yield bad_signature_refused(history, flow, profile, status=came.spoilt[-1])


def disturbed(flow: Flow, history: History) -> bool:
    """Whether anything of ours was on while a flow went on that isn't a provider's own doing."""
    windows = Facts(history).windows()
    first, last = flow.events[0], flow.events[-1]
    return any(
        w.fault != "provider" and w.began.seen <= last.seen and (w.ended is None or w.ended.seen >= first.seen)
        for w in windows
    )


@check("worker-processed", DONE)
def came_of_it(history: History, flow: Flow, profile: Profile, *, sent: Sent) -> Answers:
    """Judges one message of a program by what holds whatever was done to it."""
    facts = Facts(history)
    feature = lacking(flow, facts, profile)
    for answer in wrong_with(sent, flow, facts, profile):
        if answer.outcome == "fail":
            yield doubtful(answer, feature) if feature else answer
    yield shown("nothing of it is proven to be wrong", flow.events[:1])


def wrong_with(sent: Sent, flow: Flow, facts: Facts, profile: Profile) -> Answers:
    wrong = wrong_content(flow, sent.message, profile)
    if wrong and not wrong.perhaps:
        yield refuted(wrong.reason, [wrong.call])
    yield from finished(facts.history, flow, profile)
    mismatch = wrong_provider_id(flow)
    if mismatch:
        yield refuted(*mismatch)
    yield from tried_as_said(facts, flow, profile)
    yield from given_up(flow, facts, profile)
    yield from not_taken_up(flow, facts, profile)
    yield from not_applied(flow, facts, profile)


def given_up(flow: Flow, facts: Facts, profile: Profile) -> Answers:
    """Whether a message was given up after passing errors that call for another try."""
    answers = flow.call_answers
    passing = [event for event in answers if event.data.get("status") in profile.retries.statuses]
    told = any(profile.statuses.failed in owed_by(event, profile) for event in flow.of("callback.sent"))
    if flow.status != profile.statuses.failed or told or claimed(profile, "retries") is not True:
        return
    if not answers or len(passing) < len(answers) or facts.disturbances(flow.events[0], flow.events[-1]):
        return
    if len(flow.calls) < (profile.retries.attempts or 2):
        reason = f"it was given up after {len(flow.calls)} calls, of which none was refused for good"
        yield refuted(reason, [*answers, flow.statuses[-1][1]], absent=["provider.called"])


def not_applied(flow: Flow, facts: Facts, profile: Profile) -> Answers:
    """Whether a final report that the stack has taken had no effect, in all its time."""
    if claimed(profile, "delivery_reports") is not True:
        return
    found = unapplied(flow, profile)
    rows = [event for _, event in flow.statuses[-1:]]
    last = flow.of("callback.answered")[-1:]
    if found and late(facts.history, *rows, *last, *flow.accepted_calls, by=profile.policy.finished_within):
        report, status = found[0]
        reason = f"a report was taken by which it is {status}, and it stays {flow.status}"
        yield refuted(reason, [report, *last, *rows], absent=["database.status"])


def not_taken_up(flow: Flow, facts: Facts, profile: Profile) -> Answers:
    """Whether an entry of a worker that was ended was left to nobody, in all the time that others have to take it."""
    if claimed(profile, "redelivery") is not True or flow.status in profile.statuses.terminal or not flow.claims:
        return
    open_ones, last = unacknowledged(flow, profile), facts.history.last
    ended = facts.disturbances(flow.claims[0], last) if open_ones and last else []
    if not [w for w in ended if w.target == "worker"] or facts.gone("worker"):
        return
    if late(facts.history, flow.events[-1], *(w.ended for w in ended), by=profile.policy.taken_up_within):
        reason = f"its worker was ended, and nobody has taken it up within {profile.policy.taken_up_within:g} s"
        yield refuted(reason, [*open_ones, *(w.began for w in ended)], absent=["queue.claimed", "provider.called"])
