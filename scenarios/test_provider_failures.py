"""Whatever a provider answers, or doesn't: tried again as the stack says, given up, and told why.

Each message meets a failure of its own, which knows it by its recipient; so all of them are sent at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from harness.checks.provider_failures import (
    comes_to_an_end,
    given_up,
    others_go_on,
    refused_and_told,
    tried_after_a_kill,
    tried_again,
    waited_for,
    went_on,
)
from harness.errors import Inconclusive
from harness.profile import Profile
from harness.profile.base import CHANNELS, Channel
from harness.profile.claims import claimed
from harness.scenario.messages import Message, message
from harness.scenario.stack import Stack
from harness.scenario.tracked import TrackedFlow

pytestmark = pytest.mark.check("provider-failures")

PAGE = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"
GATEWAY = (502, 504)
"""What a proxy before the provider says in words of its own."""
BROKEN: dict[str, list[dict[str, Any]]] = {
    "reset": [{"reset": True}],
    "closed": [{"empty": True}],
    "cut": [{"truncate": True}],
    "garbage": [{"status": 200, "body": PAGE}],
    "timeout": [{"stall": True}],
}
"""How a call comes to no answer of its provider's, by the word of `[retries] also`."""
UNTOLD: tuple[dict[str, Any], ...] = ({"reset": True, "accept": True}, {"status": 503, "accept": True})
"""The provider has the message, and nobody hears so."""
BUSY = (429, 503)
"""What asks to wait, by RFC 6585 and RFC 9110."""
ODD: tuple[dict[str, Any], ...] = ({"status": 302}, {"status": 403, "body": PAGE}, {"status": 400, "body": ""})
"""What stands between a stack and its provider says such things: go elsewhere, or no, in its own words or in none."""
WAITING = 8
"""Messages that wait for a try, so that some do whenever their worker ends."""
NOTED_S = 0.5
"""Seconds in which a worker has written down what came of a call, if it does."""
WAITED_S = 2.0
"""How long one message is asked to wait while others come."""
SLOW_S = 1.0
TWICE = 2
NO = "refused on purpose"
REFUSALS: dict[Channel, list[dict[str, Any]]] = {
    "sms": [
        {"status": 400, "code": 21211, "message": f"{NO}: no valid number"},
        {"status": 401, "code": 20003, "message": f"{NO}: authenticate"},
        {"status": 404, "code": 20404, "message": f"{NO}: not found"},
    ],
    "mms": [
        {"status": 400, "code": 21620, "message": f"{NO}: invalid media"},
        {"status": 403, "code": 20005, "message": f"{NO}: account not active"},
    ],
    "email": [
        {"status": 400, "message": f"{NO}: no valid address"},
        {"status": 401, "message": f"{NO}: the authorization grant is invalid"},
        {"status": 403, "message": f"{NO}: access forbidden"},
        {"status": 413, "message": f"{NO}: payload too large"},
    ],
}


@dataclass(frozen=True)
class Trial:
    """A message, and what its provider does to its calls."""

    message: Message
    fault: dict[str, Any]


def trial(channel: Channel, **fault: Any) -> Trial:
    what = " ".join(f"{name} {value}" for name, value in fault.items() if name != "body")
    return Trial(message(channel, what), fault)


def channels(profile: Profile) -> list[Channel]:
    """Those that the stack says it has."""
    return [channel for channel in CHANNELS if claimed(profile, channel)] or ["sms"]


def passing(profile: Profile) -> Iterator[Trial]:
    """What passes after one call, each for every channel, since another client may stand behind each."""
    retries = profile.retries
    also = retries.also or []
    for channel in channels(profile):
        for status in retries.statuses:
            page = {"body": PAGE} if status in GATEWAY and "garbage" in also else {}
            yield trial(channel, status=status, times=1, **page)
        for effect in (effect for kind in also for effect in BROKEN[kind]):
            yield trial(channel, times=1, **effect)
        if retries.retry_after:
            yield from (trial(channel, status=status, times=1, retry_after=1) for status in busy(profile))
            yield trial(channel, status=429, times=1, retry_after=1.5, retry_after_date=True)
        if "reset" in also and profile.policy.delivery == "at-least-once":
            yield from (trial(channel, times=1, **effect) for effect in UNTOLD)
        if (retries.attempts or 0) > TWICE:
            yield trial(channel, status=retries.statuses[0], times=TWICE)


def busy(profile: Profile) -> list[int]:
    """The statuses that are tried again, and may ask to wait."""
    return [status for status in BUSY if status == BUSY[0] or status in profile.retries.statuses]


def endless(profile: Profile) -> list[Trial]:
    """What never passes, where the stack says after how many calls it gives up."""
    if profile.retries.attempts is None or claimed(profile, "failures") is False:
        return []
    return [trial(channel, status=503) for channel in channels(profile)]


@contextlib.contextmanager
def sent(stack: Stack, trials: Sequence[Trial]) -> Iterator[list[TrackedFlow]]:
    """Sends all of them at once, with their faults on for as long as the block runs."""
    with contextlib.ExitStack() as faults:
        for one in trials:
            faults.enter_context(stack.providers.fault(known_by(one.message, stack.profile), **one.fault))
        yield [stack.sending(one.message) for one in trials]


def known_by(sent: Message, profile: Profile) -> dict[str, str]:
    """What a call of a message is known by; where a profile lists recipients, several messages go to each."""
    return {"to": sent.to, **({"text": sent.token} if sent.type in profile.messages.recipients else {})}


