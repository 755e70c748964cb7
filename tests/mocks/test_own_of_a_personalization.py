"""What a personalization has of its own goes before the mail's; categories of events are the request's."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from sendgrid_list.rule import block
from tenants import Receiver, SendGridTenant

HOUR = 3600
EARLY, LATE = {"email": "early@example.com"}, {"email": "late@example.com"}


def activity(sendgrid: SendGridTenant) -> dict[str, dict[str, Any]]:
    found = sendgrid.request("GET", "/messages?limit=10").json()["messages"]
    return {one["to_email"]: one for one in found}


@pytest.mark.parametrize(
    ("of_the_mail", "of_the_blocks"), [(None, (None, HOUR)), (HOUR, (0, None)), (2 * HOUR, (-HOUR, HOUR))]
)
def test_its_own_send_at_is_obeyed(
    sendgrid: SendGridTenant, of_the_mail: int | None, of_the_blocks: tuple[int | None, ...]
) -> None:
    sendgrid.change(lifecycle=[["processed", 0], ["delivered", 0]])
    now = int(time.time())
    blocks: list[dict[str, Any]] = [
        {"to": [person]} | ({} if after is None else {"send_at": now + after})
        for person, after in zip((EARLY, LATE), of_the_blocks, strict=True)
    ]
    sendgrid.send(personalizations=blocks, send_at=None if of_the_mail is None else now + of_the_mail)
    assert {email: one["status"] for email, one in activity(sendgrid).items()} == {
        "early@example.com": "delivered",
        "late@example.com": "processed",
    }
    sendgrid.change(clock_offset_s=HOUR + 60)
    late = activity(sendgrid)["late@example.com"]
    assert late["status"] == "delivered"
    details = sendgrid.request("GET", f"/messages/{late['msg_id']}").json()
    assert [event["event_name"] for event in details["events"]] == ["processed", "delivered"]


def test_no_event_comes_before_its_own_send_at(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    sendgrid.change(event_webhook_url=receiver.url, lifecycle=[["processed", 0]])
    later = {"to": [LATE], "send_at": int(time.time()) + HOUR}
    sendgrid.send(personalizations=[later, {"to": [EARLY]}])
    assert [event["email"] for event in json.loads(receiver.next().body)] == ["early@example.com"]


def test_its_own_sender_is_shown_and_has_to_be_verified(sendgrid: SendGridTenant) -> None:
    other = {"email": "other@example.org", "name": "Other"}
    sendgrid.send(**block(**{"from": other}))
    assert activity(sendgrid)["to@example.com"]["from_email"] == "other@example.org"
    sendgrid.change(verified_senders=["example.com"])
    assert sendgrid.create(**block(**{"from": other})).status_code == 403
    assert sendgrid.create().status_code == 202


@pytest.mark.parametrize("categories", [["a"], ["a", "b"]])
def test_events_have_the_categories_as_the_request_had_them(
    sendgrid: SendGridTenant, receiver: Receiver, categories: list[str]
) -> None:
    sendgrid.change(event_webhook_url=receiver.url, lifecycle=[["processed", 0]])
    sendgrid.send(categories=categories)
    [event] = json.loads(receiver.next().body)
    assert event["category"] == categories
