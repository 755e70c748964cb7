"""Is the API asynchronous in what it does? Observed while every worker is held, not read from a setting."""

from __future__ import annotations

from harness.checks.verdict import Verdict, check, failed, passed, unknown
from harness.facts import Facts
from harness.history import Flow, History
from harness.profile import Profile

NAME = "sync-processing-disabled"
CLAIM = "with every worker held, the API accepts a message as pending and no provider is called"


@check(NAME, CLAIM, silence=("provider.called",))
def sync_processing_disabled(history: History, flow: Flow, profile: Profile) -> Verdict:
    """Judges one message that was sent while the workers were held."""
    taken = flow.acceptance
    if taken is None:
        return unknown(NAME, CLAIM, "the API did not accept the message", flow.answers)
    window = next((w for w in Facts(history).windows("hold", target="worker") if w.covers(taken)), None)
    if window is None:
        return unknown(NAME, CLAIM, "the message was not accepted while the workers were held", [taken])
    queued = profile.statuses.queued
    moved = [e for value, e in flow.statuses if value != queued and window.covers(e)]
    calls = [event for event in flow.calls if window.covers(event)]
    if calls:
        return failed(NAME, CLAIM, "a provider was called while every worker was held: the API did it", [taken, *calls])
    if moved:
        return failed(
            NAME, CLAIM, f"the row became {moved[0].data['new']} while every worker was held", [taken, *moved]
        )
    if taken.data.get("message_status") != queued:
        said = taken.data.get("message_status")
        return failed(NAME, CLAIM, f"the API answered status {said!r}, expected {queued!r}", [taken])
    rows = [e for value, e in flow.statuses if value == queued and window.covers(e)]
    if not rows:
        return unknown(NAME, CLAIM, "no row of it was seen while the workers were held", [taken])
    if profile.providers.observe == "none" and rows[0].data.get("sampled"):
        return unknown(NAME, CLAIM, "neither the provider nor the row's transitions can be seen here", [taken, *rows])
    return passed(
        NAME, CLAIM, "answered pending, row pending, 0 provider calls while held", [window.began, taken, *rows]
    )
