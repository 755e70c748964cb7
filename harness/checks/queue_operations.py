"""Does the queue itself behave: one entry while nobody takes it, nothing left at rest?"""

from __future__ import annotations

from harness.checks.verdict import Verdict, check, failed, passed, unknown
from harness.facts import Facts
from harness.history import Event, Flow, History
from harness.profile import Profile

NAME = "queue-operations"
CLAIM = "an entry stands on its stream while the workers are held, and at rest length, pending list and lag are 0"


@check(NAME, CLAIM)
def queue_operations(
    history: History, flow: Flow, profile: Profile, *, held: Event, at_rest: Event, count: int = 1
) -> Verdict:
    """Judges two looks at a stream's counters: with `count` messages while held, and at quiescence."""
    looks = [held, at_rest]
    if not flow.appends:
        return unknown(NAME, CLAIM, "nothing was queued, so the queue shows nothing of it", [*flow.answers, *looks])
    nobody = Facts(history).no_consumer()
    if nobody:
        return failed(NAME, CLAIM, f"its entry stays on the stream: {nobody}", looks)
    if held.data.get("length") != count:
        length = held.data.get("length")
        return failed(
            NAME, CLAIM, f"while held the stream had {length} entries, expected {count}", [*flow.appends, held]
        )
    if profile.queue.group is None:
        return unknown(NAME, CLAIM, "without a consumer group neither pending list nor lag can be read", looks)
    left = {name: at_rest.data.get(name) for name in ("length", "pending", "lag")}
    if left["lag"] is None and left["length"] == 0:
        # Redis can't tell the lag once entries in the middle were deleted; an empty stream has none
        left["lag"] = 0
    wrong = {name: value for name, value in left.items() if value != 0}
    if wrong:
        told = ", ".join(f"{name} {value}" for name, value in wrong.items())
        return failed(NAME, CLAIM, f"at rest the stream has {told}", [*flow.appends, *flow.acks, at_rest])
    return passed(NAME, CLAIM, f"{count} while held; length, pending, lag 0 at rest", [*flow.appends[:1], *looks])
