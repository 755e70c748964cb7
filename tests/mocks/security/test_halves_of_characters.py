"""Halves of characters, which JSON can write and UTF-8 can't: kept, shown and sent on, never a 500."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from tenants import Receiver, TwilioTenant

JSON = {"content-type": "application/json"}
HALF = "\ud800"


def post(http: httpx.Client, path: str, body: Any, **options: Any) -> httpx.Response:
    return http.post(path, content=json.dumps(body), headers=JSON, **options)


def test_a_template_with_one_is_shown(http: httpx.Client, twilio: TwilioTenant) -> None:
    body = {"friendly_name": HALF, "types": {"twilio/text": {"body": f"a{HALF} {{{{1}}}}"}}}
    made = post(http, "/v1/Content", body, auth=(twilio.sid, twilio.token))
    assert made.status_code == 201
    shown = http.get(f"/_mock/twilio/{twilio.sid}/contents")
    assert (shown.status_code, shown.json()["contents"][0]["friendly_name"]) == (200, HALF)
    sent = twilio.send(Body=None, ContentSid=made.json()["sid"], ContentVariables=json.dumps({"1": HALF}))
    assert sent["body"] == f"a{HALF} {HALF}"


@pytest.mark.parametrize("more", [{"body": HALF}, {"params": {"a": HALF, HALF: "b"}}, {"from": f"+1555{HALF}"}])
def test_one_comes_in(http: httpx.Client, twilio: TwilioTenant, receiver: Receiver, more: dict[str, Any]) -> None:
    message = {"from": "+15552340001", "to": "+15552340002", "url": receiver.url} | more
    answered = post(http, f"/_mock/twilio/{twilio.sid}/inbound", message)
    assert (answered.status_code, answered.json()["status"]) == (200, 200)
    assert b"%3F" in receiver.next().body
    assert http.get("/_mock/calls", params={"account": twilio.sid}).status_code == 200
