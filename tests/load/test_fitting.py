"""What a profile's stack can carry of a load: the rest is left out and told, or an error where it was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.deploy.driver import Addresses
from harness.errors import UsageError
from harness.load import payloads
from harness.load.fitting import fitted
from harness.load.plan import Plan, parse_mix
from harness.load.request import Request
from harness.load.schedule import Arrival, arrivals, peak
from harness.load.target import Target, target
from harness.profile import Profile, parse
from harness.profile.pointers import parsed, pointed
from harness.scenario.outgoing import outgoing

ATTACHED: dict[str, Any] = {"deploy": {"driver": "attached"}, "api": {"url": "http://127.0.0.1:9"}}
TEXTS: dict[str, Any] = {"claims": {"channels": ["sms"]}}


def profile(table: dict[str, Any]) -> Profile:
    command = {"processes": {"api": {"command": ["true"]}}}
    return parse({"version": 2, **({} if "deploy" in table else command), **table}, source="test", environ={})


def fit(table: dict[str, Any], *, mix: str | None = None, **plan: Any) -> tuple[Plan, list[str]]:
    told: list[str] = []
    asked = {"mix": parse_mix(mix)} if mix else {}
    request = Request(profile=profile(table), plan=Plan(**asked, **plan), asked=mix is not None, build=Path("unused"))
    return fitted(request, told=told.append).plan, told


def test_a_stack_like_the_contracts_gets_the_same_load_as_ever() -> None:
    plan, told = fit({})
    assert (told, plan.kinds) == ([], ["api", "queue", "webhook"])
    assert {arrival.channel for arrival in arrivals(plan)} == {"sms", "mms", "email"}
    assert arrivals(plan) == arrivals(Plan())


def test_only_channels_that_the_profile_has_are_in_the_plan() -> None:
    plan, _ = fit(TEXTS)
    assert {(arrival.kind, arrival.channel) for arrival in arrivals(plan)} == {
        ("api", "sms"),
        ("queue", "sms"),
        ("webhook", "sms"),
    }
    mail, _ = fit({"claims": {"channels": ["email"]}})
    assert {arrival.channel for arrival in arrivals(mail)} == {"email"}


@pytest.mark.parametrize(
    ("table", "kind", "words"),
    [
        ({"webhooks": {"sms": {"path": ""}, "email": {"path": ""}}}, "webhook", "the profile claims no webhooks; set"),
        ({"claims": {"webhooks": False}}, "webhook", "the profile claims no webhooks; set [webhooks.sms] path"),
        ({**TEXTS, "webhooks": {"sms": {"path": ""}}}, "webhook", "names no webhook for a channel that it has"),
        (ATTACHED, "webhook", "by our mock providers; set [providers] url"),
        ({**ATTACHED, "providers": {"url": "http://127.0.0.1:9"}}, "webhook", "set [providers] accounts with twilio"),
        (ATTACHED, "queue", "it needs the queue; set [queue] url"),
        ({**ATTACHED, "queue": {"url": "redis://127.0.0.1:9"}}, "queue", "rows in PostgreSQL for its entries"),
        ({"database": {"kind": "sqlite"}}, "queue", "rows in PostgreSQL for its entries; set [database] url"),
        ({"queue": {"streams": {"sms": "s"}}, "claims": {"channels": ["email"]}}, "queue", "no stream is named"),
    ],
)
def test_who_cannot_send_is_left_out_with_a_line_and_an_error_where_asked_for(
    table: dict[str, Any], kind: str, words: str
) -> None:
    plan, told = fit(table)
    assert kind not in plan.kinds
    assert "api" in plan.kinds
    [line] = [line for line in told if words in line]
    assert line.startswith(f"without {'QueueUser' if kind == 'queue' else 'WebhookUser'}: ")
    with pytest.raises(UsageError) as refused:
        fit(table, mix=f"api=3,{kind}=1")
    assert words in str(refused.value)
    assert str(refused.value).endswith("or leave it out: --mix api=3")


def test_a_stack_that_claims_no_channel_can_be_sent_nothing() -> None:
    with pytest.raises(UsageError, match=r"no ApiUser can send to this stack: .* name one in \[claims\] channels"):
        fit({"queue": {"streams": {}}, "claims": {"webhooks": False}})


@pytest.mark.parametrize(("shape", "rate"), [("constant", 6.0), ("ramp", 6.0), ("spike", 2.0)])
def test_the_profiles_pace_bounds_the_greatest_rate(shape: str, rate: float) -> None:
    plan, told = fit({"pace": {"per_second": 6}}, rate=100, shape=shape)
    assert (plan.rate, plan.gaps, peak(plan)) == (pytest.approx(rate), "uniform", pytest.approx(6))
    assert told == [f"[pace] per_second = 6 bounds the load: {rate:g} messages a second instead of 100, evenly spaced"]
    slow, told = fit({"pace": {"per_second": 6}}, rate=1, gaps="uniform")
    assert (slow.rate, told) == (1, [])


def test_messages_are_such_as_the_profile_takes_them() -> None:
    given = {"recipients": {"sms": ["+12065550101", "+12065550102"]}, "senders": {"sms": "+12065550199"}}
    messages = profile({"messages": {**given, "longest": {"sms": 40}}}).messages
    plan = Plan()
    sent = [payloads.message(plan, Arrival(number, 0.0, "api", "sms"), messages) for number in (0, 1, 199_999)]
    assert [one.to for one in sent] == ["+12065550101", "+12065550102", "+12065550102"]
    assert {one.sender for one in sent} == {"+12065550199"}
    assert all(len(one.body) <= 40 and one.token in one.body for one in sent)
    reply = payloads.reply(plan, Arrival(0, 0.0, "webhook", "sms"), messages)
    assert (reply["from"], reply["to"]) == ("+12065550101", "+12065550199")


def test_what_the_generator_is_handed_says_how_each_channel_is_sent() -> None:
    table = {
        **TEXTS,
        "api": {"headers": {"X-Key": "k"}},
        "send": {"sms": {"path": "/texts", "format": "form", "body": {"Phone": "{to}"}, "id": {"header": "X-Id"}}},
    }
    plan, _ = fit(table, mix="api=1")
    made = target(profile(table), Addresses(api="http://127.0.0.1:9"), plan)
    handed = Target.model_validate_json(made.model_dump_json())
    assert handed == made
    assert handed.headers == {"X-Key": "k"}
    request = outgoing(handed.sends["sms"], {"to": "+1"})
    assert (request.path, request.content) == ("/texts", b"Phone=%2B1")


@pytest.mark.parametrize(
    ("field", "message_id", "place"),
    [("", "no", "/no"), ("job", "no", "/job/no"), ("job", "/data/no", "/job/data/no")],
)
def test_an_entry_names_its_message_where_the_profile_says(field: str, message_id: str, place: str) -> None:
    plan = Plan()
    entry = payloads.entry(plan, Arrival(0, 0.0, "queue", "sms"), field=field, message_id=message_id)
    read = {name: parsed(text) if field else text for name, text in entry.items()}
    assert pointed(read, place) == str(plan.message_id(0))
