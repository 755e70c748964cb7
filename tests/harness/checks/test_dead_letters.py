"""Dead letters of what was tried in vain: one of each, where the profile claims them."""

from __future__ import annotations

import pytest
from histories import ID, Script, window
from judging import PROFILE
from test_provider_failures import UNCLAIMED, in_order, looked, many

from harness.checks import Outcome
from harness.checks.provider_failures import given_up
from harness.profile import Profile


def lettered(script: Script, *, times: int = 1) -> Script:
    """The same with dead letters of it."""
    for n in range(times):
        letter = {"stream": "message_queue:dead", "id": f"{n + 1}-0", "dead": True}
        script = script.add("queue.appended", at=1500 + n, message_id=ID, entry=f"entry:dead/{n + 1}-0", **letter)
    return script


def nobodys(script: Script) -> Script:
    """The same where no dead letter can be told to be anybody's."""
    more = {"kinds": ["queue.dead"], "dead": True, "lasting": True, "remedy": "[queue] field"}
    return script.add("probe.gap", at=1501, source="queue", reason="entries name no message", **more)


SIX = many(6, apart_ms=30)
LETTERS: dict[str, tuple[Script, Profile, Outcome, str]] = {
    "one": (looked(lettered(SIX), error="20503"), PROFILE, "pass", "given up after 6"),
    "none": (looked(SIX, error="20503"), PROFILE, "fail", "tried in vain and given up, and no dead letter tells of it"),
    "none yet": (looked(SIX, error="20503").soon(), PROFILE, "unknown", "no dead letter tells of it yet"),
    "none, and none is claimed": (looked(SIX, error="20503"), UNCLAIMED, "pass", "given up after 6"),
    "one of nobody's": (looked(nobodys(SIX), error="20503"), PROFILE, "unknown", "can't be said: entries name no"),
    "two": (looked(lettered(SIX, times=2), error="20503"), PROFILE, "fail", "2 dead letters tell of one message"),
    "two, by one who was killed": (
        looked(
            in_order(
                Script([*lettered(SIX, times=2).events, window(7, "kill", "worker", at=1499.5)]),
            ),
            error="20503",
        ),
        PROFILE,
        "pass",
        "given up after 6",
    ),
}


@pytest.mark.parametrize("case", LETTERS.values(), ids=list(LETTERS))
def test_what_is_given_up_is_on_the_dead_letters_once(case: tuple[Script, Profile, Outcome, str]) -> None:
    script, profile, outcome, why = case
    history = script.history
    verdict = given_up(history, script.flow(history), profile, told=["20503"])
    assert (verdict.outcome, why in verdict.reason) == (outcome, True), verdict.story()
