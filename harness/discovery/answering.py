"""Which checks a profile will let answer: all of their questions, some of them, or none, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from harness.discovery.tried import Answer, Sight
from harness.profile import Profile
from harness.profile.claims import FEATURES, claimed

NEEDS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "asynchronous": (("hold", "rows"), ("queue", "calls", "transitions", "gates", "takers")),
    "message-queued": (("queue",), ("transitions", "gates")),
    "queue-operations": (("queue", "hold"), ("counters", "takers")),
    "sync-processing-disabled": (("hold", "rows"), ("calls", "transitions")),
    "webhooks": (("hooks", "rows"), ("transitions", "gates")),
    "worker-processed": (("rows",), ("calls", "queue", "transitions", "kill", "gates")),
    "whole-record": (("rows",), ("queue", "calls", "transitions")),
}
"""By check: without what it can answer nothing, and without what only some of its questions."""
ONLY_FOR: Final = {("worker-processed", "kill"): "redelivery", ("worker-processed", "gates"): "redelivery"}
"""What is needed for one feature alone."""
ABOUT: Final = {"webhooks": "webhooks"}


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One check, whether it will be able to answer, and why not."""

    check: str
    answer: Answer
    why: str = ""


def answers(profile: Profile, sight: Sight) -> Iterator[Answered]:
    """Each check in the order of its name in the verdicts' table."""
    for check, (whole, part) in NEEDS.items():
        feature = ABOUT.get(check)
        if feature is not None and claimed(profile, feature) is False:
            yield Answered(check=check, answer="not asked", why=f"the profile claims no {FEATURES[feature]}")
            continue
        if sight.runs:
            yield Answered(check=check, answer="no", why=sight.runs[0])
            continue
        missing = [what for what in whole if what in sight.lacks]
        if missing:
            yield Answered(check=check, answer="no", why=sight.lacks[missing[0]])
            continue
        lacking = [
            what
            for what in part
            if what in sight.lacks
            and not ((check, what) in ONLY_FOR and claimed(profile, ONLY_FOR[check, what]) is False)
        ]
        if lacking:
            yield Answered(check=check, answer="partly", why=sight.lacks[lacking[0]])
        else:
            yield Answered(check=check, answer="yes")
