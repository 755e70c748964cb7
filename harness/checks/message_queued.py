"""Was the message put on its stream, once, by the API?"""

from __future__ import annotations

import json

from harness.checks.verdict import Verdict, check, failed, passed, unknown
from harness.facts import Facts
from harness.history import Event, Flow, History
from harness.profile import Profile

NAME = "message-queued"
CLAIM = "each accepted message is put on its type's stream once, by the process that accepted it"


def first_generation(flow: Flow) -> list[Event]:
    """The entries that are not retries: a retry is a new entry on purpose."""
    return [event for event in flow.appends if retry_count(event) == 0]


def retry_count(event: Event) -> int:
    for value in (event.data.get("fields") or {}).values():
        try:
            inner = json.loads(value)
        except ValueError:
            continue
        if isinstance(inner, dict) and isinstance(inner.get("retry_count"), int):
            return int(inner["retry_count"])
    return 0


@check(NAME, CLAIM, silence=("queue.appended",))
def message_queued(history: History, flow: Flow, profile: Profile, *, channel: str) -> Verdict:
    """Judges one accepted message; `channel` names the stream it belongs on."""
    taken = flow.taken
    if taken is None:
        return unknown(NAME, CLAIM, "the API did not accept the message", flow.answers)
    entries = first_generation(flow)
    stream = profile.queue.streams.get(channel)
    if not entries:
        if flow.status in profile.statuses.terminal:
            shown = [taken, *(event for _, event in flow.statuses)]
            reason = f"it is {flow.status}, and no entry was ever put on a stream"
            return failed(NAME, CLAIM, reason, shown, absent=["queue.appended"])
        last = history.last or taken
        if last.seen - taken.seen < profile.policy.queued_within:
            return unknown(NAME, CLAIM, "no entry yet, and the profile still allows for one", [taken])
        reason = f"no entry within {profile.policy.queued_within:g} s of its acceptance"
        return failed(NAME, CLAIM, reason, [taken], absent=["queue.appended"])
    wrong = [event for event in entries if event.data["stream"] != stream]
    if wrong:
        return failed(NAME, CLAIM, f"it was put on {wrong[0].data['stream']}, expected {stream}", [taken, *wrong])
    if len(entries) > 1:
        explained = Facts(history).disturbances(entries[0], entries[-1])
        if explained and profile.policy.delivery == "at-least-once":
            cause = explained[0]
            reason = f"{len(entries)} entries, explained by {cause.fault} of the {cause.target} (at-least-once)"
            return passed(NAME, CLAIM, reason, [taken, cause.began, *entries])
        return failed(NAME, CLAIM, f"{len(entries)} entries were put on the stream for one message", [taken, *entries])
    return passed(NAME, CLAIM, f"1 entry on {stream}", [taken, entries[0]])
