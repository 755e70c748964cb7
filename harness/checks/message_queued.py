"""Was the message put on its stream, once?"""

from __future__ import annotations

from dataclasses import replace

from harness.checks.lacking import not_accepted, unclaimed_channel, unless_lacking
from harness.checks.mixed_up import ONE_ID, one_id_for_two, stored_again
from harness.checks.repeats import first_generation, queued_again
from harness.checks.rest import late
from harness.checks.verdict import Answers, check, refuted, shown, undecided
from harness.history import Event, Flow, History
from harness.history.facts import Facts
from harness.profile import Profile

NAME = "message-queued"
CLAIM = "each accepted message is put on its type's stream once"


@check(NAME, CLAIM, silence=("queue.appended",))
def message_queued(history: History, flow: Flow, profile: Profile, *, channel: str) -> Answers:
    """Judges one accepted message; `channel` names the stream it belongs on."""
    taken = flow.taken
    if taken is None:
        yield replace(not_accepted(flow, profile), absent=("database.inserted",))
        return
    shared = one_id_for_two(flow)
    if shared:
        yield refuted(ONE_ID, shared)
    stored = stored_again(flow, Facts(history), profile)
    if stored:
        yield refuted(f"{len(stored)} rows were stored for one message", stored)
    entries = first_generation(flow)
    if not entries:
        yield from _not_queued(history, flow, profile, taken)
        return
    stream = profile.queue.streams.get(channel)
    wrong = [event for event in entries if event.data["stream"] != stream]
    if stream is None:
        reason = f"the profile names no {profile.queue.place} for {channel}"
        yield undecided(reason, [taken, *entries], remedy=f"[queue] {profile.queue.named_by}, with {channel}")
    elif wrong:
        elsewhere = refuted(f"it was put on {wrong[0].data['stream']}, expected {stream}", [taken, *wrong])
        yield from unless_lacking([elsewhere], profile, unclaimed_channel(flow, profile))
    extra = len(entries) - flow.messages
    if extra > 0:
        explained = queued_again(flow, Facts(history))
        if explained and profile.policy.delivery == "at-least-once":
            why, witness = explained
            yield shown(f"{len(entries)} entries, explained by {why} (at-least-once)", [taken, witness, *entries])
            return
        reason = f"{len(entries)} entries were put on the {profile.queue.place} for one message"
        yield refuted(reason, [taken, *entries])
    elif extra < 0:
        reason = f"{flow.messages} messages were made of these sends, and only {len(entries)} were queued"
        yield undecided(reason, [taken, *entries])
    yield shown(f"1 entry on {stream}", [taken, entries[0]])


def _not_queued(history: History, flow: Flow, profile: Profile, taken: Event) -> Answers:
    limit = profile.policy.queued_within
    if flow.status in profile.statuses.terminal:
        witnesses = [taken, *(event for _, event in flow.statuses)]
        reason = f"it is {flow.status}, and no entry was ever put on a {profile.queue.place}"
        yield refuted(reason, witnesses, absent=["queue.appended"])
    elif late(history, taken, by=limit):
        if not flow.statuses:
            yield refuted("it was accepted, and no row of it was ever stored", [taken], absent=["database.inserted"])
        yield refuted(f"no entry within {limit:g} s of its acceptance", [taken], absent=["queue.appended"])
    else:
        reason = "no entry yet, and the profile still allows for one"
        yield undecided(reason, [taken], absent=["queue.appended"])


@check(NAME, "one idempotency key makes one message")
def one_message(history: History, flow: Flow, profile: Profile, *, claimed: bool | None) -> Answers:
    """Judges sends that shared one idempotency key; `claimed` is what the profile says of such keys."""
    accepted = [event for event in flow.answers if event.message_id]
    names = list(dict.fromkeys(event.message_id for event in accepted))
    if len(accepted) < 2:
        yield undecided(f"{len(accepted)} of {len(flow.requests)} sends were accepted with an id", flow.answers)
    elif len(names) > 1 and not claimed:
        reason = f"{len(names)} messages were made with one idempotency key: the stack doesn't seem to know such keys"
        yield undecided(reason, accepted, remedy="[claims] idempotency = true makes it a failure; false isn't asked")
    elif len(names) > 1:
        yield refuted(f"{len(names)} messages were made with one idempotency key", accepted)
    else:
        yield shown(f"{len(accepted)} sends, 1 message", accepted)
