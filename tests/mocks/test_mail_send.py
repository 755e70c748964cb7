"""`/v3/mail/send`: every rule with its message and its field."""

from __future__ import annotations

from typing import Any

import pytest
from tenants import SendGridTenant, mail

TO = {"to": [{"email": "to@example.com"}]}


def test_an_accepted_mail_has_an_id_and_no_body(sendgrid: SendGridTenant) -> None:
    response = sendgrid.create()
    assert (response.status_code, response.content) == (202, b"")
    assert len(response.headers["x-message-id"]) == 22
    assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(response.headers)
    called, answered = sendgrid.entries()
    assert called["to"] == ["to@example.com"]
    assert called["text"] == "A subject\nA text"
    assert called["params"] == mail()
    assert answered["message"] == response.headers["x-message-id"]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"personalizations": []}, "personalizations", "at least one personalization"),
        ({"personalizations": [TO] * 1001}, "personalizations", "limited to 1000"),
        (
            {"personalizations": [{"to": [{"email": f"a{n}@example.com"} for n in range(1001)]}]},
            "personalizations",
            "limit of 1000 total recipients",
        ),
        ({"personalizations": [{}]}, "personalizations.0.to", "The to parameter is required"),
        ({"personalizations": [TO | {"cc": [{"email": "TO@example.com"}]}]}, "personalizations.0", "should be unique"),
        ({"personalizations": [{"to": [{"email": "x"}]}]}, "personalizations.0.to.0.email", "valid address"),
        ({"from": None}, "from.email", "The from object must be provided"),
        ({"subject": None}, "subject", "The subject is required."),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value", "at least one character"),
        (
            {"content": [{"type": "text/html", "value": "x"}, {"type": "text/plain", "value": "x"}]},
            "content",
            "Following RFC 1341",
        ),
        ({"send_at": 99999999999}, "send_at", "more than 72 hours"),
        ({"categories": [str(n) for n in range(11)]}, "categories", "limit of 10 categories"),
        ({"categories": ["a", "a"]}, "categories", "unique"),
        ({"categories": ["é"]}, "categories.0", "ASCII"),
        ({"headers": {"Reply-To": "x"}}, "headers.Reply-To", "reserved"),
        ({"attachments": [{"filename": "a", "content": "?"}]}, "attachments.0.content", "base64"),
        ({"asm": {"group_id": 1, "groups_to_display": list(range(26))}}, "asm.groups_to_display", "25"),
        ({"custom_args": {"a": "x" * 10_000}}, "custom_args", "10,000 bytes"),
        ({"mail_settings": {"sandbox_mode": {"enable": "yes"}}}, "mail_settings.sandbox_mode.enable", "boolean"),
        ({"reply_to": {"email": "a@b.co"}, "reply_to_list": [{"email": "a@b.co"}]}, "reply_to", "exclusive"),
    ],
)
def test_a_broken_rule_is_named(sendgrid: SendGridTenant, changes: dict[str, Any], field: str, said: str) -> None:
    response = sendgrid.create(**changes)
    assert response.status_code == 400
    [problem] = response.json()["errors"]
    assert problem["field"] == field
    assert said in problem["message"]


def test_a_template_needs_neither_subject_nor_content(sendgrid: SendGridTenant) -> None:
    sendgrid.send(subject=None, content=None, template_id="d-0123456789abcdef0123456789abcdef")


def test_sandbox_is_200_and_sends_nothing(sendgrid: SendGridTenant) -> None:
    response = sendgrid.create(mail_settings={"sandbox_mode": {"enable": True}})
    assert (response.status_code, response.content) == (200, b"")
    assert "x-message-id" not in response.headers


def test_a_bad_key_is_refused(sendgrid: SendGridTenant) -> None:
    response = sendgrid.request("POST", "/mail/send", json=mail(), headers={"Authorization": "Bearer x"})
    assert response.status_code == 401
    assert response.json()["errors"][0]["message"].startswith("The provided authorization grant is invalid")


def test_scopes(sendgrid: SendGridTenant) -> None:
    assert "mail.send" in sendgrid.request("GET", "/scopes").json()["scopes"]


@pytest.mark.parametrize("generation", [["dynamic"], {}, 7, None])
def test_a_template_of_no_generation_is_refused(sendgrid: SendGridTenant, generation: object) -> None:
    response = sendgrid.request("POST", "/templates", json={"name": "t", "generation": generation})
    assert response.status_code == 400
