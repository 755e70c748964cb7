"""What docs/mock-providers.md calls done, in its smaller lines."""

from __future__ import annotations

import json
from base64 import b64encode
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from tenants import Receiver, SendGridTenant, TwilioTenant, make_sendgrid
from test_twilio_webhook_targets import inbound, number

WHATSAPP = "whatsapp:+15552340001"
OURS = "whatsapp:+15552340002"


@pytest.mark.parametrize(
    ("path", "status"), [("/Messages.json", 200), ("/Messages/SM0.json", 404), ("/Nope.json", 404)]
)
def test_every_answer_of_twilio_has_its_headers(twilio: TwilioTenant, path: str, status: int) -> None:
    response = twilio.request("GET", path)
    assert response.status_code == status
    assert int(response.headers["twilio-concurrent-requests"]) > 0
    assert float(response.headers["twilio-request-duration"]) >= 0
    assert response.headers["twilio-request-id"].startswith("RQ")
    assert (response.headers["x-home-region"], response.headers["x-api-domain"]) == ("us1", "api.twilio.com")


def test_twiml_answers_with_media_and_other_verbs_are_ignored(twilio: TwilioTenant, receiver: Receiver) -> None:
    number(twilio, SmsUrl=receiver.url)
    receiver.reply = (
        b"<Response><Redirect>http://127.0.0.1:9/</Redirect>"
        b"<Message><Body>look</Body><Media>https://example.com/a.png</Media></Message><Message>plain</Message></Response>"
    )
    replies = [twilio.request("GET", f"/Messages/{one['sid']}.json").json() for one in inbound(twilio)["replies"]]
    assert [(one["body"], one["num_media"], one["direction"]) for one in replies] == [
        ("look", "1", "outbound-reply"),
        ("plain", "0", "outbound-reply"),
    ]
    media = twilio.request("GET", f"/Messages/{replies[0]['sid']}/Media.json").json()["media_list"]
    assert [one["content_type"] for one in media] == ["image/png"]


def test_help_is_answered_and_opts_nobody_out(twilio: TwilioTenant, receiver: Receiver) -> None:
    number(twilio, SmsUrl=receiver.url)
    [reply] = inbound(twilio, body=" help ")["replies"]
    assert parse_qs(receiver.next().body.decode())["OptOutType"] == ["HELP"]
    assert "STOP" in twilio.request("GET", f"/Messages/{reply['sid']}.json").json()["body"]
    assert twilio.create(From="+15552340002", To="+15552340001").status_code == 201


@pytest.mark.parametrize("said", [{"button": {"text": "Yes", "payload": "y"}}, {"body": "START"}, {"body": "STOP"}])
def test_on_whatsapp_no_word_is_a_keyword(twilio: TwilioTenant, receiver: Receiver, said: dict[str, Any]) -> None:
    twilio.change(inbound_url=receiver.url)
    told = {"from": WHATSAPP, "to": OURS, **said}
    answer = twilio.http.post(f"/_mock/twilio/{twilio.sid}/inbound", json=told).json()
    assert (answer["status"], answer["replies"]) == (200, [])
    assert "OptOutType" not in parse_qs(receiver.next().body.decode())
    assert twilio.create(To=WHATSAPP, From=OURS).status_code == 201


def test_whatsapp_says_what_kind_of_event_a_status_is(twilio: TwilioTenant, receiver: Receiver) -> None:
    twilio.change(lifecycle=[["sent", 0], ["delivered", 0], ["read", 0]], whatsapp_window=False)
    twilio.send(To=WHATSAPP, From=OURS, StatusCallback=receiver.url)
    told = [parse_qs(receiver.next().body.decode()) for _ in range(3)]
    assert [(one["MessageStatus"], one.get("EventType")) for one in told] == [
        (["sent"], None),
        (["delivered"], ["DELIVERED"]),
        (["read"], ["READ"]),
    ]


def test_a_mail_without_an_accept_header_is_406_where_that_is_asked_for(http: httpx.Client) -> None:
    sendgrid = make_sendgrid(http, require_accept=True)
    refused = sendgrid.request("GET", "/scopes", headers={"accept": ""})
    assert (refused.status_code, sendgrid.request("GET", "/scopes").status_code) == (406, 200)
    assert refused.headers["x-ratelimit-limit"]


def test_the_documented_size_of_custom_args_can_be_set(sendgrid: SendGridTenant) -> None:
    args = {"a": "x" * 20_000}
    assert sendgrid.create(custom_args=args).status_code == 400
    sendgrid.change(custom_args_bytes=50_000)
    assert sendgrid.create(custom_args=args).status_code == 202
    assert sendgrid.create(custom_args={"a": "x" * 50_000}).status_code == 400


def test_oauth_of_an_event_webhook_is_shown_without_its_secret(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    oauth = {"oauth_client_id": "me", "oauth_client_secret": "hush", "oauth_token_url": f"{receiver.url}/token"}
    made = sendgrid.request("POST", "/user/webhooks/event/settings", json={"url": receiver.url, **oauth})
    shown = sendgrid.request("GET", f"/user/webhooks/event/settings/{made.json()['id']}")
    assert (shown.json()["oauth_client_id"], shown.json()["oauth_token_url"]) == ("me", f"{receiver.url}/token")
    assert "hush" not in made.text + shown.text
    assert receiver.received.empty()


@pytest.mark.parametrize("raw", [False, True])
def test_a_mail_comes_in_with_its_attachments(sendgrid: SendGridTenant, receiver: Receiver, raw: bool) -> None:
    attachment = {"filename": "a.png", "type": "image/png", "content": b64encode(b"\x89PNG").decode()}
    wanted: dict[str, Any] = {
        "from": "Ada <ada@example.com>", "to": "in@example.org", "subject": "s", "text": "t",
        "attachments": [attachment], "url": receiver.url, "raw": raw,
    }  # fmt: skip
    sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/inbound", json=wanted).raise_for_status()
    got = receiver.next()
    head = f"Content-Type: {got.headers['content-type']}\r\n\r\n".encode()
    parts = {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
        for part in message_from_bytes(head + got.body).walk()
        if not part.is_multipart()
    }
    form = {name: value for name, value in parts.items() if isinstance(value, bytes)}
    assert json.loads(form["envelope"]) == {"to": ["in@example.org"], "from": "ada@example.com"}
    assert set(json.loads(form["charsets"])) == {"to", "from", "subject", "text", "html"}
    assert form["SPF"] == b"pass"
    if raw:
        files = [part for part in message_from_bytes(form["email"]).walk() if part.get_filename()]
        assert [(part.get_filename(), part.get_payload(decode=True)) for part in files] == [("a.png", b"\x89PNG")]
    else:
        assert (form["attachments"], form["attachment1"]) == (b"1", b"\x89PNG")
        assert json.loads(form["attachment-info"])["attachment1"]["type"] == "image/png"
