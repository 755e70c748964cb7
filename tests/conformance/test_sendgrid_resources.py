"""What an account sets up by its own calls, through the `sendgrid` package: keys, senders, webhooks, settings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from python_http_client.exceptions import (
    BadRequestsError,
    ForbiddenError,
    HTTPError,
    NotFoundError,
    UnauthorizedError,
)
from sdks import Received, Receiver, receiving
from sendgrid import SendGridAPIClient
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader
from sendgrid.helpers.mail import Category, Mail

from mock_providers.client import SendGrid
from mock_providers.errors import RefusedError

BASE = {"verified_senders": [], "lifecycle": [["processed", 0], ["delivered", 0]]}


def mail(sender: str = "from@example.com", **options: Any) -> Mail:
    return Mail(sender, "to@example.com", "A subject", "A text", **options)


def body(response: Any) -> Any:
    return json.loads(response.body)


def refused(error: type[HTTPError], call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(error) as caught:
        call()
    first: dict[str, Any] = json.loads(caught.value.body)["errors"][0]
    return first


@contextmanager
def told(receiver: Receiver) -> Iterator[list[str]]:
    """The types of the events that come while the block is left."""
    types: list[str] = []
    yield types
    types += [event["event"] for event in json.loads(receiver.next().body)]


# --- API keys


def test_a_key_works_at_once_with_its_scopes_and_no_more_when_it_is_deleted(
    mail_client: SendGridAPIClient, sendgrid: SendGrid
) -> None:
    keys = mail_client.client.api_keys
    made = body(keys.post(request_body={"name": "sender", "scopes": ["mail.send"]}))
    assert (made["name"], made["scopes"], len(made["api_key"])) == ("sender", ["mail.send"], 69)
    own = SendGridAPIClient(made["api_key"], host=sendgrid.url)
    assert own.send(mail()).status_code == 202
    assert body(own.client.scopes.get())["scopes"] == ["mail.send"]
    assert refused(ForbiddenError, own.client.templates.get)["message"] == "access forbidden"
    assert body(keys.get())["result"] == [{"api_key_id": made["api_key_id"], "name": "sender"}]
    one = keys._(made["api_key_id"])
    assert body(one.get()) == {"api_key_id": made["api_key_id"], "name": "sender", "scopes": ["mail.send"]}
    assert body(one.patch(request_body={"name": "other"})) == {"api_key_id": made["api_key_id"], "name": "other"}
    assert body(one.put(request_body={"name": "wide", "scopes": ["mail.send", "templates.read"]}))["name"] == "wide"
    assert own.client.templates.get().status_code == 200
    assert one.delete().status_code == 204
    words = "The provided authorization grant is invalid, expired, or revoked"
    assert refused(UnauthorizedError, lambda: own.send(mail()))["message"] == words
    assert refused(NotFoundError, one.get)["message"] == "unable to find API Key"
    assert body(keys.get())["result"] == []
    assert made["api_key"] not in json.dumps(sendgrid.calls())


def test_a_key_without_scopes_may_do_everything(mail_client: SendGridAPIClient, sendgrid: SendGrid) -> None:
    made = body(mail_client.client.api_keys.post(request_body={"name": "full"}))
    assert {"mail.send", "api_keys.create"} <= set(made["scopes"])
    own = SendGridAPIClient(made["api_key"], host=sendgrid.url)
    assert own.send(mail()).status_code == 202
    assert own.client.api_keys._(made["api_key_id"]).delete().status_code == 204


def test_a_key_gives_no_more_than_it_has(mail_client: SendGridAPIClient, sendgrid: SendGrid) -> None:
    scopes = ["api_keys.create", "api_keys.update", "mail.send"]
    made = body(mail_client.client.api_keys.post(request_body={"name": "maker", "scopes": scopes}))
    keys = SendGridAPIClient(made["api_key"], host=sendgrid.url).client.api_keys
    wider = {"name": "wider", "scopes": ["templates.read"]}
    words = "invalid or unassignable scopes were given"
    assert refused(BadRequestsError, lambda: keys.post(request_body=wider))["message"] == words
    itself = keys._(made["api_key_id"])
    assert refused(BadRequestsError, lambda: itself.put(request_body=wider))["message"] == words
    # what is left out is what the key has that asks
    assert body(keys.post(request_body={"name": "same"}))["scopes"] == scopes


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": "mail.send"}, "scopes"),
        ({"name": "x", "scopes": ["nonsense"]}, "scopes"),
        ({"name": "x", "scopes": ["mail.send.read.x"]}, "scopes"),
    ],
)
def test_a_key_needs_a_name_and_known_scopes(mail_client: SendGridAPIClient, wrong: dict[str, Any], field: str) -> None:
    error = refused(BadRequestsError, lambda: mail_client.client.api_keys.post(request_body=wrong))
    assert error["field"] == field


def test_an_account_has_a_hundred_keys_at_most(mail_client: SendGridAPIClient) -> None:
    keys = mail_client.client.api_keys
    for n in range(100):
        keys.post(request_body={"name": f"key {n}"})
    error = refused(ForbiddenError, lambda: keys.post(request_body={"name": "one more"}))
    assert error["message"] == "Cannot create more than 100 API Keys"


# --- verified senders

SENDER = {"nickname": "Orders", "from_email": "orders@example.com", "reply_to": "orders@example.com"}


def test_mail_of_a_sender_waits_for_its_verification(mail_client: SendGridAPIClient, sendgrid: SendGrid) -> None:
    senders = mail_client.client.verified_senders
    made = body(senders.post(request_body={**SENDER, "from_name": "Orders", "city": "San Francisco"}))
    assert (made["verified"], made["locked"], made["city"], made["zip"]) == (False, False, "San Francisco", "")
    error = refused(ForbiddenError, lambda: mail_client.send(mail("orders@example.com")))
    assert (error["field"], "verified Sender Identity" in error["message"]) == ("from", True)
    assert body(senders.steps_completed.get())["results"] == {"sender_verified": False, "domain_verified": False}
    assert senders.resend._(made["id"]).post().status_code == 204
    sendgrid.verify_sender(made["id"])
    assert mail_client.send(mail("orders@example.com")).status_code == 202
    assert body(senders.get(query_params={"limit": 10}))["results"] == [{**made, "verified": True}]
    assert refused(BadRequestsError, senders.resend._(made["id"]).post)["error_id"] == "already_verified"
    assert body(senders.steps_completed.get())["results"]["sender_verified"] is True


def test_a_sender_is_verified_by_its_token_and_anew_when_its_address_changes(
    mail_client: SendGridAPIClient, sendgrid: SendGrid
) -> None:
    sendgrid.change(verified_senders=["elsewhere.example"])
    senders = mail_client.client.verified_senders
    made = body(senders.post(request_body=SENDER))
    [shown] = sendgrid.resources()["verified_senders"]
    assert senders.verify._(shown["token"]).get().status_code == 204
    assert mail_client.send(mail("orders@example.com")).status_code == 202
    one = senders._(made["id"])
    assert body(one.patch(request_body={"nickname": "Shop"}))["verified"] is True
    changed = body(one.patch(request_body={"from_email": "shop@example.com"}))
    assert (changed["verified"], changed["nickname"]) == (False, "Shop")
    for address in ("orders@example.com", "shop@example.com"):
        assert refused(ForbiddenError, partial(mail_client.send, mail(address)))["field"] == "from"
    assert one.delete().status_code == 204
    assert refused(NotFoundError, one.delete)["error_id"] == "not_found"
    assert refused(NotFoundError, senders.verify._(shown["token"]).get)["error_id"] == "not_found"


def test_pages_of_senders_and_the_domains(mail_client: SendGridAPIClient) -> None:
    senders = mail_client.client.verified_senders
    ids = [body(senders.post(request_body={**SENDER, "from_email": f"{n}@example.com"}))["id"] for n in range(3)]
    after = senders.get(query_params={"lastSeenID": ids[0], "limit": 1})
    assert [one["id"] for one in body(after)["results"]] == [ids[1]]
    assert [one["id"] for one in body(senders.get(query_params={"id": ids[2]}))["results"]] == [ids[2]]
    assert set(body(senders.domains.get())["results"]) == {"soft_failures", "hard_failures"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"nickname": None}, "nickname"),
        ({"from_email": "nonsense"}, "from_email"),
        ({"reply_to": ""}, "reply_to"),
        ({"state": "California"}, "state"),
        ({"zip": 94105}, "zip"),
    ],
)
def test_a_sender_has_what_it_needs(mail_client: SendGridAPIClient, changes: dict[str, Any], field: str) -> None:
    wrong = {name: value for name, value in {**SENDER, **changes}.items() if value is not None}
    error = refused(BadRequestsError, lambda: mail_client.client.verified_senders.post(request_body=wrong))
    assert (error["field"], bool(error["error_id"])) == (field, True)


def test_one_address_is_one_sender(mail_client: SendGridAPIClient) -> None:
    senders = mail_client.client.verified_senders
    senders.post(request_body=SENDER)
    again = {**SENDER, "from_email": "ORDERS@example.com"}
    assert refused(BadRequestsError, lambda: senders.post(request_body=again))["field"] == "from_email"


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
        sendgrid.change(**BASE)
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


# --- templates and suppressions


def test_versions_of_a_template(mail_client: SendGridAPIClient) -> None:
    templates = mail_client.client.templates
    template = body(templates.post(request_body={"name": "t", "generation": "dynamic"}))
    one = templates._(template["id"])
    first, second = (
        body(one.versions.post(request_body={"name": name, "subject": name, "html_content": "x"})) for name in "ab"
    )
    assert body(one.versions._(first["id"]).get())["active"] == 0
    assert body(one.versions._(first["id"]).activate.post())["active"] == 1
    assert [version["active"] for version in body(one.get())["versions"]] == [1, 0]
    changed = body(one.versions._(second["id"]).patch(request_body={"subject": "new", "active": 1}))
    assert (changed["subject"], changed["name"], changed["active"]) == ("new", "b", 1)
    assert [version["active"] for version in body(one.get())["versions"]] == [0, 1]
    copy = body(one.post(request_body={"name": "copy"}))
    assert (copy["name"], copy["id"] != template["id"], len(copy["versions"])) == ("copy", True, 2)
    assert one.versions._(first["id"]).delete().status_code == 204
    refused(NotFoundError, one.versions._(first["id"]).get)
    assert len(body(templates._(copy["id"]).get())["versions"]) == 2
    wrong = {"active": "yes"}
    error = refused(BadRequestsError, lambda: one.versions._(second["id"]).patch(request_body=wrong))
    assert error["field"] == "active"


def test_who_left_a_group(mail_client: SendGridAPIClient) -> None:
    asm = mail_client.client.asm
    group = body(asm.groups.post(request_body={"name": "news", "description": "d"}))
    members = asm.groups._(group["id"]).suppressions
    members.post(request_body={"recipient_emails": ["a@example.com", "b@example.com"]})
    asked = {"recipient_emails": ["B@example.com", "c@example.com"]}
    assert body(members.search.post(request_body=asked)) == ["B@example.com"]
    listed = body(asm.suppressions.get())
    assert [(one["email"], one["group_id"], one["group_name"]) for one in listed] == [
        ("a@example.com", group["id"], "news"),
        ("b@example.com", group["id"], "news"),
    ]
    [shown] = body(asm.suppressions._("a@example.com").get())["suppressions"]
    assert shown == {
        "id": group["id"], "name": "news", "description": "d", "is_default": False, "suppressed": True,
    }  # fmt: skip
    refused(NotFoundError, lambda: asm.groups._(999).suppressions.search.post(request_body=asked))


# --- statistics


def test_statistics_count_what_happened(mail_client: SendGridAPIClient, sendgrid: SendGrid) -> None:
    sendgrid.change(**BASE)
    today = datetime.now(UTC).date()
    yesterday = today - timedelta(days=1)
    message = mail()
    message.category = Category("news")
    sent = mail_client.send(message).headers["X-Message-Id"]
    for event in ("open", "open", "click", "spamreport", "unsubscribe"):
        sendgrid.event(sent, event, url="http://127.0.0.1:1/")
    # who has complained gets no more
    mail_client.send(mail())
    query = {"start_date": str(yesterday), "end_date": str(today)}
    days = body(mail_client.client.stats.get(query_params=query))
    assert [day["date"] for day in days] == [str(yesterday), str(today)]
    assert set(days[0]["stats"][0]["metrics"].values()) == {0}
    expected = {
        "requests": 2, "processed": 1, "delivered": 1, "opens": 2, "unique_opens": 1, "clicks": 1, "unique_clicks": 1,
        "spam_reports": 1, "unsubscribes": 1, "spam_report_drops": 1,
    }  # fmt: skip
    counted = days[1]["stats"][0]["metrics"]
    assert {name: number for name, number in counted.items() if number} == expected
    of = {**query, "categories": "news"}
    [_, day] = body(mail_client.client.categories.stats.get(query_params=of))
    assert day["stats"][0]["name"] == "news"
    assert day["stats"][0]["metrics"] == {**counted, "requests": 1, "spam_report_drops": 0}
    assert body(mail_client.client.categories.get()) == [{"category": "news"}]


def test_statistics_by_week_and_month(mail_client: SendGridAPIClient) -> None:
    query = {"start_date": "2026-01-30", "end_date": "2026-03-02"}
    for by, dates in (
        ("week", ["2026-01-26", "2026-02-02", "2026-02-09", "2026-02-16", "2026-02-23", "2026-03-02"]),
        ("month", ["2026-01-01", "2026-02-01", "2026-03-01"]),
    ):
        found = body(mail_client.client.stats.get(query_params={**query, "aggregated_by": by}))
        assert [entry["date"] for entry in found] == dates
    page = body(mail_client.client.stats.get(query_params={**query, "limit": 1, "offset": 1}))
    assert [entry["date"] for entry in page] == ["2026-01-31"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "start_date"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": "2026-02-30"}, "start_date"),
        ({"start_date": "2026-02-02", "end_date": "2026-02-01"}, "end_date"),
        ({"start_date": "2026-02-02", "aggregated_by": "hour"}, "aggregated_by"),
    ],
)
def test_statistics_want_dates(mail_client: SendGridAPIClient, query: dict[str, str], field: str) -> None:
    assert refused(BadRequestsError, lambda: mail_client.client.stats.get(query_params=query))["field"] == field
