"""API, worker and whoever else are killed before and after each step of a message that can be seen: nothing is lost."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from harness.checks import outlives
from harness.checks.verdict import Verdict
from harness.errors import Unobservable
from harness.history.flow import SUCCESS
from harness.probes.probe import new_token
from harness.profile.base import Channel
from harness.profile.claims import claimed
from harness.scenario.crash_points import killed_at, points_of
from harness.scenario.deliveries import new_id
from harness.scenario.messages import message, new_number
from harness.scenario.replies import deliver_text
from harness.scenario.row_locks import rows_locked
from harness.scenario.stack import Stack

pytestmark = [pytest.mark.check("crash-points"), pytest.mark.deep]

ROUNDS = 3
"""How often somebody is killed at each point."""
A_MOMENT = 0.2
"""Seconds in which an answer that waits for no row has come."""
LONG_S = 240.0
"""Seconds after which no further round begins: a stack may take its time to take up what a dead worker had."""

WHO = [
    pytest.param("worker", marks=pytest.mark.needs("redelivery")),
    pytest.param("others", marks=pytest.mark.needs("outbox")),
]


@pytest.mark.parametrize("channel", ["sms", "email"])
@pytest.mark.parametrize("who", WHO)
def test_a_kill_at_any_step_loses_nothing(stack: Stack, who: str, channel: Channel) -> None:
    """Each kill is judged by itself: the first that loses a message ends it, what is unknown doesn't."""
    kill_at_each(stack, who, channel, rounds=ROUNDS)


@pytest.mark.needs("retries")
@pytest.mark.parametrize("who", WHO)
def test_a_kill_at_any_step_of_a_second_try_loses_nothing(stack: Stack, who: str) -> None:
    """From the failure of its first call on: it waits for its time, is put on its queue again, and sent."""
    kill_at_each(stack, who, stack.channel, rounds=1, failing=True)


def kill_at_each(stack: Stack, who: str, channel: Channel, *, rounds: int, failing: bool = False) -> None:
    """Kills the workers, or the others, at each step of a message of theirs."""
    found = points_of(stack, message(channel), failing=failing)
    points = [one for one in found if (one.role == "worker") == (who == "worker")]
    if not points:
        raise Unobservable("none of the steps that can be withheld is theirs")
    verdicts: list[Verdict] = []
    began = time.monotonic()
    for number in range(rounds):
        if number and time.monotonic() - began > LONG_S:
            break
        for point in points:
            verdicts.append(killed_at(stack, point, message(channel), failing=failing))
            if verdicts[-1].outcome == "fail":
                stack.judge(*verdicts)
    stack.judge(*verdicts)


@pytest.mark.needs("webhooks", "sms")
def test_what_a_webhook_was_told_outlives_the_api(stack: Stack) -> None:
    """The API is killed while it can't write a row: what it had answered is kept, and what it hadn't comes again."""
    reported = claimed(stack.profile, "delivery_reports") is True
    flow = stack.send(message("sms"))
    stack.finished(flow)
    text, sender, sid = f"a reply {new_token()}", new_number(), new_id("sms")
    tell = partial(deliver_text, stack, sender=sender, body=text, sid=sid)
    report = partial(stack.providers.report, "sms", stack.provider_id(flow), "delivered")
    with ThreadPoolExecutor(2) as aside:
        with rows_locked(stack) as lock:
            if lock is None:
                raise Unobservable(
                    "the rows of this stack can't be locked, so nobody can be killed before he writes one"
                )
            told = [aside.submit(one) for one in (tell, *([report] if reported else []))]
            met = lock.met()
            stack.waiting.until(lambda: all(one.done() for one in told) or None, what="an answer", within=A_MOMENT)
            if met:
                stack.api.kill()
        if not stack.api.names:
            stack.api.start()
        for one, again in zip(told, (tell, report), strict=False):
            if one.result().get("status") not in SUCCESS:
                again()
    done = stack.all_finished([stack.reply(sid), *([flow] if reported else [])])
    stack.judge(*(outlives(stack.history, one, stack.profile, met=met) for one in done))
