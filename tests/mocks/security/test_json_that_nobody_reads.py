"""JSON that not every reader takes: refused where it comes in, and shown where it is on record already."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tenants import SendGridTenant, TwilioTenant, mail, start_server

from mock_providers.client_json import DEEPEST
from mock_providers.journal.lines import header, seal

JSON = {"content-type": "application/json"}
VIEWS = (
    "/calls",
    "/calls?order=desc",
    "/calls?answers=true",
    "/calls?search=open",
    "/export",
    "/export?format=har",
    "/wait?within=0",
)

NO_NUMBERS = ("1e999", "-1e999", "NaN", "-Infinity")


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def named(value: str) -> str:
    return value if len(value) < 20 else f"{value[:3]}… of {len(value)}"


def shown(http: httpx.Client) -> None:
    """Every view of the record answers, in JSON that any reader takes."""
    for view in VIEWS:
        seen = http.get(f"/_mock{view}")
        assert seen.status_code == 200, (view, seen.text[:200])
        for line in seen.text.splitlines() if view == "/export" else [seen.text]:
            json.loads(line, parse_constant=pytest.fail)


@pytest.mark.parametrize("value", [*NO_NUMBERS, nested(DEEPEST), nested(955), nested(970), nested(100_000)], ids=named)
def test_a_vendors_call_with_it(http: httpx.Client, sendgrid: SendGridTenant, value: str) -> None:
    body = json.dumps(mail()).replace("{", f'{{"odd":{value},', 1)
    refused = sendgrid.request("POST", "/mail/send", content=body, headers=JSON)
    assert (refused.status_code, refused.json()["errors"][0]["message"]) == (400, "Bad Request")
    shown(http)
    called, answered = sendgrid.entries()
    assert called["params"] == body[: len(called["params"])]
    assert answered["status"] == 400


@pytest.mark.parametrize("value", [nested(DEEPEST - 1), "9" * 400, "1e308", json.dumps([[[]]] * 1000)], ids=named)
def test_what_any_reader_takes_is_judged_by_the_vendors_rules(sendgrid: SendGridTenant, value: str) -> None:
    refused = sendgrid.request("POST", "/mail/send", content=f'{{"odd":{value}}}', headers=JSON)
    assert "personalizations" in refused.json()["errors"][0]["message"]
    assert sendgrid.entries(type="called")[0]["params"] == {"odd": json.loads(value)}


@pytest.mark.parametrize("value", [*NO_NUMBERS, nested(DEEPEST + 1)], ids=named)
def test_a_template_of_twilios_with_it(http: httpx.Client, twilio: TwilioTenant, value: str) -> None:
    body = f'{{"friendly_name":"x","types":{{"twilio/text":{{"body":"x","odd":{value}}}}}}}'
    made = http.post("/v1/Content", content=body, headers=JSON, auth=(twilio.sid, twilio.token))
    assert made.status_code == 400
    assert http.get(f"/_mock/twilio/{twilio.sid}/contents").json()["contents"] == []


@pytest.mark.parametrize("value", [*NO_NUMBERS, nested(DEEPEST + 1)], ids=named)
def test_the_control_plane_takes_none(http: httpx.Client, sendgrid: SendGridTenant, value: str) -> None:
    body = f'{{"url":"http://127.0.0.1:9/","events":[{{"event":"open","x":{value}}}]}}'
    refused = http.post(f"/_mock/sendgrid/{sendgrid.name}/events", content=body, headers=JSON)
    assert (refused.status_code, refused.json()["error"]) == (400, "the body is not JSON")
    shown(http)


@pytest.mark.parametrize("path", ["/faults", "/accounts"])
def test_a_whole_number_beyond_reckoning_is_refused(http: httpx.Client, twilio: TwilioTenant, path: str) -> None:
    huge = 10**400
    bodies: dict[str, Any] = {
        "/faults": {"match": {"account": twilio.sid}, "status": 500, "retry_after": huge},
        "/accounts": {"provider": "twilio", "account_sid": "AC" + "0" * 32, "lifecycle": [["sent", huge]]},
    }
    assert http.post(f"/_mock{path}", json=bodies[path]).status_code == 422


def test_a_record_that_has_it_already_is_shown(tmp_path: Path) -> None:
    """Earlier versions took over what a client had written."""
    journal = tmp_path / "journal.jsonl"
    entry = '{"seq":%d,"at":1e9,"type":"called","provider":"sendgrid","account":"a","call":%d,"endpoint":"mail.send",'
    entry += '"method":"POST","path":"/v3/mail/send","to":[],"from":null,"text":null,"headers":{},"params":%s}'
    values = ["1e999", "NaN", nested(900), "1"]
    lines = [seal((entry % (n, n, value)).encode()) for n, value in enumerate(values, 1)]
    journal.write_bytes(header(0) + b"".join(lines))
    server = start_server(journal=journal)
    try:
        with httpx.Client(base_url=server.url) as http:
            shown(http)
            listed = http.get("/_mock/calls").json()
            assert {one["seq"]: one["params"] for one in listed["entries"]} == {1: "1e999", 2: "NaN", 4: 1}
            assert listed["journal"]["damaged"] == 1
    finally:
        assert server.stop() == 0