def patience(profile: Profile) -> float:
    """How long they may take: what we make them wait isn't the stack's time."""
    timeout = profile.retries.timeout if "timeout" in (profile.retries.also or []) else None
    return profile.waits.within + max(timeout or 0.0, WAITED_S)


@pytest.mark.needs("retries")
def test_what_passes_is_tried_again(stack: Stack) -> None:
    history, profile = stack.history, stack.profile
    apart = profile.retries.apart and profile.retries.retry_after
    waiting = [trial(channel, status=429, times=1, retry_after=WAITED_S) for channel in channels(profile) if apart]
    trials, lasting = [*waiting, *passing(profile)], endless(profile)
    with sent(stack, [*trials, *lasting]) as flows:
        others = [meanwhile(stack, one, flow) for one, flow in zip(waiting, flows, strict=False)]
        came = [pair for pairs in others for pair in pairs]
        stack.all_finished([*flows, *(flow for _, flow in came)], within=patience(profile))
        look_at(stack, flows[len(trials) :])
    went = [(one.message, flow) for one, flow in zip(trials, flows, strict=False)] + came
    beside = [(flow.now, [other.now for _, other in more]) for flow, more in zip(flows, others, strict=False)]
    stack.judge(
        *(tried_again(history, flow.now, profile, message=one) for one, flow in went),
        *(given_up(history, flow.now, profile) for flow in flows[len(trials) :]),
        *(others_go_on(history, flow, profile, others=more) for flow, more in beside),
    )


def meanwhile(stack: Stack, one: Trial, flow: TrackedFlow) -> list[tuple[Message, TrackedFlow]]:
    """Messages of the same channel that are sent once the first call of one has failed."""
    more = [message(one.message.type, f"meanwhile {n}") for n in range(2)] if stack.called(flow) else []
    return [(other, stack.sending(other)) for other in more]


@pytest.mark.needs("failures")
def test_what_is_refused_for_good_fails_at_once(stack: Stack) -> None:
    passing = stack.profile.retries.statuses
    faults = [(channel, fault) for channel in channels(stack.profile) for fault in REFUSALS[channel]]
    trials = [trial(channel, **fault) for channel, fault in faults if fault["status"] not in passing]
    with sent(stack, trials) as flows:
        stack.all_finished(flows)
        look_at(stack, flows)
    stack.judge(
        *(
            refused_and_told(stack.history, flow.now, stack.profile, told=[one.fault["message"]])
            for one, flow in zip(trials, flows, strict=True)
        )
    )


@pytest.mark.needs("failures")
def test_what_no_provider_says_comes_to_an_end(stack: Stack) -> None:
    """Tried again or failed, as the stack likes: but neither taken for a yes nor left where it was."""
    profile = stack.profile
    trials = [trial(channel, times=1, **effect) for channel in channels(profile) for effect in ODD]
    with sent(stack, trials) as flows:
        stack.all_finished(flows, within=(profile.retries.within or 0.0) + profile.policy.finished_within + SLOW_S)
    stack.judge(
        *(
            comes_to_an_end(stack.history, flow.now, profile, message=one.message)
            for one, flow in zip(trials, flows, strict=True)
        )
    )


@pytest.mark.deep
@pytest.mark.needs("retries", "redelivery")
def test_what_waits_for_a_try_outlives_its_worker(stack: Stack) -> None:
    """Some wait for their next try when the worker is killed: that they do mustn't be known to it alone."""
    profile = stack.profile
    asked = {"retry_after": 1} if profile.retries.retry_after else {}
    trials = [trial(stack.channel, status=profile.retries.statuses[0], times=1, **asked) for _ in range(WAITING)]
    with sent(stack, trials) as flows:
        if all(stack.called(flow) for flow in flows):
            # who keeps its entry in hand while it waits writes nothing, and is killed all the same
            noted = partial(all_noted, stack, flows)
            stack.waiting.until(noted, what="what came of each call is written down", within=NOTED_S)
            stack.worker.kill()
        stack.worker.start()
        stack.all_finished(flows, within=profile.policy.taken_up_within + WAITED_S)
    stack.judge(
        *(
            tried_after_a_kill(stack.history, flow.now, profile, message=one.message)
            for one, flow in zip(trials, flows, strict=True)
        )
    )


def all_noted(stack: Stack, flows: Sequence[TrackedFlow]) -> bool | None:
    """Whether of each message something was written since its call was answered; None where not, as waits want it."""
    return all(went_on(flow.now, stack.facts) for flow in flows) or None


def test_a_slow_provider_is_waited_for(stack: Stack) -> None:
    slow: tuple[dict[str, Any], ...] = ({"latency_s": SLOW_S}, {"slow_body_s": SLOW_S})
    trials = [trial(channel, **effect) for channel in channels(stack.profile) for effect in slow]
    with sent(stack, trials) as flows:
        stack.all_finished(flows)
    stack.judge(
        *(
            waited_for(stack.history, flow.now, stack.profile, message=one.message)
            for one, flow in zip(trials, flows, strict=True)
        )
    )


def look_at(stack: Stack, flows: Sequence[TrackedFlow]) -> None:
    """Looks at messages through the API, where it shows any: it may say why they failed."""
    for name in [flow.now.id for flow in flows if stack.profile.look.error]:
        with contextlib.suppress(Inconclusive):
            if name is not None:
                stack.api_client.message(name)
