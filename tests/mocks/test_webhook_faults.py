"""Webhooks that go wrong on the way."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import httpx
from tenants import Receiver, SendGridTenant, TwilioTenant, make_sendgrid


def set_fault(http: httpx.Client, account: str, **webhook: object) -> None:
    made = http.post("/_mock/faults", json={"match": {"account": account}, "webhook": webhook, "times": 1})
    assert made.status_code == 201, made.text


def push(twilio: TwilioTenant, receiver: Receiver, status: str, sid: str) -> httpx.Response:
    body = {"status": status, "url": receiver.url}
    return twilio.http.post(f"/_mock/twilio/{twilio.sid}/messages/{sid}/status", json=body)


def status_of(receiver: Receiver) -> str:
    return dict(parse_qsl(receiver.next().body.decode()))["MessageStatus"]


def test_dropped(twilio: TwilioTenant, receiver: Receiver) -> None:
    sid = twilio.send()["sid"]
    set_fault(twilio.http, twilio.sid, drop=True)
    assert push(twilio, receiver, "sent", sid).json()["error"] == "dropped by a fault"
    push(twilio, receiver, "delivered", sid)
    assert status_of(receiver) == "delivered"
    assert twilio.entries(type="callback.dropped")[0]["params"]["MessageStatus"] == "sent"


def test_duplicated_and_delayed(twilio: TwilioTenant, receiver: Receiver) -> None:
    sid = twilio.send()["sid"]
    set_fault(twilio.http, twilio.sid, duplicate=3, delay_s=0.01)
    push(twilio, receiver, "sent", sid)
    assert [status_of(receiver) for _ in range(3)] == ["sent"] * 3


def test_reordered(twilio: TwilioTenant, receiver: Receiver) -> None:
    set_fault(twilio.http, twilio.sid, reorder=True)
    twilio.change(lifecycle=[["sent", 0], ["delivered", 0.05]], status_callback_url=receiver.url)
    twilio.send(Body="one")
    twilio.send(Body="two")
    seen = [dict(parse_qsl(receiver.next().body.decode())) for _ in range(4)]
    first, second = (message["sid"] for message in reversed(twilio.request("GET", "/Messages.json").json()["messages"]))
    assert seen[0]["MessageSid"] == second
    assert [one["MessageStatus"] for one in seen if one["MessageSid"] == first] == ["sent", "delivered"]


def test_stale_split_and_without_message_id(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    sendgrid.change(event_webhook_url=receiver.url)
    sent = sendgrid.send()
    events = {"events": [{"message": sent, "event": "bounce"}, {"message": sent, "event": "open"}]}
    set_fault(sendgrid.http, sendgrid.name, split=True, without_message_id=True, stale_s=3600)
    sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/events", json=events)
    first, second = receiver.next(), receiver.next()
    [bounce], [opened] = json.loads(first.body), json.loads(second.body)
    assert (bounce["event"], opened["event"]) == ("bounce", "open")
    assert "sg_message_id" not in bounce
    assert int(first.headers["x-twilio-email-event-webhook-timestamp"]) <= bounce["timestamp"] - 3600


def test_badly_signed(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    sendgrid.change(event_webhook_url=receiver.url)
    set_fault(sendgrid.http, sendgrid.name, signature="missing")
    sendgrid.http.post(f"/_mock/sendgrid/{sendgrid.name}/events", json={"event": "open"})
    assert "x-twilio-email-event-webhook-signature" not in receiver.next().headers


def test_a_batch_that_is_refused_is_tried_again(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    receiver.statuses[:] = [500, 503]
    sendgrid.change(
        event_webhook_url=receiver.url, lifecycle=[["processed", 0]], event_batch_s=0, event_retries_s=[0.01, 0.01]
    )
    sendgrid.send()
    ids = {json.loads(receiver.next().body)[0]["sg_event_id"] for _ in range(3)}
    assert len(ids) == 1


def test_a_reset_in_the_middle_of_a_batch_leaves_nothing_behind(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    sendgrid.change(event_webhook_url=receiver.url, lifecycle=[["processed", 0]], event_batch_s=60)
    sendgrid.send()
    sendgrid.http.post("/_mock/reset", json={"account": sendgrid.name})
    sendgrid.change(event_batch_s=0)
    sent = sendgrid.send()
    [event] = json.loads(receiver.next().body)
    assert event["sg_message_id"].startswith(sent)


def test_a_seed_makes_ids_repeatable_whatever_the_webhooks_do(http: httpx.Client, receiver: Receiver) -> None:
    def run(**settings: object) -> list[str]:
        tenant = make_sendgrid(http, seed=7, **settings)
        return [tenant.send() for _ in range(3)]

    quiet = run()
    assert run(event_webhook_url=receiver.url, lifecycle=[["processed", 0]], event_batch_s=0) == quiet
