"""Whatever a client sent is recorded, listed, searched, exported, followed and shown, and spoils no other record."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zlib import crc32

import httpx
import pytest
from tenants import SendGridTenant, mail, make_sendgrid, make_twilio, start_server

from mock_providers.client.protocol import tls

HALF = "\ud800"
ODD = f"a{HALF}\x00\x1b\u202e\u2028\x85z"
BODIES: dict[str, bytes] = {
    "halves": json.dumps(mail(subject=ODD, custom_args={ODD: ODD}, **{ODD: [ODD]})).encode(),
    "half in an address": json.dumps(mail(**{"from": {"email": f"a{HALF}@b.co", "name": HALF}})).encode(),
    "half in a file": json.dumps(
        mail(attachments=[{"filename": HALF, "content": b64encode(b"x").decode(), "type": HALF}])
    ).encode(),
    "a text": json.dumps(ODD).encode(),
    "a number": b"1e999",
    "numbers": b'{"a": 1e999, "b": -1e999, "c": NaN, "d": 1' + b"0" * 5000 + b"}",
    "large": b'{"a": ' + b"9" * 4000 + b"}",
    "deep": b'{"a":' * 600 + b"1" + b"}" * 600,
    "deep lists": b"[" * 900 + b"]" * 900,
    "deep and long": b'{"a":' * 400 + b'"' + b"x" * 70_000 + b'"' + b"}" * 400,
    "no UTF-8": b'{"subject": "\xff\xfe"}',
    "no JSON": b"\x00\xff\x1b[31m",
    "wrong types": json.dumps(
        {"personalizations": [{"to": [1, None, {"email": {}}]}, 7], "from": [], "attachments": [1, {"filename": []}]}
    ).encode(),
    "wrong templates": json.dumps(mail(content=[{"type": HALF, "value": {"a": 1}}], subject=[1])).encode(),
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_mail(http: httpx.Client, sendgrid: SendGridTenant, body: bytes) -> None:
    headers = {"content-type": "application/json", "x-odd": b"\xff\x85\xe2\x80\xae"}
    answer = sendgrid.request("POST", "/mail/send", content=body, headers=headers)
    assert answer.status_code < 500
    sendgrid.send(subject="another")
    looked_at(http, sendgrid.name)


@pytest.mark.parametrize(
    "form",
    [b"Body=%ED%A0%80&To=%00", b"Body=\xff\xfe&%ff=%fe&To=\x1b", b"To=+1555&To=%00&Body=%E2%80%AE", b"=&&=&%=&To=%"],
)
def test_a_form(http: httpx.Client, form: bytes) -> None:
    twilio = make_twilio(http)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert twilio.request("POST", "/Messages.json", content=form, headers=headers).status_code < 500
    assert twilio.request("GET", f"/Messages.json?{quote(form, safe='=&%')}").status_code < 500
    assert twilio.request("GET", "/Messages/%ED%A0%80%00.json").status_code < 500
    twilio.send(Body="another")
    looked_at(http, twilio.sid)


def looked_at(http: httpx.Client, account: str) -> None:
    """All ways to look at what an account did."""
    asked: dict[str, Any] = {"account": account, "answers": "true"}
    ways = ({}, {"order": "desc"}, {"search": "another"}, {"search": "\ufffd"}, {"failed": "true"}, {"text": "another"})
    lists = [http.get("/_mock/calls", params=asked | more) for more in ways]
    assert [one.status_code for one in lists] == [200] * len(lists)
    entries = lists[0].json()["entries"]
    # what is not answered yet has no other half
    assert any("another" in json.dumps(one) for one in entries)
    assert {one["seq"] for one in lists[2].json()["entries"]} <= {one["seq"] for one in entries}
    for form in ("jsonl", "har"):
        exported = http.get("/_mock/export", params={"account": account, "format": form})
        assert exported.status_code == 200
        for line in exported.text.splitlines():
            strictly(line)
    for entry in entries:
        if entry["type"] == "called":
            for part in ("body", "rendered", "attachments/0", "attachments/1"):
                shown = http.get(f"/_mock/calls/{entry['seq']}/{part}")
                assert shown.status_code < 500, (part, shown.text)
    last = entries[-1]["seq"]
    with http.stream("GET", "/_mock/follow", params={"account": account}) as followed:
        for line in followed.iter_lines():
            if line.startswith("data: "):
                strictly(line.removeprefix("data: "))
            if line == f"id: {last}":
                break
    waited = http.get("/_mock/wait", params={"account": account, "text": "no such", "within": 0.01})
    assert (waited.status_code, waited.json()["met"]) == (200, False)
    for path in ("/metrics", "/_mock/health", "/", "/_mock/accounts", "/_mock/unsupported"):
        assert http.get(path).status_code == 200


def strictly(line: str) -> None:
    """As browsers read JSON: they know no NaN and no Infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    json.loads(line, parse_constant=refuse)


