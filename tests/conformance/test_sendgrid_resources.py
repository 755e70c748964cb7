"""What an account sets up by its own calls, through the `sendgrid` package: keys, senders, templates; statistics."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from mails import DELIVERED, body, mail, refused
from python_http_client.exceptions import BadRequestsError, ForbiddenError, NotFoundError, UnauthorizedError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Category

from mock_providers.client import SendGrid

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
    sendgrid.change(lifecycle=DELIVERED)
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
