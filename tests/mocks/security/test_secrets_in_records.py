"""What a key calls a secret is in no record and no export, however deep it stands; what a message says stays."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from tenants import Receiver, SendGridTenant, TwilioTenant

PLANTED = "pl4nted-s3cret"
INNER = json.dumps({"b": json.dumps({"client_secret": PLANTED})})


def recorded(http: httpx.Client, account: str) -> str:
    """All that is said of an account's calls, wherever it is said."""
    asked = {"account": account, "answers": "true"}
    calls = http.get("/_mock/calls", params=asked)
    places = [http.get("/_mock/export", params={"account": account, "format": form}) for form in ("jsonl", "har")]
    numbers = [entry["seq"] for entry in calls.json()["entries"] if entry["type"] == "called"]
    places += [http.get(f"/_mock/calls/{number}/body") for number in numbers]
    assert all(one.status_code == 200 for one in (calls, *places))
    return "".join(one.text for one in (calls, *places))


@pytest.mark.parametrize(
    "changes",
    [
        {"custom_args": {"session_token": PLANTED}},
        {"custom_args": {"a": INNER}},
        {"custom_args": {"a": f"x=1&password={PLANTED}"}},
        {"custom_args": {"a": f"https://u:{PLANTED}@host/"}},
        {"custom_args": {"a": f"X-Api-Key: {PLANTED}\r\n", "b": f"Authorization: Basic {PLANTED}"}},
        {"unknown": [{"deep": {"er": {"credentials": {"user": [PLANTED]}}}}]},
        {"headers": {"X-Auth-Token": PLANTED}},
        {"custom_args": {"long": "x" * 70_000, "password": PLANTED}},
    ],
)
def test_a_mail(http: httpx.Client, sendgrid: SendGridTenant, changes: dict[str, Any]) -> None:
    sendgrid.create(**changes)
    assert PLANTED not in recorded(http, sendgrid.name)


@pytest.mark.parametrize(
    "field",
    [
        {"AuthToken": PLANTED},
        {"Metadata": INNER},
        {"Metadata": urlencode({"password": PLANTED})},
        {"StatusCallback": f"http://u:{PLANTED}@127.0.0.1:9/?token={PLANTED}"},
        {"Note": f"Cookie: sid={PLANTED}"},
    ],
)
def test_a_form(http: httpx.Client, twilio: TwilioTenant, field: dict[str, str]) -> None:
    twilio.create(**field)
    assert PLANTED not in recorded(http, twilio.sid)


def test_what_a_stack_says_and_is_sent(http: httpx.Client, twilio: TwilioTenant, receiver: Receiver) -> None:
    receiver.reply = json.dumps({"debug": {"database": f"postgresql://u:{PLANTED}@h/d", "api_key": PLANTED}}).encode()
    asked = {"from": "+15552340001", "to": "+15552340002", "body": "x", "url": f"{receiver.url}/"}
    asked["as"] = {"body": {"secret": {"value": PLANTED}, "kept": "kept"}}  # type: ignore[assignment]  # reason: a body
    answer = http.post(f"/_mock/twilio/{twilio.sid}/inbound", json=asked)
    assert answer.status_code < 300, answer.text
    assert PLANTED in receiver.received.get(timeout=10).body.decode()
    said = recorded(http, twilio.sid)
    assert PLANTED not in said
    assert "kept" in said


def test_what_a_message_says_stays(twilio: TwilioTenant, sendgrid: SendGridTenant) -> None:
    words = 'your password: hunter22 {"token": "123456"} https://h/reset?token=abc'
    sendgrid.create(
        subject=words,
        content=[{"type": "text/plain", "value": words}],
        personalizations=[{"to": [{"email": "a@b.co"}], "dynamic_template_data": {"reset_token": "123456"}}],
    )
    called = sendgrid.entries(type="called")[-1]
    assert called["params"]["content"][0]["value"] == called["params"]["subject"] == words
    assert called["params"]["personalizations"][0]["dynamic_template_data"] == {"reset_token": "123456"}
    twilio.send(Body='your password: hunter22 {"token": "123456"}')
    entry = twilio.entries(type="called")[-1]
    assert entry["text"] == entry["params"]["Body"] == 'your password: hunter22 {"token": "123456"}'
