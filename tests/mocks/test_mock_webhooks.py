"""Webhooks: what the stack receives, and that the official validators accept it."""

from __future__ import annotations

import json
from email.parser import BytesParser
from urllib.parse import parse_qsl

import pytest
from sendgrid.helpers.eventwebhook import EventWebhook
from tenants import Receiver, SendGridTenant, TwilioTenant
from twilio.request_validator import RequestValidator


def test_a_status_callback_is_signed(twilio: TwilioTenant, receiver: Receiver) -> None:
    url = f"{receiver.url}/status?id=1"
    message = twilio.send(StatusCallback=url)
    done = twilio.http.post(
        f"/_mock/twilio/{twilio.sid}/messages/{message['sid']}/status", json={"status": "delivered"}
    )
    assert done.json()["status"] == 200
    got = receiver.next()
    params = dict(parse_qsl(got.body.decode(), keep_blank_values=True))
    assert params["MessageStatus"] == "delivered"
    assert len(params["RawDlrDoneDate"]) == 10
    signature = got.headers["x-twilio-signature"]
    assert RequestValidator(twilio.token).validate(url, params, signature)
    assert not RequestValidator(twilio.token).validate(url, params | {"To": "x"}, signature)
    assert twilio.request("GET", f"/Messages/{message['sid']}.json").json()["status"] == "delivered"
    sent, answered = twilio.entries()[2:4]
    assert (sent["type"], sent["kind"], sent["message"]) == ("callback.sent", "status", message["sid"])
    assert (answered["type"], answered["call"], answered["status"]) == ("callback.answered", sent["seq"], 200)


def test_the_default_script_delivers(twilio: TwilioTenant, receiver: Receiver) -> None:
    twilio.change(lifecycle="delivered")
    twilio.send(StatusCallback=receiver.url)
    statuses = [dict(parse_qsl(receiver.next().body.decode()))["MessageStatus"] for _ in range(2)]
    assert statuses == ["sent", "delivered"]


@pytest.mark.parametrize("signature", ["valid", "tampered", "missing"])
def test_inbound_with_each_kind_of_signature(twilio: TwilioTenant, receiver: Receiver, signature: str) -> None:
    twilio.change(inbound_url=f"{receiver.url}/in")
    inbound = {"from": "+15552340009", "to": "+15552340002", "body": "hi", "signature": signature}
    done = twilio.http.post(f"/_mock/twilio/{twilio.sid}/inbound", json=inbound).json()
    got = receiver.next()
    params = dict(parse_qsl(got.body.decode(), keep_blank_values=True))
    assert params["MessageSid"] == done["sid"]
    found = got.headers.get("x-twilio-signature", "")
    assert RequestValidator(twilio.token).validate(f"{receiver.url}/in", params, found) == (signature == "valid")


def test_a_receiver_that_is_not_there_is_an_outcome(twilio: TwilioTenant) -> None:
    inbound = {"from": "+15552340009", "to": "+15552340002", "url": "http://127.0.0.1:1/"}
    done = twilio.http.post(f"/_mock/twilio/{twilio.sid}/inbound", json=inbound).json()
    assert done["status"] is None
    assert "Cannot connect" in done["error"]


def test_events_are_signed_over_exact_bytes(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    sendgrid.change(event_webhook_url=receiver.url)
    message = sendgrid.send(custom_args={"order": "7", "email": "not this"}, categories=["a"])
    wanted = {"message": message, "event": "delivered"}
    assert sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/events", json=wanted).json()["status"] == 200
    got = receiver.next()
    [event] = json.loads(got.body)
    assert event["event"] == "delivered"
    assert event["email"] == "to@example.com"
    assert event["order"] == "7"
    assert event["category"] == ["a"]
    assert isinstance(event["timestamp"], int)
    assert event["sg_message_id"].startswith(f"{message}.recvd-")
    account = sendgrid.http.get(f"/_mock/accounts/sendgrid/{sendgrid.name}").json()
    webhook = EventWebhook(account["webhook_public_key"])
    signature = got.headers["x-twilio-email-event-webhook-signature"]
    timestamp = got.headers["x-twilio-email-event-webhook-timestamp"]
    assert webhook.verify_signature(got.body.decode(), signature, timestamp)
    assert not webhook.verify_signature(got.body.decode() + " ", signature, timestamp)


def test_the_default_script_posts_events(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    sendgrid.change(event_webhook_url=receiver.url, lifecycle="delivered", event_batch_s=0)
    sendgrid.send()
    seen: list[str] = []
    while len(seen) < 2:
        seen += [event["event"] for event in json.loads(receiver.next().body)]
    assert seen == ["processed", "delivered"]


def test_inbound_parse_is_a_multipart_form(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    mail = {"from": "A <a@example.com>", "to": "b@example.com", "subject": "S ✓", "text": "T", "url": receiver.url}
    done = sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/inbound", json=mail).json()
    assert done["status"] == 200
    got = receiver.next()
    raw = f"Content-Type: {got.headers['content-type']}\r\n\r\n".encode() + got.body
    parts = {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
        for part in BytesParser().parsebytes(raw).get_payload()
    }
    assert parts["subject"].decode() == "S ✓"
    assert json.loads(parts["envelope"]) == {"to": ["b@example.com"], "from": "a@example.com"}
    assert done["message_id"] in parts["headers"].decode()
