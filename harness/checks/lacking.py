"""What a stack never said that it has, and a message would have needed: what went wrong with it then is unknown."""

from __future__ import annotations

from dataclasses import replace

from harness.checks.verdict import Answers, Verdict
from harness.claims import FEATURES, claimed, remedy
from harness.facts import Facts
from harness.history import Flow
from harness.history.flow import SUCCESS
from harness.profile import Profile
from harness.rest import unacknowledged


def lacking(flow: Flow, facts: Facts, profile: Profile) -> str | None:
    """The feature whose lack may explain what became of a message; None where the profile says of each what it does.

    A provider's error wants retries, a worker that was ended under a message wants redelivery, more workers than the
    profile starts want a stack whose workers share.
    """
    failed = any(event.data.get("status") not in SUCCESS for event in flow.of("provider.answered"))
    if failed and claimed(profile, "retries") is None:
        return "retries"
    first, last = flow.events[0], flow.events[-1]
    # an entry that nobody has acknowledged is still somebody's when the flow has nothing more to say
    until = facts.history.last if unacknowledged(flow, profile) else last
    ended = [w for w in facts.disturbances(first, until or last) if w.target == "worker"]
    if ended and claimed(profile, "redelivery") is None:
        return "redelivery"
    if claimed(profile, "several_workers") is None and facts.most("worker", last) > profile.count("worker") > 0:
        return "several_workers"
    return None


def unless_lacking(answers: Answers, profile: Profile, feature: str) -> Answers:
    """The answers, those that fail made unknown where the profile doesn't claim what they rest on ("": nothing)."""
    doubt = bool(feature) and claimed(profile, feature) is not True
    for answer in answers:
        yield doubtful(answer, feature) if doubt and answer.outcome == "fail" else answer


def doubtful(answer: Verdict, feature: str) -> Verdict:
    reason = f"{answer.reason}; the stack doesn't seem to have {FEATURES[feature]}"
    return replace(answer, outcome="unknown", reason=reason, remedy=remedy(feature))
