"""What becomes of a message whose provider fails: tried again, given up, told why, others not kept waiting."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from histories import ID, MESSAGE, Script, is_new, made, right, window
from judging import GAVE_UP, PROFILE, SILENT
from test_defects_worker import tried_again as after

from harness.checks import Outcome
from harness.checks.provider_failures import (
    comes_to_an_end,
    given_up,
    others_go_on,
    refused_and_told,
    tried_after_a_kill,
    tried_again,
    waited_for,
)
from harness.history import Flow, key
from harness.profile import Look, Profile, Retries


def in_order(script: Script) -> Script:
    return Script(sorted(script.events, key=lambda event: event.at))


def retried(**more: Any) -> Profile:
    return PROFILE.model_copy(update={"retries": Retries(**more)})


def answered(script: Script, **more: Any) -> Script:
    """The same where the first call's answer is another."""
    return script.change("provider.answered", lambda event: event.data.get("call") == "twilio/0", **more)


ONCE = in_order(after(right(), first=503))
LAST = ONCE.drop("provider.called", where=lambda event: event.data["call"] == "twilio/1").drop(
    "provider.answered", where=lambda event: event.data["call"] == "twilio/1"
)
"""One call, which failed, and a row that says it was sent."""
FAILED = LAST.change("database.status", is_new("sent"), new="failed")
STUCK = LAST.drop("database.status", where=is_new("sent"))
PAGE = {"status": 200, "outcome": "answered"}
KILLED = in_order(
    Script([*STUCK.events, window(5, "kill", "worker", at=20), window(5, "kill", "worker", at=21, ended=True)])
)


def many(number: int, *, apart_ms: float) -> Script:
    """So many calls that failed."""
    token = key("token", MESSAGE.token)
    events = []
    for n in range(number):
        call = key("call", "twilio", 100 + n)
        data = {"provider": "twilio", "call": f"twilio/{100 + n}"}
        events.append(made("provider.called", at=10 + n * apart_ms, keys=[call, token], **data))
        more = {**data, "status": 503, "accepted": False}
        events.append(made("provider.answered", at=10.1 + n * apart_ms, keys=[call], **more))
    own = [event for event in FAILED.events if not event.kind.startswith("provider.")]
    done = [replace(e, at=e.at + 1000) if e.kind in ("queue.acked", "queue.deleted") else e for e in own]
    end = [replace(e, at=e.at + 1000) if is_new("failed")(e) else e for e in done]
    return in_order(Script([*end, *events]))