def test_a_record_of_another_shape_in_the_file(tmp_path: Path) -> None:
    """Its checksum is right, so it isn't damaged; but it isn't what this version writes."""
    path = tmp_path / "journal.jsonl"
    server = start_server(journal=path)
    with httpx.Client(base_url=server.url, verify=tls(server.url)) as http:
        make_sendgrid(http, name="odd").send(subject="one")
    assert server.stop() == 0
    last = json.loads(path.read_bytes().splitlines()[-1])["seq"]
    shapes = ['"type":"called"', '"type":"answered","status":"x"', '"type":"callback.sent","to":{"a":1},"params":7']
    shapes += ['"type":"answered","outcome":7,"elapsed_ms":"x"', '"type":"called","headers":[1],"text":5,"path":9']
    with path.open("ab") as file:
        for n, shape in enumerate(shapes, last + 1):
            kind, _, more = shape.partition(",")
            call = n - 1 if "answered" in kind else n
            entry = f'{{"seq":{n},"at":1.5,{kind},"provider":"sendgrid","account":"odd","call":{call}'
            entry += f",{more}}}" if more else "}"
            file.write(b'%b,"crc":"%08x"}\n' % (entry.encode()[:-1], crc32(entry.encode())))
    server = start_server(journal=path)
    with httpx.Client(base_url=server.url, verify=tls(server.url)) as http:
        make_sendgrid(http, name="new").send(subject="another")
        found = http.get("/_mock/calls", params={"limit": 100, "answers": "true"})
        assert found.status_code == 200, found.text
        assert set(range(last + 1, last + 1 + len(shapes))) <= {one["seq"] for one in found.json()["entries"]}
        for more in ({}, {"type": "damaged"}):
            failing = http.get("/_mock/calls", params={"account": "odd", "failed": "true", **more}).json()["entries"]
            assert "damaged" in {one["type"] for one in failing}
        looked_at(http, "new")
        for more in ({"search": "one"}, {"failed": "true"}, {"to": "x*"}, {"text": "one"}, {"order": "desc"}):
            assert http.get("/_mock/calls", params={"account": "odd", **more}).status_code == 200
        for more in ({"failed": "true"}, {"text": "x", "to": "x*"}, {"since": "5", "until": "9"}, {"search": "x"}):
            waited = http.get("/_mock/wait", params={"account": "odd", "count": 99, "within": 0.01, **more})
            assert waited.status_code == 200, waited.text
        for form in ("jsonl", "har"):
            for line in http.get("/_mock/export", params={"format": form}).text.splitlines():
                strictly(line)
        for n in range(last + 1, last + 1 + len(shapes)):
            for part in ("body", "rendered", "attachments/0"):
                assert http.get(f"/_mock/calls/{n}/{part}").status_code < 500
        replayed = http.get("/_mock/export").content
        headers = {"content-type": "application/x-ndjson"}
        assert http.post("/_mock/replay", content=replayed, headers=headers).status_code in {201, 400}
    assert server.stop() == 0
