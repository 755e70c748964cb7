"""What becomes of a message when its provider fails: tried again, given up, told why, and nobody else kept waiting."""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.checks.lacking import not_accepted, permanent, turned_down, unless_lacking
from harness.checks.lifecycle import forward_only, no_step
from harness.checks.rest import late
from harness.checks.sent import Sent
from harness.checks.tries import asked_to_wait, outcome_of, passing, tried_as_said
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.checks.worker_processed import finished, processed, refused
from harness.history import Flow, History
from harness.history.facts import Facts
from harness.history.flow import SUCCESS
from harness.profile import Profile
from harness.profile.claims import claimed
from harness.profile.pointers import Place, found, parsed, pointed, spelled

NAME = "provider-failures"
TRIED = "what passes is tried again as the profile says, with the same message, until the provider takes it"
GIVEN_UP = "what doesn't pass is given up after as many tries as the profile says, and the row says why"
REFUSED = "what a provider refuses for good is failed after one call, and the row says why"
WAITED = "a slow provider is waited for: one call, and nothing failed"
ENDS = "what no provider says is tried again or failed: not taken for a yes, nor left where it was"
OUTLIVES = "what waits for its next try is tried though its worker was killed meanwhile"
APART = "other messages go on while one waits for its next try"
WORK = ("database.status", "queue.appended", "queue.claimed", "queue.acked", "queue.deleted", "provider.called")
"""What shows that somebody goes on with a message."""
MARGIN_S = 0.5
"""Seconds that a message must have had before another's try, to have been kept waiting for it."""


@check(NAME, TRIED, silence=("provider.called", "database.status"))
def tried_again(history: History, flow: Flow, profile: Profile, *, message: Sent) -> Answers:
    """Judges a message whose first call came to a failure that passes."""
    yield from unless_lacking(_final(flow, profile), profile, "retries")
    yield from unless_lacking(processed(history, flow, profile, message), profile, "retries")


def _final(flow: Flow, profile: Profile) -> Answers:
    """Whether a failure that passes was taken for the last word."""
    answers, number, most = flow.call_answers, len(flow.calls), max(profile.retries.attempts or 2, 2)
    early = number < most and bool(answers) and all(passing(answer, profile) for answer in answers)
    if flow.status == profile.statuses.failed and early:
        who = answers[-1].data.get("provider") or "the provider"
        tried = f" after {number} calls, and [retries] attempts is {most}" if number > 1 else ""
        reason = f"{outcome_of(answers[-1])} of {who} was taken for the last word{tried}"
        yield refuted(reason, [*answers, flow.row])


@check(NAME, ENDS, silence=("provider.called", "database.status"))
def comes_to_an_end(history: History, flow: Flow, profile: Profile, *, message: Sent) -> Answers:
    """Judges a message whose first call was answered with what nobody's list of failures has."""
    last, within = flow.call_answers[-1:], profile.retries.within
    if flow.status == profile.statuses.failed:
        yield from _only_forward(history, flow, profile)
        yield from finished(history, flow, profile)
        said = f"failed after {outcome_of(last[0])}" if last else "failed before any call"
        yield shown(said, [*last, flow.row])
        return
    if last and within is not None and flow.status not in profile.statuses.terminal:
        # a refusal is one whoever words it; what else it is may be left to who takes it up
        later = 0.0 if permanent(last[0]) else taken_up(profile)
        by = max(within + profile.policy.finished_within, later)
        # who has written down anything since then may have planned to come back
        if not went_on(flow, Facts(history)) and late(history, last[0], by=by):
            reason = f"after {outcome_of(last[0])} nothing more was done, and the row stays {flow.status}"
            no = refuted(reason, last, absent=["provider.called", "database.status", "queue.acked"])
            yield from unless_lacking([no], profile, "failures")
    yield from processed(history, flow, profile, message)


def went_on(flow: Flow, facts: Facts) -> bool:
    """Whether anything may have been written down of a message, or done for it, since its last call was answered.

    By clocks, not by arrival: a row's change is often told later than the call that followed it.
    """
    answers = flow.call_answers
    return bool(answers) and any(facts.earlier(answers[-1], event) is not False for event in flow.of(*WORK))


def taken_up(profile: Profile) -> float:
    """Seconds after which what nobody finished is somebody else's; 0 where that isn't claimed."""
    return profile.policy.taken_up_within if claimed(profile, "redelivery") else 0.0


