"""Did a worker do what it should, once, and leave nothing behind?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.checks.lifecycle import forward_only, sent_is_earned
from harness.checks.verdict import Verdict, check, failed, passed, unknown
from harness.facts import Facts
from harness.history import Event, Flow, History
from harness.messages import Message
from harness.profile import Profile

NAME = "worker-processed"
CLAIM = "one provider call with the right content; statuses only forward, `sent` earned; acknowledged and deleted"
REFUSED = "a message that the provider refuses for good is failed after one call, with the provider's reason"


@check(NAME, CLAIM, silence=("provider.called", "database.status"))
def worker_processed(history: History, flow: Flow, profile: Profile, *, message: Message) -> Verdict:
    """Judges one message at rest; duplicates need a recorded disturbance and a policy that allows them."""
    early = _not_at_work(history, flow, profile)
    if early:
        return early
    for inner in (forward_only(history, flow, profile), sent_is_earned(history, flow, profile)):
        if inner.outcome != "pass":
            return _as_mine(inner)
    content = wrong_content(flow, message)
    if content:
        return failed(NAME, CLAIM, content[0], [content[1]])
    accepted = flow.accepted_calls
    if len(accepted) > 1:
        explained = Facts(history).disturbances(flow.calls[0], flow.calls[-1])
        if profile.policy.delivery == "effectively-once" or not explained:
            return failed(NAME, CLAIM, f"{len(accepted)} calls were accepted for one message", [*flow.calls, *accepted])
    if profile.queue.group is not None:
        if flow.open_entries:
            return failed(NAME, CLAIM, "its entry was not acknowledged", flow.appends, absent=["queue.acked"])
        kept = {e.data["entry"] for e in flow.appends} - {e.data["entry"] for e in flow.deletes}
        if kept:
            reason = "its entry was acknowledged and not deleted"
            return failed(NAME, CLAIM, reason, flow.acks, absent=["queue.deleted"])
    finish = flow.finish
    if accepted and finish and finish.at < accepted[0].at:
        return failed(NAME, CLAIM, "its entry was acknowledged before the provider accepted", [finish, accepted[0]])
    mismatch = wrong_provider_id(flow)
    if mismatch:
        return failed(NAME, CLAIM, *mismatch)
    sent = [event for value, event in flow.statuses if value == profile.statuses.sent]
    reason = f"calls {len(flow.calls)}, accepted {len(accepted)}, sent, acknowledged, deleted"
    return passed(
        NAME, CLAIM, reason, [*flow.claims[:1], *flow.calls, *sent, *([finish] if finish else []), *flow.deletes[-1:]]
    )


def _not_at_work(history: History, flow: Flow, profile: Profile) -> Verdict | None:
    """A verdict where the worker has not, or can't have, sent this message."""
    if not flow.acceptance:
        return unknown(NAME, CLAIM, "the API did not accept the message", flow.answers)
    if profile.providers.observe == "none":
        return unknown(NAME, CLAIM, "the stack mocks its providers inside; no call can be seen", [flow.acceptance])
    if not flow.appends and profile.queue.observe != "tail":
        return unknown(NAME, CLAIM, "nothing was queued, so there was nothing for a worker to process", flow.answers)
    nobody = Facts(history).no_consumer()
    if nobody and flow.status not in profile.statuses.terminal:
        return failed(NAME, CLAIM, nobody, [flow.acceptance, *flow.appends])
    if flow.status == profile.statuses.failed:
        return failed(NAME, CLAIM, f"it failed after {len(flow.calls)} calls", [*flow.calls, flow.statuses[-1][1]])
    if flow.acks and not flow.calls:
        reason = "its entry was acknowledged, and no provider was called"
        return failed(NAME, CLAIM, reason, flow.acks, absent=["provider.called"])
    if flow.status not in profile.statuses.terminal:
        return unknown(NAME, CLAIM, f"it is still {flow.status} after {len(flow.calls)} calls", flow.calls)
    return None


def _as_mine(inner: Verdict) -> Verdict:
    reason = f"{inner.name}: {inner.reason}"
    return replace(inner, name=NAME, claim=CLAIM, reason=reason)


def wrong_content(flow: Flow, message: Message) -> tuple[str, Event] | None:
    """The first call that doesn't carry what was sent, and how; None where all do."""
    for call in flow.calls:
        to = call.data.get("to")
        recipients = to if isinstance(to, list | tuple) else [to]
        if message.to not in recipients:
            return f"the call went to {recipients}, expected {message.to}", call
        if call.data.get("from") != message.sender:
            return f"the call came from {call.data.get('from')}, expected {message.sender}", call
        text = body_sent(call)
        if text != message.body:
            return f"the call carried {text!r}, expected {message.body!r}", call
        media = (call.data.get("params") or {}).get("MediaUrl") or []
        media = [media] if isinstance(media, str) else list(media)
        if message.type == "mms" and media != list(message.attachments):
            return f"the call carried media {media}, expected {list(message.attachments)}", call
    return None


def body_sent(call: Event) -> str:
    """The body as the provider got it: Twilio's Body, or SendGrid's first plain content."""
    params: Any = call.data.get("params") or {}
    if call.data.get("provider") == "sendgrid":
        content = params.get("content") or []
        plain = [c.get("value") for c in content if isinstance(c, dict) and c.get("type") == "text/plain"]
        return str(plain[0]) if plain else ""
    body = params.get("Body")
    return str(body[0] if isinstance(body, list) and body else body or "")


def wrong_provider_id(flow: Flow) -> tuple[str, list[Event]] | None:
    """Whether the row names another provider id than the provider gave: two witnesses that disagree."""
    given = {str(event.data["message"]) for event in flow.accepted_calls}
    for event in flow.of("database.inserted", "database.status"):
        kept = event.data.get("provider_id")
        if kept and given and kept not in given:
            return f"the row names provider id {kept}, the provider gave {', '.join(sorted(given))}", [event]
    return None


@check(NAME, REFUSED, silence=("provider.called",))
def refused_for_good(history: History, flow: Flow, profile: Profile) -> Verdict:
    """Judges a message that the provider refuses with a permanent error."""
    nobody = Facts(history).no_consumer()
    if nobody and not flow.calls:
        return failed(NAME, REFUSED, nobody, flow.appends)
    if flow.status != profile.statuses.failed:
        outcome = failed if flow.status in profile.statuses.terminal else unknown
        return outcome(NAME, REFUSED, f"the row is {flow.status}", [*flow.calls, *(e for _, e in flow.statuses[-1:])])
    if len(flow.calls) != 1:
        missing = [] if flow.calls else ["provider.called"]
        return failed(NAME, REFUSED, f"it was called {len(flow.calls)} times", flow.calls, absent=missing)
    if flow.open_entries:
        return failed(NAME, REFUSED, "its entry was not acknowledged", flow.appends, absent=["queue.acked"])
    return passed(NAME, REFUSED, "1 call, failed, acknowledged", [*flow.calls, flow.statuses[-1][1], *flow.acks])
