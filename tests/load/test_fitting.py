"""What a profile's stack can carry of a load: the rest is left out and told, or an error where it was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import UsageError
from harness.load import payloads
from harness.load.fitting import fitted
from harness.load.plan import Plan, parse_mix
from harness.load.request import Request
from harness.load.schedule import Arrival, arrivals, peak
from harness.load.target import Replies, Target
from harness.profile import Profile, parse
from harness.profile.base import Channel
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
        ({**ATTACHED, "queue": {"url": "redis://127.0.0.1:9"}}, "queue", "rows for its entries; set [database] url"),
        ({"database": {"kind": "sqlite"}}, "queue", "its rows can't be written beforehand in a SQLite file"),
        ({"database": {"columns": {"id": "no"}}}, "queue", "in a table that isn't the contract's"),
        ({"queue": {"kind": "none"}}, "queue", "it puts entries on streams, and this stack's queue is not in Redis"),
        ({"queue": {"kind": "celery", "keys": {"sms": "celery"}}}, "queue", "this stack's queue is a list"),
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


def handed(table: dict[str, Any], *, channel: Channel = "sms") -> Target:
    """What a process of the generator gets, as it comes out of JSON."""
    of = profile(table)
    made = Target(
        api="http://127.0.0.1:9",
        headers=of.api.headers,
        sends={channel: of.send.of(channel)},
        messages=of.messages,
        replies=Replies(
            mocks="http://127.0.0.1:8",
            path="/_mock/inbound",
            headers={},
            to="us",
            hook=of.webhooks.of(channel),
            address={"url": "http://127.0.0.1:9/in"},
        ),
    )
    found = Target.model_validate_json(made.model_dump_json())
    assert found == made
    return found


def test_what_the_generator_is_handed_says_how_each_channel_is_sent() -> None:
    own = {"path": "/texts", "format": "form", "body": {"Phone": "{to}"}, "id": {"header": "X-Id"}}
    found = handed({"api": {"headers": {"X-Key": "k"}}, "send": {"sms": own}})
    assert found.headers == {"X-Key": "k"}
    request = outgoing(found.sends["sms"], {"to": "+1"})
    assert (request.path, request.content) == ("/texts", b"Phone=%2B1")


def test_a_reply_comes_in_the_names_of_the_profile() -> None:
    plan, arrival = Plan(), Arrival(0, 0.0, "webhook", "sms")
    body = {"who": "{from}", "what": "{body}", "id": "{provider_id}"}
    said = handed({"webhooks": {"sms": {"path": "/in", "signed": False, "body": body}}})
    reply = payloads.reply(plan, arrival, said)
    assert reply["as"]["body"] == {"who": reply["from"], "what": reply["body"], "id": reply["sid"]}
    assert (reply["signature"], reply["url"], reply["to"]) == ("missing", "http://127.0.0.1:9/in", "us")
    assert payloads.reply(plan, arrival, said) == reply, "a second process makes the same"
    vendors = payloads.reply(plan, arrival, handed({}))
    assert "as" not in vendors
    assert "signature" not in vendors
    mail = payloads.reply(plan, Arrival(0, 0.0, "webhook", "email"), handed({}, channel="email"))
    assert plan.token(0) in mail["text"]


@pytest.mark.parametrize(
    ("field", "message_id", "place"),
    [("", "no", "/no"), ("job", "no", "/job/no"), ("job", "/data/no", "/job/data/no")],
)
def test_an_entry_names_its_message_where_the_profile_says(field: str, message_id: str, place: str) -> None:
    plan = Plan()
    entry = payloads.entry(plan, Arrival(0, 0.0, "queue", "sms"), field=field, message_id=message_id)
    read = {name: parsed(text) if field else text for name, text in entry.items()}
    assert pointed(read, place) == str(plan.message_id(0))