TWICE = many(2, apart_ms=30)
TRIED: dict[str, tuple[Script, Profile, Outcome, str]] = {
    "taken by the second call": (ONCE, PROFILE, "pass", "calls 2, accepted 1"),
    "taken for the last word": (FAILED, PROFILE, "fail", "an answer 503 of the provider was taken for the last word"),
    "taken for the last word after two": (
        TWICE,
        PROFILE,
        "fail",
        "an answer 503 of twilio was taken for the last word after 2 calls, and [retries] attempts is 6",
    ),
    "given up after two, as it says": (TWICE, retried(attempts=2), "fail", "it failed after 2 calls"),
    "by a stack that doesn't claim it": (FAILED, SILENT, "unknown", "doesn't seem to have retries"),
    "never tried again": (STUCK, PROFILE, "fail", "after an answer 503 it was not tried again within 5 s"),
    "not yet": (STUCK.soon(), PROFILE, "unknown", "still sending after 1 calls"),
    "nothing said of when": (STUCK, retried(attempts=6), "unknown", "still sending after 1 calls"),
    "whose worker was killed": (KILLED, PROFILE, "unknown", "still sending after 1 calls"),
    "reset": (answered(STUCK, status=None, outcome="reset"), PROFILE, "fail", "after a connection that was reset it"),
    "closed": (answered(STUCK, status=None, outcome="empty"), PROFILE, "fail", "a connection that was closed it"),
    "timeout": (answered(STUCK, status=None, outcome="aborted"), PROFILE, "fail", "after a timeout it was not tried"),
    "reset, which isn't claimed": (
        answered(STUCK, status=None, outcome="reset"),
        retried(within=5),
        "unknown",
        "still sending",
    ),
    "half of a yes": (
        answered(STUCK, status=201, outcome="truncated", accepted=True, message="SM1"),
        PROFILE,
        "fail",
        "after half an answer it was not tried again",
    ),
    "half of a yes, nothing said of when": (
        answered(STUCK, status=201, outcome="truncated", accepted=True, message="SM1"),
        retried(also=["cut"]),
        "unknown",
        "still sending",
    ),
    "half of a yes, taken for one": (
        answered(LAST, status=201, outcome="truncated", accepted=True, message="SM1"),
        PROFILE,
        "pass",
        "calls 1, accepted 1",
    ),
    "garbage": (answered(STUCK, **PAGE), PROFILE, "fail", "an answer 200 that isn't the provider's it was not tried"),
    "garbage taken for a yes": (answered(LAST, **PAGE), PROFILE, "fail", "no provider ever accepted it"),
    "no answer, and nobody gives up": (
        STUCK.drop("provider.answered"),
        PROFILE,
        "fail",
        "a call without an answer is never given up, and the row stays sending; [retries] timeout is 3 s",
    ),
    "no answer, and nothing said of when": (STUCK.drop("provider.answered"), retried(within=1), "unknown", "sending"),
    "without its body": (
        ONCE.change("provider.called", lambda e: e.data["call"] == "twilio/1", params={"Body": ""}),
        PROFILE,
        "fail",
        "the call carried ''",
    ),
    "sooner than seconds asked": (
        answered(ONCE, status=429, retry_after="1", wait_s=1.0),
        PROFILE,
        "fail",
        "after an answer 429, which asked to wait: Retry-After 1",
    ),
    "sooner than a date asked": (
        answered(ONCE, status=429, retry_after="Thu, 01 Jan 1970 00:16:42 GMT", wait_s=2.0),
        PROFILE,
        "fail",
        "Retry-After Thu, 01 Jan 1970 00:16:42 GMT",
    ),
    "a date of this second": (
        answered(ONCE, status=429, retry_after="Thu, 01 Jan 1970 00:16:41 GMT", wait_s=0.99),
        PROFILE,
        "pass",
        "calls 2",
    ),
    "a wait that isn't claimed": (
        answered(ONCE, status=429, retry_after="1", wait_s=1.0),
        retried(attempts=6),
        "pass",
        "calls 2",
    ),
    "a wait is no lateness": (
        answered(STUCK, status=429, retry_after="2000", wait_s=2000.0),
        PROFILE,
        "unknown",
        "still sending",
    ),
}


@pytest.mark.parametrize("case", TRIED.values(), ids=list(TRIED))
def test_what_passes_is_tried_again(case: tuple[Script, Profile, Outcome, str]) -> None:
    script, profile, outcome, why = case
    history = script.history
    verdict = tried_again(history, script.flow(history), profile, message=MESSAGE)
    assert (verdict.outcome, why in f"{verdict.reason} {verdict.also}") == (outcome, True), verdict.story()


def looked(script: Script, *, error: object, status: str = "failed", text: str | None = None) -> Script:
    data = {"operation": "get", "request": 9, "status": 200, "message_status": status}
    words = json.dumps({"id": ID, "error_message": error}) if text is None else text
    script = script.add("api.requested", at=5000, message_id=ID, operation="get", request=9)
    return script.add("api.answered", at=5001, message_id=ID, **data, text=words)


