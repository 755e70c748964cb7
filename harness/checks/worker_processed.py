"""Did a worker do what it should, once, and leave nothing behind?"""

from __future__ import annotations

from dataclasses import replace

from harness.checks.content import wrong_content
from harness.checks.lacking import failed_wrongly, in_its_words, not_accepted, turned_down, unless_lacking
from harness.checks.lifecycle import forward_only, no_step, sampled, sent_is_earned
from harness.checks.mixed_up import ONE_ID, OTHERS_CALL, id_of_anothers_call, one_id_for_two
from harness.checks.repeats import insisted, sent_again
from harness.checks.rest import entry_within, forgotten, kept, late, unacknowledged, work
from harness.checks.sent import Sent
from harness.checks.tries import tried_as_said
from harness.checks.verdict import Answers, Verdict, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.history.windows import Window
from harness.profile import Profile
from harness.profile.claims import claimed, remedy

NAME = "worker-processed"
CLAIM = "one provider call with the right content; statuses only forward, `sent` earned; its entry finished"
EACH = "of two messages that say the same each is sent"
REFUSED = "a message that the provider refuses for good is failed after one call, with the provider's reason"


@check(NAME, CLAIM, silence=("provider.called", "database.status"))
def worker_processed(history: History, flow: Flow, profile: Profile, *, message: Sent, needs: str = "") -> Answers:
    """Judges one message at rest; duplicates need a recorded disturbance and a policy that allows them.

    `needs` is the feature that the message's way rests on (retries, redelivery): where the profile doesn't claim it, a
    message that didn't get through is unknown.
    """
    yield from unless_lacking(processed(history, flow, profile, message), profile, needs)


def processed(history: History, flow: Flow, profile: Profile, message: Sent) -> Answers:
    """What is wrong with a message's way to its provider and back; else that it was sent, and with how many calls."""
    facts = Facts(history)
    if not flow.acceptance:
        yield not_accepted(flow, profile)
        return
    for reason, proof in ((ONE_ID, one_id_for_two(flow)), (OTHERS_CALL, id_of_anothers_call(flow))):
        if proof:
            yield refuted(reason, proof)
    end = flow.statuses[-1][1:] if flow.status in profile.statuses.terminal else ()
    if end and not work(flow) and profile.queue.base != "none":
        hidden = facts.unseen("queue.appended", "queue.claimed", since=flow.begin.seq)
        if hidden is None:
            yield undecided("nothing was queued, so there was nothing for a worker to take", end)
            return
        reason = f"nothing of it was seen on a {profile.queue.place}: {hidden.reason}"
        yield undecided(reason, end, remedy=hidden.remedy)
    yield from _got_through(facts, flow, profile)
    for inner in (forward_only(history, flow, profile), sent_is_earned(history, flow, profile)):
        if inner.outcome == "fail" or (inner.outcome == "unknown" and flow.status in profile.statuses.terminal):
            yield failed_wrongly(flow, profile, replace(inner, reason=f"{inner.name}: {inner.reason}"))
    wrong = wrong_content(flow, message, profile)
    if wrong and wrong.perhaps:
        yield undecided(wrong.reason, [wrong.call], remedy=wrong.perhaps)
    elif wrong:
        yield refuted(wrong.reason, [wrong.call])
    yield from _once(facts, flow, profile)
    yield from tried_as_said(facts, flow, profile)
    yield from _taken_no_for_an_answer(facts, flow)
    yield from finished(history, flow, profile)
    mismatch = wrong_provider_id(flow)
    if mismatch:
        yield refuted(*mismatch)
    sent = [event for value, event in flow.statuses if value == profile.statuses.sent]
    if sent and flow.calls:
        told = {"acknowledged": flow.acks, "deleted": flow.deletes}
        if profile.queue.pops:
            told["taken"] = flow.claims
        done = [name for name, what in told.items() if what]
        reason = ", ".join([f"calls {len(flow.calls)}", f"accepted {len(flow.accepted_calls)}", "sent", *done])
        yield shown(reason, [*flow.claims[:1], *flow.calls, *sent, *flow.acks[-1:], *flow.deletes[-1:]])


