"""Where an account's events and inbound mail go, as it sets that up through the `sendgrid` package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from mails import DELIVERED, body, mail, refused
from python_http_client.exceptions import BadRequestsError, NotFoundError
from sdks import Received, Receiver, receiving
from sendgrid import SendGridAPIClient
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader

from mock_providers.client import SendGrid
from mock_providers.errors import RefusedError


@contextmanager
def told(receiver: Receiver) -> Iterator[list[str]]:
    """The types of the events that come while the block is left."""
    types: list[str] = []
    yield types
    types += [event["event"] for event in json.loads(receiver.next().body)]


# --- Inbound Parse


def test_mail_goes_where_its_host_says(mail_client: SendGridAPIClient, sendgrid: SendGrid, receiver: Receiver) -> None:
    settings = mail_client.client.user.webhooks.parse.settings
    given = {"hostname": "Parse.example.com", "url": receiver.url, "spam_check": False, "send_raw": False}
    made = body(settings.post(request_body=given))
    assert made == {**given, "hostname": "parse.example.com"}
    sendgrid.inbound(from_="ada@example.com", to="Bot <bot@parse.example.com>", subject="plain", text="hello")
    plain = form_of(receiver.next())
    assert {"text", "headers", "attachments"} <= plain
    assert not {"email", "spam_report", "spam_score"} & plain
    one = settings._("parse.example.com")
    assert body(one.patch(request_body={"spam_check": True, "send_raw": True}))["send_raw"] is True
    sendgrid.inbound(from_="ada@example.com", to="bot@PARSE.example.com", subject="raw", text="hello")
    raw = form_of(receiver.next())
    assert {"email", "spam_report", "spam_score"} <= raw
    assert "text" not in raw
    assert body(one.get()) == {**made, "spam_check": True, "send_raw": True}
    assert body(settings.get())["result"] == [body(one.get())]
    assert one.delete().status_code == 204
    refused(NotFoundError, one.get)
    with pytest.raises(RefusedError, match=r"no parse setting for the host of bot@parse\.example\.com"):
        sendgrid.inbound(from_="ada@example.com", to="bot@parse.example.com")


def form_of(received: Received) -> set[str]:
    """The names of a multipart form's parts."""
    return {part.partition(b'"')[0].decode() for part in received.body.split(b'form-data; name="')[1:]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hostname": None}, "hostname"),
        ({"hostname": "no host"}, "hostname"),
        ({"url": "nonsense"}, "url"),
        ({"url": None}, "url"),
        ({"spam_check": "yes"}, "spam_check"),
        ({"send_raw": 1}, "send_raw"),
    ],
)
def test_a_parse_setting_has_what_it_needs(mail_client: SendGridAPIClient, changes: dict[str, Any], field: str) -> None:
    settings = mail_client.client.user.webhooks.parse.settings
    good = {"hostname": "parse.example.com", "url": "http://127.0.0.1:1/"}
    wrong = {name: value for name, value in {**good, **changes}.items() if value is not None}
    assert refused(BadRequestsError, lambda: settings.post(request_body=wrong))["field"] == field
    assert body(settings.get())["result"] == []


# --- Event Webhooks


def test_each_webhook_gets_what_it_asks_for_under_its_own_key(
    mail_client: SendGridAPIClient, sendgrid: SendGrid, receiver: Receiver
) -> None:
    with receiving() as other:
        settings = mail_client.client.user.webhooks.event.settings
        wanted = {"enabled": True, "url": receiver.url, "delivered": True, "friendly_name": "Delivery"}
        first = body(settings.post(request_body=wanted))
        assert (first["delivered"], first["processed"], first["friendly_name"]) == (True, False, "Delivery")
        second = body(settings.post(request_body={"enabled": True, "url": other.url, "processed": True}))
        listed = body(settings.all.get())
        assert (listed["max_allowed"], [one["id"] for one in listed["webhooks"]]) == (5, [first["id"], second["id"]])
        keys = {}
        for one in (first, second):
            signed = settings.signed._(one["id"])
            assert body(signed.get()) == {"id": one["id"], "public_key": ""}
            keys[one["id"]] = body(signed.patch(request_body={"enabled": True}))["public_key"]
        assert len(set(keys.values())) == 2
        sendgrid.change(lifecycle=DELIVERED)
        mail_client.send(mail())
        for receives, one, type_ in ((receiver, first, "delivered"), (other, second, "processed")):
            got = receives.next()
            assert [event["event"] for event in json.loads(got.body)] == [type_]
            assert verified(got, keys[one["id"]])
            assert not verified(got, keys[(second if one is first else first)["id"]])


def verified(got: Received, key: str) -> bool:
    signature = got.headers[EventWebhookHeader.SIGNATURE.lower()]
    timestamp = got.headers[EventWebhookHeader.TIMESTAMP.lower()]
    return bool(EventWebhook(key).verify_signature(got.body.decode(), signature, timestamp))


def test_a_webhook_changes_and_goes(mail_client: SendGridAPIClient, sendgrid: SendGrid, receiver: Receiver) -> None:
    settings = mail_client.client.user.webhooks.event.settings
    made = body(settings.post(request_body={"enabled": True, "url": receiver.url, "open": True}))
    one = settings._(made["id"])
    assert body(one.patch(request_body={"click": True, "open": False}))["click"] is True
    assert body(one.get())["open"] is False
    # without an id the oldest is meant
    assert body(settings.get())["id"] == made["id"]
    message = mail_client.send(mail()).headers["X-Message-Id"]
    with told(receiver) as types:
        sendgrid.event(message, "click")
    assert types == ["click"]
    with pytest.raises(RefusedError, match="no webhook of the account asks for open"):
        sendgrid.event(message, "open")
    assert body(one.patch(request_body={"enabled": False}))["enabled"] is False
    with pytest.raises(RefusedError, match="no webhook of the account asks for click"):
        sendgrid.event(message, "click")
    assert one.delete().status_code == 204
    for call in (one.get, one.delete, settings.signed._(made["id"]).get):
        assert refused(NotFoundError, call) == {"message": "Invalid id provided."}
    assert body(settings.all.get())["webhooks"] == []


def test_the_configured_webhook_is_the_oldest_and_can_go_too(
    mail_client: SendGridAPIClient, sendgrid: SendGrid, receiver: Receiver
) -> None:
    sendgrid.change(event_webhook_url=receiver.url)
    settings = mail_client.client.user.webhooks.event.settings
    own = body(settings.get())
    assert (own["url"], own["public_key"]) == (receiver.url, sendgrid.webhook_public_key)
    same = {"url": receiver.url, "enabled": True}
    error = refused(BadRequestsError, lambda: settings.post(request_body=same))
    words = f"Webhook at '{receiver.url}' already exists. Please provide a unique URL."
    assert error == {"message": words, "id": own["id"], "url": receiver.url}
    assert settings._(own["id"]).delete().status_code == 204
    assert body(settings.all.get())["webhooks"] == []


def test_webhooks_are_five_at_most_and_have_good_urls(mail_client: SendGridAPIClient) -> None:
    settings = mail_client.client.user.webhooks.event.settings
    wrong = {"url": "ftp://example.com"}
    error = refused(BadRequestsError, lambda: settings.post(request_body=wrong))
    assert error == {"message": "'ftp://example.com' is not a valid url"}
    for n in range(5):
        settings.post(request_body={"url": f"http://127.0.0.1:1/{n}"})
    error = refused(BadRequestsError, lambda: settings.post(request_body={"url": "http://127.0.0.1:1/6"}))
    assert error == {"message": "You have reached the maximum number of webhooks per your current billing plan."}
