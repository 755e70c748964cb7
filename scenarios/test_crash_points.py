"""API, worker and whoever else are killed before and after each step of a message that can be seen: nothing is lost."""

from __future__ import annotations

import time

import pytest

from harness.checks.verdict import Verdict
from harness.errors import Unobservable
from harness.profile.base import Channel
from harness.scenario.crash_points import killed_at, points_of
from harness.scenario.messages import message
from harness.scenario.stack import Stack

pytestmark = [pytest.mark.check("crash-points"), pytest.mark.deep]

ROUNDS = 3
"""How often somebody is killed at each point."""
LONG_S = 240.0
"""Seconds after which no further round begins: a stack may take its time to take up what a dead worker had."""


@pytest.mark.parametrize("channel", ["sms", "email"])
@pytest.mark.parametrize(
    "who",
    [
        pytest.param("worker", marks=pytest.mark.needs("redelivery")),
        pytest.param("others", marks=pytest.mark.needs("outbox")),
    ],
)
def test_a_kill_at_any_step_loses_nothing(stack: Stack, who: str, channel: Channel) -> None:
    """Each kill is judged by itself: the first that loses a message ends it, what is unknown doesn't."""
    points = [one for one in points_of(stack, message(channel)) if (one.role == "worker") == (who == "worker")]
    if not points:
        raise Unobservable("none of the steps that can be withheld is theirs")
    verdicts: list[Verdict] = []
    began = time.monotonic()
    for number in range(ROUNDS):
        if number and time.monotonic() - began > LONG_S:
            break
        for point in points:
            verdicts.append(killed_at(stack, point, message(channel)))
            if verdicts[-1].outcome == "fail":
                stack.judge(*verdicts)
    stack.judge(*verdicts)