def _got_through(facts: Facts, flow: Flow, profile: Profile) -> Answers:
    """Whether the worker has sent this message."""
    statuses = profile.statuses
    if flow.acks and not flow.calls and not profile.queue.finish_first:
        reason = "its entry was acknowledged, and no provider was called"
        yield refuted(reason, flow.acks, absent=["provider.called"])
    elif not flow.calls and flow.status in (statuses.sent, statuses.delivered):
        reason = f"it is {flow.status}, and no provider was called"
        yield refuted(reason, [event for _, event in flow.statuses], absent=["provider.called"])
    if flow.status == statuses.failed:
        why = f": the provider refused it for good ({in_its_words(flow)})" if turned_down(flow) else ""
        failed = refuted(f"it failed after {len(flow.calls)} calls{why}", [*flow.calls, flow.row])
        yield failed_wrongly(flow, profile, failed)
    elif flow.status not in statuses.terminal:
        yield from _not_at_its_end(facts, flow, profile)


def _not_at_its_end(facts: Facts, flow: Flow, profile: Profile) -> Answers:
    nobody, within = facts.no_consumer(), profile.policy.finished_within
    where = [*flow.appends, *flow.calls]
    # what is read with NOACK is finished by being read
    ends = [*flow.acks, *(claim for claim in flow.claims if claim.data.get("noack"))]
    # whoever didn't hear that it was accepted may still wait to try again, wherever that is kept
    heard = any(event not in flow.unheard for event in flow.accepted_calls)
    # but not who was ended in its call: it could plan nothing after that
    ended = [w for w in facts.disturbances(flow.begin, flow.latest) if w.target == "worker"]
    finished_with = bool(ends) and not unacknowledged(flow, profile) and (heard or bool(flow.accepted_calls and ended))
    if nobody:
        yield refuted(nobody, where or flow.answers)
        return
    unread = list(no_step(flow, profile))
    yield from unread
    if unread:
        return
    if finished_with and not sampled(flow) and late(facts.history, *ends, *flow.accepted_calls, by=within):
        # nobody has the message any more, and nobody will write its row
        lost = forgotten(flow)
        how = f"was forgotten with its consumer, which {lost[0].data.get('process')} deleted" if lost else "is finished"
        reason = f"its entry {how}, and the row stays {flow.status}"
        yield refuted(reason, [*ends, *(e for _, e in flow.statuses[-1:])], absent=["database.status"])
    else:
        reason = f"it is still {flow.status or 'not stored'} after {len(flow.calls)} calls"
        fix = "[waits] within, if it takes longer"
        yield undecided(reason, where, remedy=fix, absent=["database.status"])


def _once(facts: Facts, flow: Flow, profile: Profile) -> Answers:
    extra = len(flow.accepted_calls) - flow.messages
    if extra <= 0:
        return
    if profile.policy.delivery == "effectively-once" or not sent_again(flow, facts):
        reason = f"{len(flow.accepted_calls)} calls were accepted for one message"
        yield refuted(reason, [*flow.calls, *flow.accepted_calls])


def _taken_no_for_an_answer(facts: Facts, flow: Flow) -> Answers:
    """Whether nobody called again after hearing that a provider will never take the message."""
    found = insisted(flow, facts)
    if found:
        yield refuted(f"it was called again after {found[-2].data['status']}", found)


def finished(history: History, flow: Flow, profile: Profile) -> Answers:
    """Whether the message's entry was finished as the profile says, in time and not too early."""
    end = flow.row if flow.status in profile.statuses.terminal else None
    overdue = late(history, end, *flow.acks, by=entry_within(flow, Facts(history), profile)) if end else False
    open_ones, left = unacknowledged(flow, profile), kept(flow, profile)
    if open_ones and end:
        reason = "its entry was not acknowledged"
        if overdue:
            yield refuted(reason, open_ones, absent=["queue.acked"])
        else:
            yield undecided(f"{reason} yet", open_ones, absent=["queue.acked"])
    elif left and end:
        reason = "its entry was acknowledged and not deleted" if flow.acks else "its entry was not deleted"
        ended = _ended_under(flow, Facts(history), profile)
        if flow.acks and ended:
            yield undecided(
                f"{reason}: the {ended.fault} of the worker may have come between", [*flow.acks, ended.began]
            )
        elif profile.queue.deletes is None:
            said = Verdict(name="", outcome="unknown", claim="", reason=reason, witnesses=tuple(flow.acks))
            yield replace(said, remedy="[queue] finish says whether it should be")
        elif overdue:
            yield refuted(reason, flow.acks or left, absent=["queue.deleted"])
        else:
            yield undecided(f"{reason} yet", flow.acks, absent=["queue.deleted"])
    first, finish = None if profile.queue.finish_first else _first_word(flow), flow.finish
    if first and finish and not unacknowledged(flow, profile) and Facts(history).earlier(first, finish) is False:
        yield refuted("its entry was acknowledged before the provider accepted", [finish, first])


