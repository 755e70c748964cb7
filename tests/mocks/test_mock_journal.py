"""The record: on receipt, redacted, on disk, followed, reopened."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
from tenants import SendGridTenant, TwilioTenant, entries, make_twilio, start_server

from mock_providers.journal.lines import unseal


def test_a_call_is_recorded_without_secrets(twilio: TwilioTenant) -> None:
    twilio.send(StatusCallback="http://user:hidden@127.0.0.1:9/x?token=hidden&id=1")
    called, answered = twilio.entries()
    assert called["type"] == "called"
    assert called["call"] == called["seq"] == answered["call"]
    assert called["to"] == ["+15552340001"]
    assert called["text"] == "hello"
    assert called["headers"]["authorization"] == "[redacted]"
    assert called["params"]["StatusCallback"] == "http://[redacted]@127.0.0.1:9/x?token=[redacted]&id=1"
    assert answered["status"] == 201
    assert answered["outcome"] == "answered"
    assert "hidden" not in json.dumps(called)
    assert twilio.token not in json.dumps(called)


def test_queries_filter(twilio: TwilioTenant) -> None:
    twilio.send(To="+15552340011", Body="first token-1")
    twilio.send(To="+15552340012", Body="second token-2")
    assert [entry["text"] for entry in twilio.entries(text="token-2")] == ["second token-2"]
    assert len(twilio.entries(to="+15552340011")) == 2
    assert len(twilio.entries(to="+155523400*", type="called")) == 2
    first, *_ = twilio.entries()
    assert len(twilio.entries(after=first["seq"])) == 3
    assert twilio.entries(until=first["at"] - 1) == []
    page = twilio.http.get("/_mock/calls", params={"account": twilio.sid, "limit": 3}).json()
    rest = twilio.http.get("/_mock/calls", params={"account": twilio.sid, "after": page["next"]}).json()
    assert (len(page["entries"]), len(rest["entries"]), rest["next"]) == (3, 1, None)


def test_a_bad_query_is_a_clear_error(http: httpx.Client) -> None:
    response = http.get("/_mock/calls", params={"after": "x"})
    assert response.status_code == 422
    assert response.json() == {"error": "after must be a whole number, saw 'x'", "hint": "give after as digits"}


def test_following_replays_then_goes_live(twilio: TwilioTenant) -> None:
    twilio.send(Body="before")
    with twilio.http.stream("GET", "/_mock/follow", params={"account": twilio.sid, "type": "called"}) as stream:
        lines = stream.iter_lines()
        assert next(lines) == ": following"
        seen = [next(line for line in lines if line.startswith("data: "))]
        with httpx.Client(base_url=twilio.http.base_url) as other:
            TwilioTenant(other, twilio.sid, twilio.token).send(Body="live")
        seen.append(next(line for line in lines if line.startswith("data: ")))
    assert [json.loads(line.removeprefix("data: "))["text"] for line in seen] == ["before", "live"]


def test_reset_is_of_one_account(twilio: TwilioTenant, sendgrid: SendGridTenant) -> None:
    twilio.send()
    sendgrid.send()
    before = twilio.http.get("/_mock/health").json()["seq"]
    assert twilio.http.post("/_mock/reset", json={"account": twilio.sid}).status_code == 200
    assert twilio.entries() == []
    assert twilio.request("GET", "/Messages.json").json()["messages"] == []
    assert len(sendgrid.entries()) == 2
    assert twilio.entries()[0]["seq"] > before


def test_a_killed_server_goes_on_where_it_was(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    server = start_server(journal=journal)
    with httpx.Client(base_url=server.url) as http:
        make_twilio(http).send(Body="survives")
    server.kill()
    with journal.open("ab") as file:
        file.write(b'{"seq":3,"at":1.0,"type":"call')
    server = start_server(journal=journal)
    with httpx.Client(base_url=server.url) as http:
        assert [entry["seq"] for entry in entries(http)] == [1, 2]
        tenant = make_twilio(http)
        tenant.send()
        assert [entry["seq"] for entry in tenant.entries()] == [3, 4]
    assert server.stop() == 0
    begin, *lines = journal.read_bytes().splitlines(keepends=True)
    assert json.loads(unseal(begin) or b"0") == {"journal": "mock-providers", "version": 1, "after": 0}
    assert [json.loads(unseal(line) or b"0")["seq"] for line in lines] == [1, 2, 3, 4]
