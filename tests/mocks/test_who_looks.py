"""What becomes of a mail doesn't hang on who looks at it, and when."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from sendgrid_list.rule import block
from tenants import Receiver, SendGridTenant

HOUR = 3600
DAY = 24 * HOUR
TO = block(to=[{"email": "ada@example.com"}])


def kinds(sendgrid: SendGridTenant) -> list[list[str]]:
    """The events of each mail, the latest mail first."""
    found = sendgrid.request("GET", "/messages?limit=10").json()["messages"]
    details = (sendgrid.request("GET", f"/messages/{one['msg_id']}").json() for one in found)
    return [[event["event_name"] for event in one["events"]] for one in details]


@pytest.mark.parametrize("step", ["bounce", "spamreport", "unsubscribe"])
def test_who_bounced_gets_no_more_mail_though_nobody_looked(sendgrid: SendGridTenant, step: str) -> None:
    sendgrid.change(lifecycle=[["processed", 0], [step, HOUR]])
    sendgrid.send(**TO)
    sendgrid.send(**TO)
    sendgrid.change(clock_offset_s=HOUR + 1)
    sendgrid.send(**TO)
    assert kinds(sendgrid) == [["dropped"], ["processed", step], ["processed", step]]


@pytest.mark.parametrize(
    ("step", "path"),
    [
        ("bounce", "/suppression/bounces"),
        ("bounce", "/suppression/bounces/ada@example.com"),
        ("blocked", "/suppression/blocks"),
        ("spamreport", "/suppression/spam_reports"),
        ("unsubscribe", "/asm/suppressions/global/ada@example.com"),
    ],
)
def test_the_lists_have_what_is_due(sendgrid: SendGridTenant, step: str, path: str) -> None:
    sendgrid.change(lifecycle=[["processed", 0], [step, 0]])
    sendgrid.send(**TO)
    assert "ada@example.com" in sendgrid.request("GET", path).text


def test_a_bounce_that_was_deleted_stays_deleted(sendgrid: SendGridTenant) -> None:
    sendgrid.change(lifecycle=[["bounce", 0]])
    sendgrid.send(**TO)
    assert sendgrid.request("DELETE", "/suppression/bounces/ada@example.com").status_code == 204
    assert kinds(sendgrid) == [["bounce"]]
    assert sendgrid.request("GET", "/suppression/bounces").json() == []


def test_it_happened_when_it_was_due(sendgrid: SendGridTenant) -> None:
    sendgrid.change(lifecycle=[["processed", 0], ["bounce", 60]])
    sent = time.time()
    sendgrid.send(**TO)
    sendgrid.change(clock_offset_s=2 * DAY)
    [bounce] = sendgrid.request("GET", "/suppression/bounces").json()
    assert bounce["created"] - sent == pytest.approx(60, abs=10)
    days = sendgrid.request("GET", f"/stats?start_date={time.strftime('%Y-%m-%d', time.gmtime(sent))}").json()
    assert sum(day["stats"][0]["metrics"]["bounces"] for day in days[:2]) == 1


def test_the_webhook_gets_what_somebody_saw_first(sendgrid: SendGridTenant, receiver: Receiver) -> None:
    sendgrid.change(
        event_webhook_url=receiver.url, event_batch_s=0, lifecycle=[["processed", HOUR], ["delivered", HOUR]]
    )
    sendgrid.send(**TO)
    sendgrid.change(clock_offset_s=2 * HOUR + 1)
    assert kinds(sendgrid) == [["processed", "delivered"]]
    events: list[dict[str, Any]] = json.loads(receiver.next().body)
    assert [event["event"] for event in events] == ["processed", "delivered"]
    assert events[1]["timestamp"] - events[0]["timestamp"] == HOUR