UNCLAIMED = PROFILE.model_copy(update={"claims": PROFILE.claims.model_copy(update={"dead_letters": None})})
"""A profile of a stack that says nothing of dead letters."""
UNNAMED = UNCLAIMED.model_copy(update={"look": Look()})
UNNAMED_FREE = UNNAMED.model_copy(update={"retries": Retries()})
GIVEN_UP: dict[str, tuple[Script, Profile, Outcome, str]] = {
    "after six": (looked(many(6, apart_ms=30), error="HTTP 503, code 20503"), UNCLAIMED, "pass", "given up after 6"),
    "after seven": (many(7, apart_ms=30), PROFILE, "fail", "[retries] attempts is 6"),
    "after one": (many(1, apart_ms=30), PROFILE, "fail", "it failed after 1 calls"),
    "sent all the same": (
        many(6, apart_ms=30).change("database.status", is_new("failed"), new="sent"),
        PROFILE,
        "fail",
        "no provider ever accepted it",
    ),
    "in a storm": (many(60, apart_ms=3), retried(), "fail", "50 calls came within 0.15 s"),
    "often, with time between": (looked(many(60, apart_ms=30), error="503"), UNNAMED_FREE, "pass", "given up after 60"),
    "not at its end": (
        many(6, apart_ms=30).drop("database.status", where=is_new("failed")).soon(),
        PROFILE,
        "unknown",
        "it is still sending after 6 calls",
    ),
    "not told": (
        many(6, apart_ms=30).drop("database.status", where=is_new("failed")),
        PROFILE,
        "fail",
        "it had its 6 calls, all that [retries] attempts allows, and the row stays sending",
    ),
    "without a reason": (looked(many(6, apart_ms=30), error=None), PROFILE, "fail", "nothing says why"),
}


@pytest.mark.parametrize("case", GIVEN_UP.values(), ids=list(GIVEN_UP))
def test_what_never_passes_is_given_up(case: tuple[Script, Profile, Outcome, str]) -> None:
    script, profile, outcome, why = case
    history = script.history
    verdict = given_up(history, script.flow(history), profile, told=["20503"])
    assert (verdict.outcome, why in f"{verdict.reason} {verdict.also}") == (outcome, True), verdict.story()


