"""What a stack never said that it has, and a message would have needed: what went wrong with it then is unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from harness.checks.rest import unacknowledged
from harness.checks.verdict import Answers, Verdict, undecided
from harness.history import Event, Flow
from harness.history.facts import Facts
from harness.history.flow import REFUSAL, SUCCESS
from harness.profile import Profile
from harness.profile.claims import FEATURES, claimed, remedy

PASSING = (408, 429)
"""Client errors that say nothing of the message itself: trying again is right."""


def lacking(flow: Flow, facts: Facts, profile: Profile) -> str | None:
    """The feature whose lack may explain what became of a message; None where the profile says of each what it does.

    An outage wants recovery, a provider's error retries, a worker that was ended under a message redelivery (and
    takeover, while none of its name runs), more workers than the profile starts a stack whose workers share.
    """
    failed = any(event.data.get("status") not in SUCCESS for event in flow.call_answers)
    if failed and claimed(profile, "retries") is None:
        return "retries"
    first, last = flow.begin, flow.latest
    if claimed(profile, "outages") is not True and any(w.outage for w in facts.windows(since=first.seen)):
        return "outages"
    # an entry that nobody has acknowledged is still somebody's when the flow has nothing more to say
    until = facts.history.last if unacknowledged(flow, profile) else last
    ended = [w for w in facts.disturbances(first, until or last) if w.target == "worker"]
    if ended and claimed(profile, "redelivery") is None:
        return "redelivery"
    if ended and claimed(profile, "takeover") is not True and widowed(flow, facts, profile):
        return "takeover"
    if claimed(profile, "several_workers") is None and facts.most("worker", last) > profile.count("worker") > 0:
        return "several_workers"
    return None


def widowed(flow: Flow, facts: Facts, profile: Profile) -> list[str]:
    """The names of the workers that had an entry of a message last, didn't finish it, and don't run now.

    Where a worker takes up what one of its own name had, nobody else may.
    """
    open_ones = {event.data.get("entry") for event in unacknowledged(flow, profile)}
    had = {event.data.get("entry"): event.data.get("process") for event in flow.claims}
    alive = facts.alive("worker")
    names = [str(name) for entry, name in had.items() if entry in open_ones and name and name not in alive]
    return names if facts.manages_processes else []


def unclaimed_channel(flow: Flow, profile: Profile) -> str:
    """The channel of a message that we sent, where the profile doesn't say whether the stack has it; else "".

    A stack that lacks it may treat such a message as one of another channel, or have it refused by the provider.
    """
    channel = next((str(event.data["channel"]) for event in flow.requests if event.data.get("channel")), "")
    return channel if channel and claimed(profile, channel) is None else ""


def permanent(answer: Event) -> bool:
    """Whether a provider's answer says that it will never take this message."""
    status = answer.data.get("status")
    return status in REFUSAL and status not in PASSING


def turned_down(flow: Flow) -> bool:
    """Whether a permanent error was the provider's last word, and it never accepted the message."""
    answers = flow.call_answers
    return bool(answers) and not flow.accepted_calls and permanent(answers[-1])


def in_its_words(flow: Flow) -> str:
    """What the provider's last answer said: its status, and its own code where it gave one."""
    said = flow.call_answers[-1].data
    return " ".join(str(said[name]) for name in ("status", "error") if said.get(name))


def failed_wrongly(flow: Flow, profile: Profile, answer: Verdict) -> Verdict:
    """The answer about a message that failed; unknown where the provider refused it in a channel that nobody claims."""
    channel = unclaimed_channel(flow, profile)
    wrong = answer.outcome == "fail" and channel and turned_down(flow)
    return doubtful(answer, channel) if wrong else answer


def refusal(flow: Flow) -> str:
    """Why a message was not accepted, with the stack's own words."""
    if not flow.answers:
        return "the API has not answered"
    last = flow.answer.data
    if last.get("status") is None:
        return f"the API's answer never came ({last.get('error')})"
    return (
        f"the API did not accept the message: it answered {last['status']} {str(last.get('text', ''))[:120]}".rstrip()
    )


def not_accepted(flow: Flow, profile: Profile) -> Verdict:
    """Unknown, with the reason of `refusal`, and what would say that such a message isn't sent."""
    channel = unclaimed_channel(flow, profile) if flow.answers else ""
    fix = remedy(channel) if channel else ""
    return undecided(refusal(flow), flow.answers, remedy=fix)


def unless_lacking(answers: Iterable[Verdict], profile: Profile, feature: str) -> Answers:
    """The answers, those that fail made unknown where the profile doesn't say whether it has what they rest on.

    `feature` is one of `[claims]`, or a channel; "" is nothing.
    """
    doubt = bool(feature) and claimed(profile, feature) is None
    for answer in answers:
        yield doubtful(answer, feature) if doubt and answer.outcome == "fail" else answer


def doubtful(answer: Verdict, feature: str) -> Verdict:
    reason = f"{answer.reason}; the stack doesn't seem to have {FEATURES.get(feature, feature)}"
    return replace(answer, outcome="unknown", reason=reason, remedy=remedy(feature))
