"""The record as a whole: retention, segments, export, replay, bodies, figures, the token."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tenants import SendGridTenant, TwilioTenant, entries, make_sendgrid, make_twilio, start_server

from mock_providers.journal import Filter, Journal
from mock_providers.journal.lines import seal
from mock_providers.journal.store import CHUNK, Retention

LINES = {"Content-Type": "application/x-ndjson"}


async def fill(journal: Journal, count: int) -> None:
    for n in range(count):
        journal.append("called", "twilio", "AC", None, {"text": str(n)})
        if n % 100 == 0:
            await journal.committed()
    await journal.committed()


def test_memory_and_disk_stay_within_the_retention(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"

    async def run() -> None:
        journal = Journal(path, retention=Retention(entries=2 * CHUNK), segment_bytes=50_000)
        dropped: list[int] = []
        journal.when_dropped.append(dropped.append)
        await fill(journal, 10 * CHUNK)
        assert len(journal.store) <= 3 * CHUNK
        assert journal.store.last == 10 * CHUNK
        assert dropped[-1] == journal.store.first
        assert next(seq for seq, _ in journal.read(Filter(account="AC"))) == journal.store.first
        journal.close()
        again = Journal(path, retention=Retention(entries=2 * CHUNK), segment_bytes=50_000)
        assert again.seq == 10 * CHUNK
        assert again.entry(10 * CHUNK) is not None
        again.close()

    asyncio.run(run())
    on_disk = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert on_disk < 10 * CHUNK * 100 * 0.6


def test_retention_by_age_and_bytes() -> None:
    async def run() -> None:
        journal = Journal(retention=Retention(size=200_000))
        await fill(journal, 5 * CHUNK)
        assert journal.store.size < 200_000 + CHUNK * 200
        old = Journal(retention=Retention(age_s=0.0))
        await fill(old, 3 * CHUNK)
        assert len(old.store) <= CHUNK + 100

    asyncio.run(run())


def test_a_damaged_line_in_the_middle_loses_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    common = {"at": 1.0, "type": "called", "provider": "twilio", "account": "AC"}
    lines = [seal(json.dumps({"seq": seq, **common, "call": seq}).encode()) for seq in (1, 2, 3)]
    lines[1] = lines[1].replace(b"twilio", b"twilia")
    path.write_bytes(b"".join(lines))
    journal = Journal(path)
    assert [seq for seq, _ in journal.read(Filter())] == [1, 3]
    assert journal.seq == 3
    journal.close()


def test_a_journal_is_of_one_server_at_a_time(tmp_path: Path) -> None:
    first = start_server(journal=tmp_path / "journal.jsonl")
    command = [sys.executable, "-m", "mock_providers", "serve", "--port", "0"]
    second = subprocess.run(
        [*command, "--journal", str(tmp_path / "journal.jsonl")], capture_output=True, text=True, check=False
    )
    assert (second.returncode, "in use by another server" in second.stderr) == (3, True)
    assert first.stop() == 0


def test_export_as_lines_and_har(twilio: TwilioTenant) -> None:
    twilio.send(Body="exported")
    lines = twilio.http.get("/_mock/export", params={"account": twilio.sid}).text.splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["called", "answered"]
    har = twilio.http.get("/_mock/export", params={"account": twilio.sid, "format": "har"}).json()
    [entry] = har["log"]["entries"]
    assert entry["request"]["method"] == "POST"
    assert "Body=exported" in entry["request"]["postData"]["text"]
    assert entry["response"]["status"] == 201
    assert twilio.http.get("/_mock/export", params={"format": "x"}).status_code == 422


def test_a_record_is_replayed(http: httpx.Client) -> None:
    recorded = make_twilio(http)
    fault = {"match": {"account": recorded.sid}, "nth": 2, "status": 429, "code": 21611}
    http.post("/_mock/faults", json=fault)
    assert [recorded.create().status_code for _ in range(3)] == [201, 429, 201]
    recorded.create(Body="x" * 1601)
    record = http.get("/_mock/export", params={"account": recorded.sid}).content
    other = make_twilio(http)
    replayed = http.post("/_mock/replay", params={"account": other.sid}, content=record, headers=LINES)
    assert replayed.status_code == 201
    answers = [other.create() for _ in range(3)] + [other.create(Body="x" * 1601)]
    assert [answer.status_code for answer in answers] == [201, 429, 201, 400]
    assert [answers[1].json()["code"], answers[3].json()["code"]] == [21611, 21617]
    refused = http.post("/_mock/replay", content=b"nonsense", headers=LINES)
    assert (refused.status_code, refused.json()["error"]) == (400, "line 1 is not an entry of a journal")


def test_a_long_body_is_kept_whole(sendgrid: SendGridTenant) -> None:
    content = base64.b64encode(os.urandom(100_000)).decode()
    sendgrid.send(attachments=[{"filename": "ä.bin", "content": content}])
    [called] = sendgrid.entries(type="called")
    assert called["to"] == ["to@example.com"]
    assert len(json.dumps(called)) < 10_000
    assert sendgrid.http.get(f"/_mock/calls/{called['seq']}/body").json()["subject"] == "A subject"
    got = sendgrid.http.get(f"/_mock/calls/{called['seq']}/attachments/0")
    assert got.content == base64.b64decode(content)
    assert sendgrid.http.get(f"/_mock/calls/{called['seq']}/attachments/1").status_code == 404
    assert sendgrid.http.get("/_mock/calls/999999999/body").status_code == 404


def test_short_bodies_and_rendering(twilio: TwilioTenant, sendgrid: SendGridTenant) -> None:
    twilio.send(Body="short")
    call = twilio.entries(type="called")[0]["seq"]
    assert "Body=short" in twilio.http.get(f"/_mock/calls/{call}/body").text
    assert twilio.http.get(f"/_mock/calls/{call}/rendered").status_code == 404
    people = {"to": [{"email": "a@example.com"}], "substitutions": {"%name%": "Ada"}}
    sendgrid.send(personalizations=[people], subject="Hi %name%")
    call = sendgrid.entries(type="called")[0]["seq"]
    assert sendgrid.http.get(f"/_mock/calls/{call}/rendered").json()["mails"][0]["subject"] == "Hi Ada"


def test_figures_health_and_documents(twilio: TwilioTenant) -> None:
    twilio.send()
    figures = twilio.http.get("/metrics").text
    assert 'mock_calls_total{provider="twilio",endpoint="messages.create",result="201"}' in figures
    assert twilio.http.get("/health").json()["status"] == "ok"
    document = twilio.http.get("/_mock/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    assert "/_mock/faults" in twilio.http.get("/_mock/docs").text
    assert "text/html" in twilio.http.get("/").headers["content-type"]
    assert twilio.http.get("/nonsense").json()["hint"].startswith("the control plane is under /_mock")


def test_the_newest_first_with_answers(twilio: TwilioTenant) -> None:
    for n in range(3):
        twilio.send(Body=str(n))
    query = {"account": twilio.sid, "type": "called,callback.sent", "order": "desc", "answers": "true", "limit": 2}
    page = twilio.http.get("/_mock/calls", params=query).json()
    assert [entry["text"] for entry in page["entries"]] == ["2", "1"]
    assert page["entries"][0]["answer"]["status"] == 201
    rest = twilio.http.get("/_mock/calls", params=query | {"before": page["next"]}).json()
    assert [entry["text"] for entry in rest["entries"]] == ["0"]


def test_outside_loopback_a_token_is_required(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mock_providers", "serve", "--host", "0.0.0.0", "--port", "0"]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (refused.returncode, "needs a token" in refused.stderr) == (3, True)
    config = tmp_path / "mocks.toml"
    config.write_text('[server]\ntoken = "open-sesame"\n[[sendgrid]]\napi_key = "SG.x"\nname = "m"\n')
    server = start_server("--host", "0.0.0.0", "--config", str(config))
    with httpx.Client(base_url=server.url) as http:
        refusal = http.get("/_mock/calls")
        assert (refusal.status_code, refusal.json()["error"]) == (401, "the control plane needs its token")
        assert http.get("/").status_code == 401
        assert http.get("/health").status_code == 200
        assert http.get("/v3/scopes", headers={"Authorization": "Bearer SG.x"}).status_code == 200
        token = {"Authorization": "Bearer open-sesame"}
        assert http.get("/_mock/calls", headers=token).status_code == 200
        assert "open-sesame" not in http.get("/_mock/export", headers=token).text
        assert http.get("/", params="token=open%2Dsesame", follow_redirects=False).status_code == 303
        assert http.get("/").status_code == 200
    assert server.stop() == 0


def test_accounts_survive_a_restart(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    server = start_server(journal=journal)
    with httpx.Client(base_url=server.url) as http:
        tenant = make_sendgrid(http)
        key = http.get(f"/_mock/accounts/sendgrid/{tenant.name}").json()["webhook_public_key"]
        tenant.change(rate_limit=5)
    server.kill()
    assert (tmp_path / "journal.jsonl.accounts").stat().st_mode & 0o077 == 0
    server = start_server(journal=journal)
    with httpx.Client(base_url=server.url) as http:
        account = http.get(f"/_mock/accounts/sendgrid/{tenant.name}").json()
        assert (account["webhook_public_key"], account["rate_limit"]) == (key, 5)
        assert SendGridTenant(http, tenant.name, tenant.key).create().status_code == 202
        assert tenant.key not in journal.read_text()
        assert len(entries(http)) == 2
    assert server.stop() == 0


@pytest.mark.parametrize("raw", [False, True])
def test_inbound_mail_with_attachments(sendgrid: SendGridTenant, receiver: object, raw: bool) -> None:
    mail = {
        "from": "a@example.com", "to": "b@example.com", "subject": "S", "text": "T", "html": "<b>T</b>", "raw": raw,
        "url": receiver.url,  # type: ignore[attr-defined]
        "attachments": [{"filename": "a.txt", "content": base64.b64encode(b"hello").decode(), "type": "text/plain"}],
    }  # fmt: skip
    assert sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/inbound", json=mail).json()["status"] == 200
    body = receiver.next().body  # type: ignore[attr-defined]
    assert (b'name="email"' in body) is raw
    assert (b'name="attachment1"; filename="a.txt"' in body) is not raw
    bad = sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/inbound", json=mail | {"attachments": [1]})
    assert bad.status_code == 422


def test_open_accounts_are_made_at_their_first_use() -> None:
    server = start_server("--open")
    with httpx.Client(base_url=server.url) as http:
        sid = "AC" + "a" * 32
        tenant = TwilioTenant(http, sid, "first token")
        assert tenant.send()["account_sid"] == sid
        assert TwilioTenant(http, sid, "other token").create().status_code == 401
        assert TwilioTenant(http, "nonsense", "x").create().status_code == 401
        assert SendGridTenant(http, "any", "SG.any").create().status_code == 202
        assert SendGridTenant(http, "any", "nonsense").create().status_code == 401
    assert server.stop() == 0
