"""What a load run can't know of the stack, and what would let it: a number that nobody saw isn't told as nought."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from harness.history.facts import Facts
from harness.load.backlog import Backlog, Unread
from harness.load.meter import Meter
from harness.load.plan import Kind

SHOWN_BY: Final[tuple[tuple[str, str, tuple[Kind, ...]], ...]] = (
    ("queued", "queue.appended", ("api",)),
    ("called", "provider.called", ("api", "queue")),
    ("sent", "database.status", ("api", "queue")),
    ("stored", "database.inserted", ("webhook",)),
)
"""Each stage, the kind of event that shows it, and who sends what comes to it."""


def unknown(facts: Facts, meter: Meter, backlog: Backlog | Unread) -> list[dict[str, str]]:
    """Each number of the report that may lack something: `what`, `why`, and the `remedy`."""
    return list(_unknown(facts, meter, backlog))


def _unknown(facts: Facts, meter: Meter, backlog: Backlog | Unread) -> Iterator[dict[str, str]]:
    for stage, kind, users in SHOWN_BY:
        unseen = facts.unseen(kind, since=meter.first) if set(users) & set(meter.plan.kinds) else None
        if unseen is not None:
            yield {"what": stage, "why": unseen.reason, "remedy": unseen.remedy}
    if meter.late:
        why = "rows are read at the end, so when each came to that isn't known"
        yield {"what": "sent, stored", "why": why, "remedy": "--observe stages"}
    if isinstance(backlog, Unread):
        yield {"what": "backlog", "why": backlog.why, "remedy": backlog.remedy}


def shown_at_all(facts: Facts) -> bool:
    """Whether anything here would show that a message came to its end."""
    return bool({"database.status", "provider.answered"} & facts.delivered)
