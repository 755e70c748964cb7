"""How often, and how soon, a call is tried again is what the profile's [retries] says."""

from __future__ import annotations

from typing import Any

import pytest
from histories import MESSAGE, Script, right, window
from judging import PROFILE
from test_defects_worker import tried_again

from harness.checks import Outcome, worker_processed
from harness.history import Event
from harness.profile import Retries


def in_order(*events: Event) -> Script:
    return Script(sorted(events, key=lambda event: event.at))


ONCE = in_order(*tried_again(right(), first=503).events)
TWICE = in_order(*tried_again(ONCE, first=503, at=5.4).events)
ENDED = window(5, "kill", "worker", at=5.45), window(5, "kill", "worker", at=5.46, ended=True)
KILLED = in_order(*TWICE.events, *ENDED)


@pytest.mark.parametrize(
    ("script", "retries", "outcome", "why"),
    [
        (ONCE, {}, "pass", "calls 2"),
        (ONCE, {"attempts": 2}, "pass", "calls 2"),
        (TWICE, {"attempts": 2}, "fail", "3 calls were made for one message, and [retries] attempts is 2"),
        (KILLED, {"attempts": 2}, "pass", "calls 3"),
        (ONCE, {"within": 5}, "pass", "calls 2"),
        (ONCE, {"within": 0.0001}, "fail", "and [retries] within is 0.0001 s"),
        (ONCE, {"within": 0.0001, "statuses": [429]}, "pass", "calls 2"),
    ],
)
def test_tries_are_as_said(script: Script, retries: dict[str, Any], outcome: Outcome, why: str) -> None:
    profile = PROFILE.model_copy(update={"retries": Retries(**retries)})
    history = script.history
    verdict = worker_processed(history, script.flow(history), profile, message=MESSAGE)
    assert (verdict.outcome, why in verdict.reason) == (outcome, True), verdict.reason
