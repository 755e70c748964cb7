"""Webhooks in the receiver's own names: what is posted, how it is signed, and what the record says of it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import pytest
from multidict import MultiDict
from sendgrid.helpers.eventwebhook import EventWebhook
from tenants import Received, Receiver, SendGridTenant, TwilioTenant
from twilio.request_validator import RequestValidator

OWN = {"who": "+15552340009", "what": "hé", "parts": ["a", "b"]}


def inbound(twilio: TwilioTenant, url: str, **more: Any) -> dict[str, Any]:
    wish = {"from": "+15552340009", "to": "+15552340002", "body": "hé #hABCDEFGHIJ", "url": url, **more}
    done: dict[str, Any] = twilio.http.post(f"/_mock/twilio/{twilio.sid}/inbound", json=wish).json()
    return done


@pytest.mark.parametrize("signature", ["valid", "tampered", "missing"])
def test_json_of_its_own_is_signed_as_the_vendor_signs_json(
    twilio: TwilioTenant, receiver: Receiver, signature: str
) -> None:
    done = inbound(twilio, f"{receiver.url}/in", signature=signature, **{"as": {"body": {**OWN, "n": [1, None]}}})
    got = receiver.next()
    assert json.loads(got.body) == {**OWN, "n": [1, None]}
    assert got.headers["content-type"].startswith("application/json")
    assert got.path.startswith("/in")
    found = got.headers.get("x-twilio-signature")
    assert (found is None, "bodySHA256" in got.path) == (signature == "missing", signature != "missing")
    if found is not None:
        url = f"{receiver.url}{got.path}"
        assert RequestValidator(twilio.token).validate(url, got.body.decode(), found) == (signature == "valid")
    assert done["status"] == 200


def test_a_form_of_its_own_is_signed_as_the_vendor_signs_one(twilio: TwilioTenant, receiver: Receiver) -> None:
    inbound(twilio, f"{receiver.url}/in", **{"as": {"format": "form", "body": OWN}})
    got = receiver.next()
    fields = parse_qs(got.body.decode())
    assert fields == {"who": ["+15552340009"], "what": ["hé"], "parts": ["a", "b"]}
    params = MultiDict(parse_qsl(got.body.decode()))
    assert RequestValidator(twilio.token).validate(f"{receiver.url}/in", params, got.headers["x-twilio-signature"])


def test_the_record_says_who_wrote_what_and_which_body_went_out(twilio: TwilioTenant, receiver: Receiver) -> None:
    done = inbound(twilio, receiver.url, **{"as": {"body": OWN}})
    again = inbound(twilio, receiver.url, sid=done["sid"], **{"as": {"body": OWN}})
    assert again["sid"] == done["sid"]
    first, second = twilio.entries(type="callback.sent")
    for entry in (first, second):
        assert (entry["from"], entry["to"], entry["text"]) == ("+15552340009", "+15552340002", "hé #hABCDEFGHIJ")
        assert (entry["message"], entry["params"], entry["kind"]) == (done["sid"], OWN, "inbound")
        assert "report" not in entry
    assert twilio.request("GET", f"/Messages/{done['sid']}.json").json()["direction"] == "inbound"


def test_a_report_of_its_own_moves_the_message_and_says_what_it_reports(
    twilio: TwilioTenant, receiver: Receiver
) -> None:
    sid = twilio.send()["sid"]
    wish = {"status": "delivered", "url": receiver.url, "as": {"body": {"id": sid, "state": "DELIVRD"}}}
    twilio.http.post(f"/_mock/twilio/{twilio.sid}/messages/{sid}/status", json=wish)
    assert json.loads(receiver.next().body) == {"id": sid, "state": "DELIVRD"}
    [entry] = twilio.entries(type="callback.sent")
    assert (entry["report"], entry["message"], entry["kind"]) == ("delivered", sid, "status")
    assert twilio.request("GET", f"/Messages/{sid}.json").json()["status"] == "delivered"


def test_the_vendors_own_reports_are_told_the_same_way(
    twilio: TwilioTenant, sendgrid: SendGridTenant, receiver: Receiver
) -> None:
    sid, mail = twilio.send(StatusCallback=receiver.url)["sid"], sendgrid.send()
    twilio.http.post(f"/_mock/twilio/{twilio.sid}/messages/{sid}/status", json={"status": "undelivered"})
    events = [{"message": mail, "event": name} for name in ("processed", "bounce")]
    path = f"/_mock/sendgrid/{sendgrid.name}/events"
    sendgrid.http.post(path, json={"events": events, "url": receiver.url})
    assert [entry["report"] for entry in twilio.entries(type="callback.sent")] == ["undelivered"]
    assert [entry["report"] for entry in sendgrid.entries(type="callback.sent")] == ["bounce"]


def test_a_mail_and_an_event_of_their_own(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    mail = {"from": "a@example.com", "to": "b@example.com", "subject": "S", "text": "T", "url": receiver.url}
    done = sendgrid.http.post(
        f"/_mock/sendgrid/{sendgrid.name}/inbound", json={**mail, "as": {"format": "form", "body": {"mail": "T"}}}
    ).json()
    account = sendgrid.http.get(f"/_mock/accounts/sendgrid/{sendgrid.name}").json()
    got = receiver.next()
    assert got.body == b"mail=T"
    assert signed(got, account["webhook_public_key"])
    message = sendgrid.send()
    own = {"message": message, "event": "delivered", "url": receiver.url, "as": {"body": [{"id": message}]}}
    sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/events", json=own)
    got = receiver.next()
    assert json.loads(got.body) == [{"id": message}]
    assert signed(got, account["webhook_public_key"])
    parse, event = sendgrid.entries(type="callback.sent")
    assert (parse["kind"], parse["message"], parse["params"]) == ("parse", done["message_id"], {"mail": "T"})
    assert (event["kind"], event["message"], event["report"]) == ("event", message, "delivered")


@pytest.mark.parametrize("signature", ["tampered", "missing"])
def test_a_mail_of_its_own_may_have_a_bad_signature_and_a_form_none(
    sendgrid: SendGridTenant, receiver: Receiver, signature: str
) -> None:
    mail = {"from": "a@example.com", "to": "b@example.com", "url": receiver.url, "signature": signature}
    path = f"/_mock/sendgrid/{sendgrid.name}/inbound"
    sendgrid.http.post(path, json={**mail, "as": {"body": {"mail": "T"}}})
    account = sendgrid.http.get(f"/_mock/accounts/sendgrid/{sendgrid.name}").json()
    got = receiver.next()
    assert ("x-twilio-email-event-webhook-signature" in got.headers) == (signature == "tampered")
    assert not signed(got, account["webhook_public_key"])
    assert "unknown key 'signature'" in sendgrid.http.post(path, json=mail).json()["error"]


def signed(got: Received, key: str) -> bool:
    """Whether a body is signed as events are."""
    parts = [got.headers.get(f"x-twilio-email-event-webhook-{name}", "") for name in ("signature", "timestamp")]
    return bool(parts[0]) and bool(EventWebhook(key).verify_signature(got.body.decode(), *parts))


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({}, "as: body is missing"),
        ("x", "as: expected a table of settings"),
        ({"body": {}, "format": "xml"}, "as: format must be json or form"),
        ({"body": [1], "format": "form"}, "as: body must be an object of names with strings"),
        ({"body": {"a": {"b": "c"}}, "format": "form"}, "as: body must be an object of names with strings"),
        ({"body": {}, "headers": {}}, "as: unknown key 'headers'"),
    ],
)
def test_what_can_not_be_posted_is_refused(twilio: TwilioTenant, receiver: Receiver, own: Any, said: str) -> None:
    done = inbound(twilio, receiver.url, **{"as": own})
    assert said in done["error"]
    assert receiver.received.empty()
