"""Mails with a template: who gets them, and why one doesn't, as activity, events and the control plane tell it."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

import httpx
import pytest
from tenants import Receiver, SendGridTenant, make_sendgrid

UNKNOWN = "Invalid SMTPAPI header: The template id must be a valid template id for your account. You provided "
WITHIN_S = 20.0


@pytest.fixture
def account(http: httpx.Client) -> SendGridTenant:
    return make_sendgrid(http, lifecycle=[["processed", 0], ["delivered", 0]])


def template(account: SendGridTenant, generation: str = "dynamic", **version: Any) -> str:
    made = account.request("POST", "/templates", json={"name": "t", "generation": generation}).json()
    if version:
        version = {"name": "v", "subject": "s"} | version
        response = account.request("POST", f"/templates/{made['id']}/versions", json=version)
        assert response.status_code == 201, response.text
    return str(made["id"])


def people(*addresses: str, **more: Any) -> dict[str, Any]:
    return {"to": [{"email": address} for address in addresses]} | more


def told(account: SendGridTenant, message: str) -> dict[str, tuple[str, str]]:
    """Status and reason of each recipient, by the activity feed, once all that is to come has come."""
    until = time.monotonic() + WITHIN_S
    found: list[dict[str, Any]] = []
    while time.monotonic() < until:
        found = account.request("GET", "/messages", params={"limit": 1000}).json()["messages"]
        found = [one for one in found if one["msg_id"].startswith(message)]
        if all(one["status"] != "processed" for one in found):
            break
    details = [account.request("GET", f"/messages/{one['msg_id']}").json() for one in found]
    return {one["to_email"]: (one["status"], one["events"][-1]["reason"]) for one in details}


def mails_of(account: SendGridTenant) -> list[dict[str, Any]]:
    call = account.entries(type="called", endpoint="mail.send")[-1]["seq"]
    mails: list[dict[str, Any]] = account.http.get(f"/_mock/calls/{call}/rendered").json()["mails"]
    return mails


@pytest.mark.parametrize("identity", ["d-" + "4e" * 16, "7f1f61a2-5f3a-4a7e-9a3c-3f2f4a9f2b10"])
def test_an_unknown_template_is_accepted_and_not_delivered(account: SendGridTenant, identity: str) -> None:
    message = account.send(template_id=identity)
    assert told(account, message) == {"to@example.com": ("not_delivered", UNKNOWN + identity)}
    assert mails_of(account)[0]["error"] == UNKNOWN + identity


def test_a_template_without_an_active_version_is_none(account: SendGridTenant) -> None:
    for identity in (template(account), template(account, html_content="x", active=0)):
        assert told(account, account.send(template_id=identity))["to@example.com"] == (
            "not_delivered",
            UNKNOWN + identity,
        )


def test_anothers_template_is_none(account: SendGridTenant, sendgrid: SendGridTenant) -> None:
    identity = template(sendgrid, html_content="x")
    assert told(account, account.send(template_id=identity))["to@example.com"][0] == "not_delivered"


def test_a_template_that_exists_is_delivered(account: SendGridTenant) -> None:
    identity = template(account, html_content="<p>{{name}}</p>")
    blocks = [people("a@example.com", dynamic_template_data={"name": "A"}), people("b@example.com")]
    message = account.send(template_id=identity, personalizations=blocks)
    assert {one[0] for one in told(account, message).values()} == {"delivered"}
    assert [mail["content"][0]["value"] for mail in mails_of(account)] == ["<p>A</p>", "<p></p>"]


def test_a_broken_template_is_taken_and_warned_of(account: SendGridTenant) -> None:
    made = account.request("POST", "/templates", json={"name": "t", "generation": "dynamic"}).json()
    version = {"name": "v", "subject": "s", "html_content": "a\n{{#if a}}"}
    answer = account.request("POST", f"/templates/{made['id']}/versions", json=version)
    assert answer.status_code == 201
    assert answer.json()["warnings"] == [{"message": "html_content: line 2: {{#if}} is not closed"}]
    message = account.send(template_id=made["id"])
    reason = "the template's html_content can't be filled in: line 2: {{#if}} is not closed"
    assert told(account, message) == {"to@example.com": ("not_delivered", reason)}
    assert mails_of(account)[0]["error"] == reason


def test_a_sound_template_has_no_warnings(account: SendGridTenant) -> None:
    made = account.request("POST", "/templates", json={"name": "t", "generation": "dynamic"}).json()
    version = {"name": "v", "subject": "{{a}}", "html_content": "{{#if a}}x{{/if}}"}
    assert account.request("POST", f"/templates/{made['id']}/versions", json=version).json()["warnings"] == []


def test_a_change_is_warned_of_or_mends(account: SendGridTenant) -> None:
    made = account.request("POST", "/templates", json={"name": "t", "generation": "dynamic"}).json()
    versions = f"/templates/{made['id']}/versions"
    version = account.request("POST", versions, json={"name": "v", "subject": "{{a", "html_content": "x"}).json()
    assert version["warnings"] == [{"message": "subject: line 1: a tag is not closed"}]
    mended = account.request("PATCH", f"{versions}/{version['id']}", json={"subject": "{{a}}"}).json()
    assert mended["warnings"] == []
    assert told(account, account.send(template_id=made["id"])) == {"to@example.com": ("delivered", "")}


def test_only_those_whose_data_does_not_fit_are_left_out(account: SendGridTenant) -> None:
    identity = template(account, html_content="{{#if vip}}{{shout name}}{{else}}{{name}}{{/if}}")
    blocks = [
        people("a@example.com", "b@example.com", cc=[{"email": "c@example.com"}], dynamic_template_data={"vip": True}),
        people("d@example.com", dynamic_template_data={"name": "D"}),
    ]
    seen = told(account, account.send(template_id=identity, personalizations=blocks))
    assert {to: status for to, (status, _) in seen.items()} == {
        "a@example.com": "not_delivered",
        "b@example.com": "not_delivered",
        "c@example.com": "not_delivered",
        "d@example.com": "delivered",
    }
    assert "there is no helper shout" in seen["c@example.com"][1]


def test_what_takes_longer_is_decided_beside_the_call(account: SendGridTenant) -> None:
    identity = template(account, html_content="{{#each l}}{{#each ../l}}{{this}}{{/each}}{{/each}}")
    blocks = [
        people("a@example.com", dynamic_template_data={"l": list(range(50))}),
        people("b@example.com", dynamic_template_data={"l": list(range(2000))}),
    ]
    seen = told(account, account.send(template_id=identity, personalizations=blocks))
    assert seen["a@example.com"][0] == "delivered"
    assert seen["b@example.com"][0] == "not_delivered"
    assert "takes more than 300000 steps" in seen["b@example.com"][1]


def test_a_suppressed_address_keeps_its_reason(account: SendGridTenant) -> None:
    account.http.post(
        f"/_mock/sendgrid/{account.name}/suppressions", json={"kind": "bounces", "email": "to@example.com"}
    )
    seen = told(account, account.send(template_id=f"d-{secrets.token_hex(16)}"))
    assert seen == {"to@example.com": ("not_delivered", "Bounced Address")}


def test_the_webhook_has_the_event_with_its_reason(http: httpx.Client, receiver: Receiver) -> None:
    account = make_sendgrid(http, lifecycle="delivered", event_webhook_url=receiver.url, event_batch_s=0)
    identity = f"d-{secrets.token_hex(16)}"
    message = account.send(template_id=identity)
    [event] = json.loads(receiver.next().body)
    assert (event["event"], event["reason"], event["email"]) == ("dropped", UNKNOWN + identity, "to@example.com")
    assert event["sg_message_id"].startswith(message)


def test_a_legacy_template_stands_around_the_mails_own_content(account: SendGridTenant) -> None:
    identity = template(account, "legacy", subject="News: <%subject%>", html_content="<b>{{-name-}}<%body%></b>")
    block = people("a@example.com", substitutions={"-name-": "Ada"})
    content = [{"type": "text/html", "value": "<p>hello</p>"}]
    message = account.send(template_id=identity, subject="today", content=content, personalizations=[block])
    assert told(account, message)["a@example.com"][0] == "delivered"
    [mail] = mails_of(account)
    assert mail["subject"] == "News: today"
    assert mail["content"] == [{"type": "text/html", "value": "<b>{{Ada}}<p>hello</p></b>"}]


DEEP: Any = json.loads("[" * 900 + "]" * 900)


@pytest.mark.parametrize(
    "changes",
    [
        {"template_id": DEEP},
        {"template_id": {"a": 1}},
        {"subject": DEEP},
        {"content": [{"type": "text/plain", "value": DEEP}]},
        {"content": 5},
        {"personalizations": "abc"},
        {"personalizations": [1]},
        {"personalizations": [{"to": 5}]},
        {"personalizations": [people("a@example.com", substitutions={"A": DEEP})]},
        {"personalizations": [people("a@example.com", substitutions="x")]},
        {"personalizations": [people("a@example.com", dynamic_template_data=DEEP)], "template_id": "d-1"},
    ],
    ids=range(11),
)
def test_a_mail_of_any_shape_is_shown_or_told_to_be_none(account: SendGridTenant, changes: dict[str, Any]) -> None:
    assert account.create(**changes).status_code in {202, 400}
    call = account.entries(type="called", endpoint="mail.send")[-1]["seq"]
    assert account.http.get(f"/_mock/calls/{call}/rendered").status_code in {200, 404, 422}
