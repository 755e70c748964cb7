"""How a message's status may move, and in what order against its provider call."""

from __future__ import annotations

from itertools import pairwise

from harness.checks.verdict import Verdict, check, failed, passed, unknown
from harness.history import Event, Flow, History
from harness.profile import Profile, Statuses

FORWARD = "the status of a message only moves forward"
EARNED = "a message is `sent` only after the provider accepted it"


def backward_moves(flow: Flow, statuses: Statuses) -> list[Event]:
    """The transitions that went back in the profile's order; alternation within a cycle is allowed."""
    rank = {name: place for place, name in enumerate(statuses.order)}
    wrong = []
    shown = flow.statuses
    for (before, _), (after, event) in pairwise(shown):
        if before == after or any(before in cycle and after in cycle for cycle in statuses.cycles):
            continue
        if before == statuses.failed or (after != statuses.failed and rank.get(after, -1) < rank.get(before, -1)):
            wrong.append(event)
    return wrong


@check("forward-only", FORWARD, silence=("database.status",))
def forward_only(history: History, flow: Flow, profile: Profile) -> Verdict:
    name, statuses = "forward-only", profile.statuses
    if not flow.statuses:
        return unknown(name, FORWARD, "no status of it was recorded")
    wrong = backward_moves(flow, statuses)
    trail = " → ".join(value for value, _ in flow.statuses)
    if wrong:
        return failed(name, FORWARD, f"it moved back: {trail}", wrong)
    if any(event.data.get("sampled") for _, event in flow.statuses):
        return unknown(name, FORWARD, f"the status was only sampled ({trail}); a move back may have been missed")
    return passed(name, FORWARD, trail, [event for _, event in flow.statuses])


@check("sent-is-earned", EARNED)
def sent_is_earned(history: History, flow: Flow, profile: Profile) -> Verdict:
    name = "sent-is-earned"
    if profile.providers.observe == "none":
        return unknown(name, EARNED, "the stack mocks its providers inside; no acceptance can be seen")
    sent = next((event for value, event in flow.statuses if value == profile.statuses.sent), None)
    if sent is None:
        return unknown(name, EARNED, f"it was never sent (status {flow.status})")
    if sent.data.get("sampled"):
        return unknown(name, EARNED, "the status was only sampled; when it became sent isn't known", [sent])
    accepted = [event for event in flow.accepted_calls if event.at <= sent.at]
    if accepted:
        return passed(name, EARNED, f"accepted {(sent.at - accepted[0].at) * 1000:.1f} ms earlier", [accepted[0], sent])
    if not flow.accepted_calls:
        reason = "it is `sent`, and no provider ever accepted it"
        return failed(name, EARNED, reason, [sent, *flow.calls], absent=["provider.answered"])
    late = flow.accepted_calls[0]
    reason = f"it was `sent` {(late.at - sent.at) * 1000:.1f} ms before the acceptance"
    return failed(name, EARNED, reason, [sent, late], absent=["provider.answered"])