ELSEWHERE = PROFILE.model_copy(update={"look": Look(error="/failure/why")})
NAMED = SILENT.model_copy(update={"look": PROFILE.look})
REFUSED: dict[str, tuple[Script, Profile, Outcome, str]] = {
    "in its words": (looked(GAVE_UP, error="The Number is no good"), PROFILE, "pass", "1 call, failed"),
    "by its code": (looked(GAVE_UP, error={"code": 21211}), PROFILE, "pass", "1 call, failed"),
    "lost": (looked(GAVE_UP, error=None), PROFILE, "fail", "nothing says why: /error_message ([look] error) is empty"),
    "blank": (looked(GAVE_UP, error="  "), PROFILE, "fail", "nothing says why"),
    "another": (looked(GAVE_UP, error="it failed"), PROFILE, "fail", "says 'it failed': the provider had said"),
    "by its status": (looked(GAVE_UP, error="HTTP 400"), PROFILE, "fail", "says 'HTTP 400'"),
    "by its status, where no place is named": (looked(GAVE_UP, error="HTTP 400"), UNNAMED, "pass", "1 call, failed"),
    "empty, where no place is named": (looked(GAVE_UP, error=""), UNNAMED, "pass", "1 call, failed"),
    "its own words, where no place is named": (looked(GAVE_UP, error="no"), UNNAMED, "pass", "1 call, failed"),
    "nowhere where no place is named": (looked(GAVE_UP, error=0, text='{"id": 1}'), UNNAMED, "pass", "1 call, failed"),
    "not at the place that is named": (looked(GAVE_UP, error="21211"), ELSEWHERE, "fail", "/failure/why"),
    "elsewhere": (looked(GAVE_UP, error=0, text='{"failure": {"why": "21211"}}'), ELSEWHERE, "pass", "1 call, failed"),
    "nobody looked": (GAVE_UP, PROFILE, "unknown", "nobody was shown why it failed"),
    "nobody looked, and no place is named": (GAVE_UP, UNNAMED, "pass", "1 call, failed"),
    "cut off": (looked(GAVE_UP, error=0, text='{"error_message": "212'), PROFILE, "unknown", "can't be read"),
    "lost by a stack that doesn't claim failures": (looked(GAVE_UP, error=None), NAMED, "unknown", "failed messages"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_a_refusal_says_why(case: tuple[Script, Profile, Outcome, str]) -> None:
    script, profile, outcome, why = case
    script = script.change("provider.answered", error=21211)
    history = script.history
    verdict = refused_and_told(history, script.flow(history), profile, told=["the number is no good"])
    assert (verdict.outcome, why in f"{verdict.reason} {verdict.also}") == (outcome, True), verdict.story()


def test_a_slow_provider_is_waited_for() -> None:
    script = right()
    history = script.history
    assert waited_for(history, script.flow(history), PROFILE, message=MESSAGE).outcome == "pass"
    hasty = in_order(answered(ONCE, status=None, outcome="aborted", elapsed_ms=300.0))
    history = hasty.history
    verdict = waited_for(history, hasty.flow(history), PROFILE, message=MESSAGE)
    assert (verdict.outcome, "given up after 0.30 s" in verdict.reason) == ("fail", True), verdict.story()
    verdict = waited_for(history, hasty.flow(history), retried(), message=MESSAGE)
    assert verdict.outcome == "pass", "what it says nothing of isn't asked"
    patient = answered(ONCE, status=None, outcome="aborted", elapsed_ms=3001.0)
    history = patient.history
    assert waited_for(history, patient.flow(history), PROFILE, message=MESSAGE).outcome == "pass"


def test_who_is_slow_is_not_called_again() -> None:
    script = in_order(answered(ONCE, status=201, outcome="answered", accepted=True, message="SM0", elapsed_ms=900.0))
    history = script.history
    verdict = waited_for(history, script.flow(history), PROFILE, message=MESSAGE)
    assert (verdict.outcome, "called again after the provider had taken it" in verdict.reason) == ("fail", True)


def beside(*, sent: tuple[float, float], again: float, other: tuple[float, float]) -> tuple[Flow, list[Flow]]:
    """A message that is called at `sent[0]`, fails at `sent[1]`, is called `again`; two others accepted and called."""

    def at(kind: str, seen: float, **data: Any) -> Any:
        return replace(made(kind, at=seen * 1000, **data), seen=seen)

    call = at("provider.called", sent[0], call="t/1", keys=["call:t/1"])
    answer = at("provider.answered", sent[1], call="t/1", status=429)
    blocked = Flow([call, answer, at("provider.called", again, call="t/2")])
    taken = at("api.answered", other[0], operation="send", status=201)
    return blocked, [Flow([taken, at("provider.called", other[1], call=f"t/{n}")]) for n in (3, 4)]


@pytest.mark.parametrize(
    ("again", "other", "outcome", "why"),
    [
        (2.0, (0.2, 0.3), "pass", "2 of 2 were sent while it waited"),
        (2.0, (0.2, 2.1), "fail", "all 2 messages that came while it waited were kept"),
        (2.0, (1.8, 2.1), "unknown", "before others could come"),
    ],
)
def test_others_go_on(again: float, other: tuple[float, float], outcome: Outcome, why: str) -> None:
    flow, others = beside(sent=(0.0, 0.1), again=again, other=other)
    verdict = others_go_on(right().history, flow, PROFILE, others=others)
    assert (verdict.outcome, why in verdict.reason) == (outcome, True), verdict.story()


def test_who_was_never_tried_again_kept_nobody_waiting() -> None:
    flow, others = beside(sent=(0.0, 0.1), again=2.0, other=(0.2, 0.3))
    verdict = others_go_on(right().history, Flow(flow.events[:2]), PROFILE, others=others)
    assert (verdict.outcome, "never tried again" in verdict.reason) == ("unknown", True)


REDIRECTED = answered(STUCK, status=302, outcome="answered", accepted=False)
LEFT = in_order(REDIRECTED).drop("queue.acked", "queue.deleted")
"""The provider's answer is the last that is known of it: its entry is pending, its row `sending`."""
UNSURE = SILENT.model_copy(update={"retries": PROFILE.retries})
ENDS: dict[str, tuple[Script, Profile, Outcome, str]] = {
    "tried again": (answered(ONCE, status=302), PROFILE, "pass", "calls 2, accepted 1"),
    "failed": (answered(FAILED, status=302), PROFILE, "pass", "failed after an answer 302"),
    "failed, and nobody finished it": (
        answered(FAILED, status=302).drop("queue.acked", "queue.deleted"),
        PROFILE,
        "fail",
        "its entry was not acknowledged",
    ),
    "taken for a yes": (answered(LAST, status=302), PROFILE, "fail", "sent-is-earned"),
    "left where it was": (
        LEFT,
        PROFILE,
        "fail",
        "an answer 302 nothing more was done, and the row stays sending",
    ),
    "left, and only a log tells of it": (
        LEFT.add("worker.log", at=20, message_id=ID, text="it was left unfinished"),
        PROFILE,
        "fail",
        "nothing more was done",
    ),
    "left by a stack that doesn't claim failures": (LEFT, UNSURE, "unknown", "failed messages"),
    "left, and nothing said of when": (LEFT, retried(), "unknown", "still sending"),
    "not yet": (LEFT.soon(), PROFILE, "unknown", "still sending"),
    "put off": (
        LEFT.add("queue.appended", at=20, message_id=ID, keys=["entry:x"], stream="later", id="2-0", entry="entry:x"),
        PROFILE,
        "unknown",
        "still sending",
    ),
}


@pytest.mark.parametrize("case", ENDS.values(), ids=list(ENDS))
def test_what_no_provider_says_comes_to_an_end(case: tuple[Script, Profile, Outcome, str]) -> None:
    script, profile, outcome, why = case
    history = script.history
    verdict = comes_to_an_end(history, script.flow(history), profile, message=MESSAGE)
    assert (verdict.outcome, why in f"{verdict.reason} {verdict.also}") == (outcome, True), verdict.story()


def claiming(**claims: bool | None) -> Profile:
    return PROFILE.model_copy(update={"claims": PROFILE.claims.model_copy(update=claims)})


BRIEF = PROFILE.policy.model_copy(update={"finished_within": 1.0, "taken_up_within": 900.0})
AFTER: dict[str, tuple[Script, Profile, Outcome, str]] = {
    "forgotten": (KILLED, PROFILE, "fail", "nobody has tried it again since its worker was killed and is back"),
    "by a stack that doesn't claim retries": (KILLED, claiming(retries=None), "unknown", "retries"),
    "by a stack that doesn't claim redelivery": (KILLED, claiming(redelivery=None), "unknown", "redelivery"),
    "not yet": (KILLED.soon(), PROFILE, "unknown", "still sending"),
    "while somebody may still take it up": (
        Script(KILLED.events, read=899.0),
        PROFILE.model_copy(update={"policy": BRIEF}),
        "unknown",
        "still sending",
    ),
    "nobody came back": (Script(KILLED.events[:-1]), PROFILE, "unknown", "still sending"),
    "tried": (ONCE, PROFILE, "pass", "calls 2, accepted 1"),
    "asked to wait longer": (
        answered(KILLED, status=429, retry_after="2000", wait_s=2000.0),
        PROFILE,
        "unknown",
        "still sending",
    ),
    "refused for good": (answered(KILLED, status=404), PROFILE, "unknown", "still sending"),
}


@pytest.mark.parametrize("case", AFTER.values(), ids=list(AFTER))
def test_what_waits_outlives_its_worker(case: tuple[Script, Profile, Outcome, str]) -> None:
    script, profile, outcome, why = case
    history = script.history
    verdict = tried_after_a_kill(history, script.flow(history), profile, message=MESSAGE)
    assert (verdict.outcome, why in f"{verdict.reason} {verdict.also}") == (outcome, True), verdict.story()