@check(NAME, OUTLIVES, silence=("provider.called", "database.status"))
def tried_after_a_kill(history: History, flow: Flow, profile: Profile, *, message: Sent) -> Answers:
    """Judges a message whose worker was killed after its first call, and started again."""
    last, facts = flow.call_answers[-1:], Facts(history)
    killed = [w for w in facts.disturbances(last[0], history.last) if w.ended] if last and history.last else []
    if killed and flow.status not in profile.statuses.terminal and passing(last[0], profile):
        up, wait = killed[-1].ended, asked_to_wait(last[0])
        seconds = wait + max((profile.retries.within or 0.0) + profile.policy.finished_within, taken_up(profile))
        if not flow.calls_in_flight and late(history, up, by=seconds):
            reason = f"nobody has tried it again since its {killed[-1].target} was killed and is back"
            proof = [last[0], killed[-1].began]
            no = refuted(f"{reason}, and the row stays {flow.status}", proof, absent=["provider.called"])
            yield from unless_lacking(unless_lacking([no], profile, "retries"), profile, "redelivery")
    yield from unless_lacking(processed(history, flow, profile, message), profile, "redelivery")


@check(NAME, WAITED, silence=("provider.called", "database.status"))
def waited_for(history: History, flow: Flow, profile: Profile, *, message: Sent) -> Answers:
    """Judges a message whose provider takes its time, and takes it.

    A client whose own time is shorter may call again; that it gave up sooner than it says is judged, too.
    """
    told = [event for event in flow.accepted_calls if event not in flow.unheard]
    again = next((call for answer in told for call in flow.calls if call.at > answer.at), None)
    if again:
        yield refuted("it was called again after the provider had taken it, if slowly", [told[0], again])
    yield from processed(history, flow, profile, message)


@check(NAME, GIVEN_UP, silence=("provider.called",))
def given_up(history: History, flow: Flow, profile: Profile, *, told: Sequence[str] = ()) -> Answers:
    """Judges a message whose provider goes on failing; `told` are words of the provider's, any of which says why."""
    if not flow.taken:
        yield not_accepted(flow, profile)
        return
    yield from unless_lacking(_given_up(history, flow, profile), profile, "retries")
    yield from unless_lacking(says_why(flow, profile, told), profile, "failures")


def _given_up(history: History, flow: Flow, profile: Profile) -> Answers:
    facts, words, number = Facts(history), profile.statuses, len(flow.calls)
    yield from tried_as_said(facts, flow, profile)
    last = [event for _, event in flow.statuses[-1:]]
    if flow.status == words.failed:
        if number < 2:
            yield refuted(f"it failed after {number} calls", [*flow.calls, *last], absent=["provider.called"])
    elif flow.status in words.terminal:
        reason = f"the row is {flow.status}, and no provider ever accepted it"
        yield refuted(reason, [*flow.calls, *last], absent=["provider.answered"])
    elif nobody := facts.no_consumer():
        yield refuted(nobody, [*flow.appends, *flow.calls])
    elif unread := list(no_step(flow, profile)):
        yield from unread
    else:
        reason = f"it is still {flow.status or 'not stored'} after {number} calls, and [retries] names an end"
        fix = "[waits] within, or shorter pauses while the stack is verified ([env])"
        yield undecided(reason, [*flow.calls, *last], remedy=fix)
    yield from _only_forward(history, flow, profile)
    yield from finished(history, flow, profile)
    yield from _dead_letter(facts, flow, profile)
    if flow.status == words.failed and number > 1:
        yield shown(f"given up after {number} calls", [*flow.calls, *last])


def _dead_letter(facts: Facts, flow: Flow, profile: Profile) -> Answers:
    """Whether a message that was given up is on the dead letters, once, where the profile claims those.

    Of one that was tried in vain alone: what a provider refuses for good is no work for anybody, dead or not.
    """
    if not claimed(profile, "dead_letters") or flow.status != profile.statuses.failed or turned_down(flow):
        return
    history, last = facts.history, flow.row
    letters = [event for event in flow.appends if event.data.get("dead")]
    strange = [gap for gap in history.events("probe.gap") if gap.data.get("dead")]
    if not letters and strange:  # it may be one of those that can't be told to be anybody's
        reason = f"whether a dead letter tells of it can't be said: {strange[0].data['reason']}"
        yield undecided(reason, [strange[0], last], remedy=str(strange[0].data.get("remedy", "")))
    elif not letters:
        reason = "it was tried in vain and given up, and no dead letter tells of it"
        if late(history, last, *flow.acks, by=profile.policy.finished_within):
            yield refuted(reason, [*flow.calls[-1:], last, *flow.acks], absent=["queue.appended"])
        else:
            yield undecided(f"{reason} yet", [last], absent=["queue.appended"])
    elif len(letters) > flow.messages and not facts.disturbances(flow.begin, letters[-1]):
        yield refuted(f"{len(letters)} dead letters tell of one message that was given up", [last, *letters])


