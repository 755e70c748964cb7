"""Do delivery reports move their messages on, each only its own, in whatever order and company they come?

The providers' `delivered`, `undelivered`, `failed`, `bounce` and `dropped` are final. A message that failed stays so,
whatever comes later; one that was delivered may fail yet (a bounce may come days later), or stay: both are right. What
else is reported moves nothing back, and ends nothing; a stack may take what it implies for what it says.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from harness.checks.fates import asked_for
from harness.checks.lacking import unless_lacking
from harness.checks.lifecycle import backward_moves, no_step, sampled, trail
from harness.checks.provider_failures import says_why
from harness.checks.rest import allowed_by, late, owed_by, words_of
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.checks.webhooks import NAME, answered
from harness.history import Event, Flow, History
from harness.history.flow import REFUSAL, SUCCESS
from harness.profile import Profile, Statuses
from harness.profile.claims import claimed, remedy

MOVED = "a delivery report moves the message on, and never back"
APPLIED = "a message is where its own delivery reports say, in whatever order and company they came"
EXPLAINED = "a message that failed by its provider's report says why"
STRANGE = "a report about another system's message does no harm"


@check(NAME, MOVED, silence=("database.status",))
def report_moved(history: History, flow: Flow, profile: Profile, *, to: str) -> Answers:
    """Judges a sent message about which its provider has reported; `to` is where the row must be in the end."""
    answers = flow.of("callback.answered")
    if not answers:
        yield from _no_way_back(flow, profile)
        absent = ["callback.answered"] if flow.of("callback.sent") else ["provider.called", "provider.answered"]
        fix = "" if claimed(profile, "delivery_reports") else remedy("delivery_reports")
        yield undecided("no delivery report was answered", flow.of("callback.sent"), absent=absent, remedy=fix)
        return
    yield from answered(answers, profile, "delivery_reports")
    back = backward_moves(flow, profile.statuses)
    if back:
        yield refuted(f"it moved back: {trail(flow)}", back)
    elif sampled(flow):
        reason = f"the status was only sampled ({trail(flow)}); a move back may have been missed"
        yield undecided(reason, answers)
    good = [event for event in answers if event.data.get("status") in SUCCESS]
    if good:
        yield from arrived(history, flow, profile, at=[to], answers=good)


def _no_way_back(flow: Flow, profile: Profile) -> Answers:
    """Whether a provider was not told where to report: a text says so itself, or its messaging service does."""
    if not claimed(profile, "delivery_reports") or flow.of("callback.sent"):
        return
    for call in flow.calls:
        params = call.data.get("params")
        if call.data.get("provider") != "twilio" or not isinstance(params, Mapping):
            continue
        if not (params.get("StatusCallback") or params.get("MessagingServiceSid")):
            yield refuted("a call without the status callback that the profile promises", [call])
            return


@check(NAME, APPLIED, silence=("database.status",))
def reports_applied(history: History, flow: Flow, profile: Profile, *, reports: int) -> Answers:
    """Judges a sent message about which `reports` deliveries told something, alone or in a batch; 0: none did."""
    answers = flow.of("callback.answered")
    if len(answers) < reports:
        yield from _no_way_back(flow, profile)
        absent = ["callback.answered"] if flow.of("callback.sent") else ["provider.called", "provider.answered"]
        fix = "" if claimed(profile, "delivery_reports") else remedy("delivery_reports")
        reason = f"{len(answers)} of {reports} delivery reports were answered"
        yield undecided(reason, flow.of("callback.sent"), absent=absent, remedy=fix)
    yield from answered(answers, profile, "delivery_reports")
    rows = [event for _, event in flow.statuses]
    if back := backward_moves(flow, profile.statuses):
        yield refuted(f"it moved back: {trail(flow)} (told: {told(flow)})", back)
    elif sampled(flow):
        reason = f"the status was only sampled ({trail(flow)}); a move back may have been missed"
        yield undecided(reason, [*answers, *rows])
    if groundless := unreported(flow, profile):
        value = str(groundless[0].data.get("new"))
        reason = f"it became {value}, and no report about it says so (told: {told(flow)})"
        yield refuted(reason, groundless, absent=["callback.sent"])
    good = {event.data.get("call"): event for event in answers if event.data.get("status") in SUCCESS}
    taken = [event for event in flow.of("callback.sent") if event.data.get("call") in good]
    owed = list(dict.fromkeys(status for event in taken for status in owed_by(event, profile)))
    implied = {status for event in taken for status in allowed_by(event, profile)}
    if owed and flow.status not in implied:
        yield from arrived(history, flow, profile, at=owed, answers=list(good.values()))
    elif rows:
        yield shown(f"{trail(flow)}; told: {told(flow)}", [*answers, *rows])


@check(NAME, STRANGE)
def stranger_ignored(history: History, flow: Flow, profile: Profile) -> Answers:
    """Judges the answer to a report about a message of another system: taken or refused, but no error of the stack's.

    That it moved none of ours, `reports_applied` says of each of those.
    """
    answers = flow.of("callback.answered")
    if not answers:
        yield undecided("the delivery report was not answered", flow.of("callback.sent"))
        return
    status = answers[-1].data.get("status")
    if status in REFUSAL:
        yield shown(f"refused with {status}", answers)
    else:
        yield from answered(answers, profile, "delivery_reports")
        if status in SUCCESS:
            yield shown(f"answered {status}", answers)


@check(NAME, EXPLAINED)
def failure_explained(history: History, flow: Flow, profile: Profile) -> Answers:
    """Judges a message that a provider took, and of which it said later that it failed: a look at it says why."""
    if flow.status != profile.statuses.failed:
        reason = f"it is {flow.status}, so there is nothing to explain"
        yield undecided(reason, flow.of("callback.answered"), absent=["database.status"])
        return
    wrong = list(says_why(flow, profile, ()))
    yield from unless_lacking(wrong, profile, "delivery_reports")
    looks = [event for event in flow.of("api.answered") if event.data.get("operation") == "get"]
    if looks and not wrong:
        yield shown("it failed, and says why", [*flow.of("callback.sent"), looks[-1]])


def told(flow: Flow) -> str:
    """What the reports about a message said, in the order in which they were sent."""
    words = [word for event in flow.of("callback.sent") for word in sorted(words_of(event)) if word]
    return ", ".join(words) or "nothing"


def unreported(flow: Flow, profile: Profile) -> list[Event]:
    """The changes to a final status of a message that its provider took, and for which no report is a reason."""
    words = profile.statuses
    refused = [event for event in flow.call_answers if not event.data.get("accepted")]
    if not flow.accepted_calls or refused or flow.unheard or asked_for(flow):
        return []
    reasons = {words.sent, *(status for event in flow.of("callback.sent") for status in allowed_by(event, profile))}
    final = {words.delivered, words.failed} - reasons
    return [event for value, event in flow.statuses if value in final and event.kind == "database.status"]


def arrived(
    history: History, flow: Flow, profile: Profile, *, at: Collection[str], answers: Sequence[Event]
) -> Answers:
    """Whether a message stands at one of the statuses that taken reports call for, or further on."""
    rows = [event for _, event in flow.statuses]
    if flow.status in at or beyond(flow, at, profile.statuses):
        yield shown(trail(flow), [*answers, rows[-1]])
        return
    reason = f"it is {flow.status} ({trail(flow)}), expected {' or '.join(at)}"
    if not late(history, *answers, *rows[-1:], by=profile.policy.finished_within):
        still = f"{reason}, and the profile still allows for it"
        yield undecided(still, [*answers, *rows], absent=["database.status"])
    elif strange := list(no_step(flow, profile)):
        yield from strange
    elif claimed(profile, "delivery_reports") or flow.status not in profile.statuses.terminal:
        yield refuted(reason, [*answers, *rows], absent=["database.status"])
    else:
        reason = f"{reason}: the stack doesn't seem to apply reports"
        yield undecided(reason, [*answers, *rows], remedy=remedy("delivery_reports"))


def beyond(flow: Flow, at: Collection[str], statuses: Statuses) -> bool:
    """Whether a message had one of these statuses, and has moved on in the profile's order since, as to `read`."""
    order = statuses.order
    had = [value for value, _ in flow.statuses if value in at and value in order]
    return bool(had) and flow.status in order and order.index(str(flow.status)) > max(map(order.index, had))
