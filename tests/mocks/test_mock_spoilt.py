"""Webhooks that are badly signed in each way, told in words of no vendor's, or about somebody else's message."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from sendgrid.helpers.eventwebhook import EventWebhook
from tenants import Receiver, SendGridTenant, TwilioTenant
from twilio.request_validator import RequestValidator

from mock_providers.spoilt import SENDGRID, TWILIO

SIGNATURE, TIME = "x-twilio-email-event-webhook-signature", "x-twilio-email-event-webhook-timestamp"


@pytest.mark.parametrize("signature", TWILIO)
@pytest.mark.parametrize("format_", ["vendor", "json"])
def test_twilios_signatures(twilio: TwilioTenant, receiver: Receiver, signature: str, format_: str) -> None:
    own = {"as": {"body": {"a": 1}}} if format_ == "json" else {}
    wish = {"from": "+15552340009", "to": "+15552340002", "url": f"{receiver.url}/in", "signature": signature, **own}
    twilio.http.post(f"/_mock/twilio/{twilio.sid}/inbound", json=wish).raise_for_status()
    got = receiver.next()
    found = got.headers.get("x-twilio-signature")
    assert (found is None, found == "") == (signature == "missing", signature == "empty")
    body = got.body.decode()
    params = body if own else dict(parse_qsl(body, keep_blank_values=True))
    if found is not None:
        good = RequestValidator(twilio.token).validate(f"{receiver.url}{got.path}", params, found)
        assert good == (signature == "valid")


@pytest.mark.parametrize("signature", SENDGRID)
def test_sendgrids_signatures(sendgrid: SendGridTenant, receiver: Receiver, signature: str) -> None:
    message = sendgrid.send()
    wish = {"message": message, "event": "delivered", "url": receiver.url, "signature": signature}
    sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/events", json=wish).raise_for_status()
    got = receiver.next()
    found, at = got.headers.get(SIGNATURE), got.headers.get(TIME)
    assert (found is None, found == "") == (signature == "missing", signature == "empty")
    assert (at is None) == (signature in ("missing", "untimed"))
    settings = sendgrid.http.get(f"/_mock/accounts/sendgrid/{sendgrid.name}").json()
    webhook = EventWebhook(settings["webhook_public_key"])
    try:
        good = webhook.verify_signature(got.body.decode(), found or "", at or "")
    except Exception:  # the SDK raises what it likes for what is no signature at all
        good = False
    assert good == (signature == "valid")


@pytest.mark.parametrize("vendor", ["twilio", "sendgrid"])
def test_a_signature_of_the_other_vendors_is_refused(
    twilio: TwilioTenant, sendgrid: SendGridTenant, vendor: str
) -> None:
    if vendor == "twilio":
        wish = {"from": "+15552340009", "to": "+15552340002", "url": "http://127.0.0.1:1", "signature": "untimed"}
        answer = twilio.http.post(f"/_mock/twilio/{twilio.sid}/inbound", json=wish)
    else:
        wish = {"event": "delivered", "url": "http://127.0.0.1:1", "signature": "other-url"}
        answer = sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/events", json=wish)
    assert answer.status_code == 422
    assert "signature" in answer.json()["error"]


def test_a_status_is_told_in_a_word_of_no_vendors(twilio: TwilioTenant, receiver: Receiver) -> None:
    sid = twilio.send(StatusCallback=receiver.url)["sid"]
    where = f"/_mock/twilio/{twilio.sid}/messages/{sid}/status"
    twilio.http.post(where, json={"status": "sent", "told_as": "archived"}).raise_for_status()
    assert dict(parse_qsl(receiver.next().body.decode()))["MessageStatus"] == "archived"
    assert [one["report"] for one in twilio.entries(type="callback.sent")] == ["archived"]


def test_a_status_is_told_of_a_message_that_the_account_never_had(twilio: TwilioTenant, receiver: Receiver) -> None:
    sid, other = twilio.send(StatusCallback=receiver.url)["sid"], "SM" + "0" * 32
    where = f"/_mock/twilio/{twilio.sid}/messages/{sid}/status"
    twilio.http.post(where, json={"status": "delivered", "told_of": other}).raise_for_status()
    params = dict(parse_qsl(receiver.next().body.decode()))
    assert (params["MessageSid"], params["SmsSid"]) == (other, other)
    assert [one["message"] for one in twilio.entries(type="callback.sent")] == [other]
    assert twilio.request("GET", f"/Messages/{sid}.json").json()["status"] == "queued"


def test_an_event_is_told_as_a_type_of_no_vendors_and_a_batch_says_whose_each_is(
    sendgrid: SendGridTenant, receiver: Receiver
) -> None:
    sendgrid.change(event_webhook_url=receiver.url)
    one, two = sendgrid.send(), sendgrid.send()
    events = [
        {"message": one, "event": "processed", "told_as": "archived"},
        {"message": two, "event": "blocked"},
        {"event": "bounce"},
    ]
    sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/events", json={"events": events}).raise_for_status()
    assert [event["event"] for event in json.loads(receiver.next().body)] == ["archived", "bounce", "bounce"]
    (sent,) = sendgrid.entries(type="callback.sent")
    assert sent["message"] is None
    assert sent["reports"] == [[one, "archived"], [two, "blocked"], [None, "bounce"]]
    wrong = {"message": one, "event": "processed", "told_as": 7}
    assert sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/events", json=wrong).status_code == 422
