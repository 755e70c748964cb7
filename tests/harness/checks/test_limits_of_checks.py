"""The limits that verdicts hang on: to change one is to judge stacks otherwise, and is to be meant.

The tests of their edges take them from the code; here stands what they are, and what is asked where nothing is said.
"""

from __future__ import annotations

from inspect import signature

import pytest
from histories import made, right

from harness.checks import (
    api_views,
    as_sent,
    entry_life,
    fates,
    lacking,
    mixed_up,
    provider_failures,
    quoting,
    repeats,
    rest,
    tries,
    verdict,
    webhooks,
)
from harness.checks.accounting import SHOWN, Account, account, begun, every_flow
from harness.checks.outages import outages
from harness.checks.verdict import Verdict
from harness.history import Flow, History, facts, flow, history, journal, reading, story

LIMITS: dict[str, tuple[object, object]] = {
    "messages that a reason names": (SHOWN, 20),
    "what refuses": (flow.REFUSAL, range(400, 500)),
    "how far a time that is shown may be off": (api_views.SLACK_S, 2.0),
    "what asks a client to come again": (as_sent.TO_BE_ASKED_AGAIN, 429),
    "times that the API may break": (as_sent.EACH_TIME, 3),
    "the longest text that is looked for in a row": (as_sent.LONGEST, 4000),
    "differences that are told": (as_sent.MOST, 3),
    "tries of poison": (entry_life.MOST_TRIES, 20),
    "until who works shows nothing": (fates.IDLE_S, 2.0),
    "refusals that pass": (lacking.PASSING, (408, 429)),
    "digits by which a number is known": (mixed_up.DIGITS, 7),
    "how long before another's try a message has come": (provider_failures.MARGIN_S, 0.5),
    "text that is quoted": (quoting.LONGEST, 160),
    "text around a difference": (quoting.AROUND, 24),
    "until an entry is noted": (repeats.NOTED_S, 0.5),
    "until an entry is deleted": (rest.SAME_TIME_S, 0.5),
    "calls that are a storm": (tries.STORM, 50),
    "part of a timeout that is too early": (tries.EARLY, 0.8),
    "how early a timer may be": (tries.NOW_S, 0.05),
    "how far a date may be off": (tries.A_SECOND, 1.0),
    "witnesses of a verdict": (verdict.MOST_WITNESSES, 12),
    "which outcome is worse": (verdict.RANKS, {"pass": 0, "unknown": 1, "fail": 2}),
    "answers of a webhook that isn't there": (webhooks.NOT_THERE, (404, 405, 501)),
    "answers to who may not ask": (webhooks.FOR_WHO_ASKS, (401, 403)),
    "lines of a dead worker": (facts.LAST_WORDS, 3),
    "until clocks differ": (facts.SAME_CLOCK_S, 0.001),
    "what is a success": (flow.SUCCESS, range(200, 300)),
    "until a client gives up": (flow.GIVE_UP_S, 2.0),
    "digits of a time": (history.DIGITS, 6),
    "the form of a record": (journal.FORMAT, 1),
    "lines that are read together": (reading.AT_ONCE, 1000),
    "the width of a story": (story.WIDEST, 96),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_what_it_is_meant_to_be(limit: str) -> None:
    found, meant = LIMITS[limit]
    assert found == meant


def test_where_nothing_is_said_a_record_is_judged_from_its_beginning() -> None:
    known = right().history
    for judge in (account, every_flow, begun, outages):
        assert signature(judge).parameters["after"].default == 0, judge
    assert Account(fates={}).after == 0
    assert [name.name for name in every_flow(known)] == [name.name for name in every_flow(known, after=0)]
    assert len(list(begun(known))) == 1
    assert History.of([]).until == 0.0


def test_of_a_webhook_one_message_is_asked() -> None:
    assert signature(webhooks.stored_once).parameters["messages"].default == 1


def test_a_verdict_is_the_same_however_long_it_took_and_whatever_would_ask_it_again() -> None:
    one = Verdict(name="n", outcome="pass", claim="c", reason="r")
    other = Verdict(name="n", outcome="pass", claim="c", reason="r", elapsed_s=1.0, again=lambda _: one)
    assert one == other
    assert "again" not in repr(other)
    assert "asked" not in repr(other)
    assert one.elapsed_s == 0.0
    assert "flows" not in repr(Account(fates={}, flows={"a": Flow([made("worker.log", at=0)])}))
