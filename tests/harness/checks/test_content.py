"""What a provider is to get of a message, where the profile says what the stack makes of it on purpose."""

from __future__ import annotations

from typing import Any

import pytest
from histories import MESSAGE, Script, right

from harness.checks import worker_processed
from harness.checks.verdict import Verdict
from harness.profile import Profile, parse

BODY, TOKEN = MESSAGE.body, MESSAGE.token
CLAIMS: dict[str, Any] = {"channels": ["sms"]}


def profile(**tables: Any) -> Profile:
    table = {"processes": {"api": {"command": ["x"]}}, "claims": CLAIMS, "queue": {"finish": "ack-delete"}, **tables}
    return parse(table, source="x", environ={})


def judged(script: Script, own: Profile) -> Verdict:
    history = script.history
    return worker_processed(history, script.flow(history), own, message=MESSAGE)


def called(**data: Any) -> Script:
    """A right flow whose call says this; `again` makes it a change where it said so before."""
    return right().change("provider.called", again=True, **data)


FOOTER = {"messages": {"footer": {"sms": " -- ACME"}}}
CHANGES = {"messages": {"changes": ["sms"]}}
OTHER = {"messages": {"footer": {"email": " -- ACME"}, "changes": ["mms"]}}
SENDER = {"providers": {"senders": {"sms": "+12025550199"}}}


@pytest.mark.parametrize(
    ("tables", "text", "outcome"),
    [
        ({}, BODY, "pass"),
        ({}, f"{BODY} -- ACME", "fail"),
        (FOOTER, f"{BODY} -- ACME", "pass"),
        (FOOTER, BODY, "fail"),
        (FOOTER, f"{BODY} -- ACME -- ACME", "fail"),
        (FOOTER, f"{BODY} -- OTHER", "fail"),
        (OTHER, BODY, "pass"),
        (OTHER, f"{BODY} -- ACME", "fail"),
        (CHANGES, f"Dear Sir, {TOKEN}, https://short/1", "pass"),
        (CHANGES, BODY, "pass"),
        (CHANGES, "Dear Sir", "fail"),
        (CHANGES, f"Dear Sir, {TOKEN[:-1]}", "fail"),
    ],
)
def test_the_text_is_what_the_profile_says(tables: dict[str, Any], text: str, outcome: str) -> None:
    verdict = judged(called(params={"Body": text}), profile(**tables))
    assert verdict.outcome == outcome, verdict.story()
    if outcome == "fail":
        assert "the call carried" in verdict.reason


@pytest.mark.parametrize(
    ("tables", "sender", "outcome"),
    [
        ({}, MESSAGE.sender, "pass"),
        ({}, "+12025550199", "fail"),
        (SENDER, "+12025550199", "pass"),
        (SENDER, MESSAGE.sender, "fail"),
        # a stack that isn't told of a sender can't be asked to pass it on, but keeps to its own
        ({"send": {"body": {"to": "{to}", "text": "{body}"}}}, "+12025550199", "pass"),
        ({"send": {"body": {"to": "{to}", "text": "{body}"}}, **SENDER}, "+12025550199", "pass"),
        ({"send": {"body": {"to": "{to}", "text": "{body}"}}, **SENDER}, "+12025550100", "fail"),
        ({"send": {"body": {"to": "{to}", "text": "{body}"}, "headers": {"X-From": "{from}"}}}, "+1", "fail"),
    ],
)
def test_the_sender_is_what_the_stack_was_told_or_has(tables: dict[str, Any], sender: str, outcome: str) -> None:
    verdict = judged(called(**{"from": sender}), profile(**tables))
    assert verdict.outcome == outcome, verdict.story()
    if outcome == "fail":
        assert "the call came from" in verdict.reason


@pytest.mark.parametrize(
    ("body", "outcome"),
    [({"to": "{to}", "text": "{body}"}, "fail"), ({"customer": 7, "text": "{body}"}, "pass")],
)
def test_the_recipient_is_the_one_that_the_stack_was_told(body: dict[str, Any], outcome: str) -> None:
    verdict = judged(called(to="+19995550100"), profile(send={"body": body}))
    assert verdict.outcome == outcome, verdict.story()