@check(NAME, REFUSED, silence=("provider.called",))
def refused_and_told(history: History, flow: Flow, profile: Profile, *, told: Sequence[str] = ()) -> Answers:
    """Judges a message that its provider refuses for good; `told` are words of its answer, any of which says why."""
    yield from _only_forward(history, flow, profile)
    yield from refused(history, flow, profile)
    yield from unless_lacking(says_why(flow, profile, told), profile, "failures")


def _only_forward(history: History, flow: Flow, profile: Profile) -> Answers:
    inner = forward_only(history, flow, profile)
    if inner.outcome == "fail":
        yield refuted(f"{inner.name}: {inner.reason}", inner.witnesses)


def says_why(flow: Flow, profile: Profile, told: Sequence[str]) -> Answers:
    """Whether a failed message says why, as the API shows it (`[look] error`): in the provider's words, or by its code.

    It is asked only where the profile names that place: a stack that never said that it tells why isn't asked.
    """
    look = profile.look
    looks = [event for event in flow.of("api.answered") if event.data.get("operation") == "get"]
    shows = [event for event in looks if event.data.get("status") in SUCCESS]
    shows = [event for event in shows if event.data.get("message_status") in (None, profile.statuses.failed)]
    if not look.error or flow.status != profile.statuses.failed or not flow.call_answers:
        return
    if not shows:
        yield undecided("nobody was shown why it failed: no look at it was answered", looks, remedy="[look] path")
        return
    answer = shows[-1]
    text, last = str(answer.data.get("text") or ""), flow.call_answers[-1]
    if isinstance(look.error, str) and parsed(text) is None:
        yield undecided("why it failed can't be read: the answer is no JSON, or too long", [answer])
        return
    words = reason_in(text, look.error)
    enough = [*told, *([str(last.data["error"])] if last.data.get("error") else [])]
    where = f"{spelled(look.error)} ([look] error)"
    if not (words or "").strip():
        yield refuted(f"it failed, and nothing says why: {where} is empty", [last, answer])
    elif enough and not any(one.casefold() in str(words).casefold() for one in enough):
        reason = f"it failed, and {where} says {str(words)[:80]!r}: the provider had said {enough[0]!r}"
        yield refuted(reason, [last, answer])


def reason_in(text: str, where: str | Place) -> str | None:
    """What an answer of the API says of a failure, as text; None where the place isn't in it."""
    if not isinstance(where, str):
        return found(where, text=text, headers={})
    parent, _, name = where.rpartition("/")
    around = pointed(parsed(text), parent)
    if not isinstance(around, dict) or name not in around:
        return None
    value = around[name]
    return "" if value in (None, "", [], {}) else value if isinstance(value, str) else json.dumps(value)


@check(NAME, APART, silence=("provider.called",))
def others_go_on(history: History, flow: Flow, profile: Profile, *, others: Sequence[Flow]) -> Answers:
    """Judges a message that waited for its try, with `others` of its channel that were sent meanwhile."""
    facts = Facts(history)
    said = flow.call_answers[0] if flow.call_answers else None
    again = next((call for call in flow.calls if said and call.at > said.at), None)
    if said is None or again is None:
        yield undecided("it was never tried again, so nothing could wait for that", flow.calls)
        return
    if facts.disturbances(said, again):
        yield undecided("somebody was ended meanwhile", [said, again])
        return
    came = [other for other in others if other.acceptance and other.acceptance.seen < again.seen - MARGIN_S]
    kept = [other for other in came if not any(call.at < again.at for call in other.calls)]
    if not came:
        yield undecided("it was tried again before others could come", [said, again])
    elif len(kept) == len(came) > 1:
        reason = f"all {len(kept)} messages that came while it waited were kept until it had been tried again"
        calls = [call for other in kept for call in other.calls[:1]]
        yield refuted(reason, [said, again, *calls])
    else:
        first = [call for other in came for call in other.calls[:1] if call.at < again.at]
        yield shown(f"{len(first)} of {len(came)} were sent while it waited", [said, *first, again])