def _ended_under(flow: Flow, facts: Facts, profile: Profile) -> Window | None:
    """The end of a worker, from a message's call on, before the time to finish its entry was over."""
    last = facts.history.last
    if last is None or not flow.acks:
        return None
    until = max(event.seen for event in flow.acks) + profile.policy.finished_within
    windows = facts.disturbances((flow.calls or flow.acks)[0], last)
    return next((w for w in windows if w.target == "worker" and w.began.seen < until), None)


def _first_word(flow: Flow) -> Event | None:
    """What of its calls must come before its entry is given up; None where it was never accepted.

    The acceptance, where one call was all. A message that was called for again may have been put aside, durably and
    elsewhere, after the first: its entry was given up too early only where it was before any call.
    """
    accepted = flow.accepted_calls
    if not accepted or (len(flow.calls) == 1 and accepted[0] in flow.unheard):
        return None
    return accepted[0] if len(flow.calls) == 1 else min(flow.calls, key=lambda event: event.at, default=None)


def wrong_provider_id(flow: Flow) -> tuple[str, list[Event]] | None:
    """Whether the row names another provider id than the provider gave: two witnesses that disagree."""
    given = {str(event.data["message"]) for event in flow.accepted_calls}
    for event in flow.of("database.inserted", "database.status"):
        kept = event.data.get("provider_id")
        # a row may say more than the id, such as whose it is
        if kept and given and not any(one in str(kept) for one in given):
            return f"the row names provider id {kept}, the provider gave {', '.join(sorted(given))}", [event]
    return None


@check(NAME, EACH, silence=("database.status",))
def each_is_sent(history: History, flow: Flow, profile: Profile) -> Answers:
    """Judges sends of one text without a key: who answers them with one id says that they are one."""
    taken, sent = {event.message_id for event in flow.answers if event.message_id}, flow.accepted_calls
    last = {event.message_id: (value, event) for value, event in flow.statuses}
    rows = [event for value, event in last.values() if value in (profile.statuses.sent, profile.statuses.delivered)]
    if not flow.acceptance:
        yield not_accepted(flow, profile)
    elif len(sent) >= len(taken):
        yield shown(f"{len(taken)} taken, {len(sent)} sent", [*flow.answers, *sent])
    elif len(rows) == len(last):
        reason = f"{len(taken)} messages of the same text were taken, and {len(sent)} sent"
        yield refuted(reason, [*flow.answers, *rows], absent=["provider.called", "provider.answered"])
    else:
        reason = f"{len(taken)} messages of the same text were taken, and {len(sent)} sent yet"
        yield undecided(reason, [*flow.answers, *rows], absent=["provider.answered"])


@check(NAME, REFUSED, silence=("provider.called",))
def refused_for_good(history: History, flow: Flow, profile: Profile) -> Answers:
    """Judges a message that the provider refuses with a permanent error: that one fails asks for no retries."""
    yield from refused(history, flow, profile)


def refused(history: History, flow: Flow, profile: Profile) -> Answers:
    """What is wrong with what became of a message that the provider refuses for good; else that it has failed."""
    nobody = Facts(history).no_consumer()
    last = [event for _, event in flow.statuses[-1:]]
    if not flow.taken:
        yield not_accepted(flow, profile)
        return
    if nobody and not flow.calls:
        yield refuted(nobody, flow.appends)
    if len(flow.calls) > 1:
        yield refuted(f"it was called {len(flow.calls)} times", flow.calls)
    elif not flow.calls and flow.status in profile.statuses.terminal:
        yield refuted("it was called 0 times", last, absent=["provider.called"])
    if flow.status in profile.statuses.terminal and flow.status != profile.statuses.failed:
        # where no call can be seen, nothing shows that the provider refused it
        absent = () if flow.calls else ("provider.called",)
        yield refuted(f"the row is {flow.status}", [*flow.calls, *last], absent=absent)
    elif unread := list(no_step(flow, profile)):
        # the word may be the stack's for a failure
        yield from unread
    elif flow.status != profile.statuses.failed:
        said = flow.call_answers[-1:]
        overdue = turned_down(flow) and late(history, *said, *last, by=profile.policy.finished_within)
        if overdue and claimed(profile, "failures"):
            yield refuted(f"the row is {flow.status}", [*said, *last], absent=["database.status"])
        else:
            yield undecided(f"the row is {flow.status}", [*flow.calls, *last], remedy=remedy("failures"))
    yield from finished(history, flow, profile)
    if flow.calls and flow.status == profile.statuses.failed:
        done = ", acknowledged" if flow.acks else ""
        yield shown(f"1 call, failed{done}", [*flow.calls, *last, *flow.acks])
