"""The vendor's whole list of rules for `/v3/mail/send`, each broken alone; and mails at the limits, which go out."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from sendgrid_list import ROWS, RULES, UNANSWERED, Rule
from sendgrid_list.rule import block
from tenants import SendGridTenant, mail

from mock_providers.sendgrid.errors import HELP

TEMPLATE = "d-0123456789abcdef0123456789abcdef"
LEGACY = "01234567-89ab-cdef-0123-456789abcdef"
TEXT = {"type": "text/plain", "value": "x"}
HTML = {"type": "text/html", "value": "x"}
HOUR = 3600
JSON = {"content-type": "application/json"}


def test_the_table_has_every_row_of_the_list() -> None:
    encoding = 1
    assert len(RULES) + len(UNANSWERED) + encoding == ROWS
    assert len(UNANSWERED) <= ROWS * 0.05
    assert all(one.why for one in UNANSWERED)
    assert all(rule.why for rule in RULES if rule.said is not None and "[" not in rule.listed and not _filled(rule))


def _filled(rule: Rule) -> bool:
    """Whether the list's text has a place for what was sent."""
    return " X " in rule.listed or "{invalid" in rule.listed


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.topic}-{rule.listed[:50]}")
def test_a_rule_is_answered_as_the_vendor_does(sendgrid: SendGridTenant, rule: Rule) -> None:
    if rule.settings is not None:
        sendgrid.change(**rule.settings)
    if rule.group:
        assert sendgrid.request("POST", "/asm/groups", json={"name": "n", "description": "d"}).json()["id"] == 101
    response = sendgrid.create(**rule.changes)
    topic = rule.topic if rule.help == "as listed" else rule.help
    help_link = None if topic is None else f"{HELP}{topic}"
    wanted = {"message": rule.message, "field": rule.field, "help": help_link}
    assert (response.status_code, response.json()["errors"]) == (400, [wanted])


def test_bytes_that_are_no_utf_8_are_415(sendgrid: SendGridTenant) -> None:
    body = json.dumps(mail()).encode().replace(b"A text", b"\xff")
    response = sendgrid.request("POST", "/mail/send", content=body, headers=JSON)
    assert response.status_code == 415
    assert response.json()["errors"] == [{"message": "Invalid UTF8 in request", "field": None, "help": None}]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        (block(substitutions={"-a-": "b"}) | {"template_id": TEMPLATE}, "personalizations.0.substitutions", "Substit"),
        (
            block(dynamic_template_data=[]),
            "personalizations.0.dynamic_template_data",
            "Expected: object, given: array.",
        ),
        (block(custom_args=[]), "personalizations.0.custom_args", "Expected: object, given: array."),
        (block(**{"from": {"email": "x"}}), "personalizations.0.from.email", "does not contain a valid address"),
        (block(to=["a@example.com"]), "personalizations.0.to.0", "Invalid type. Expected: object, given: string."),
        (block(to=[{"email": ["a"]}]), "personalizations.0.to.0.email", "Expected: string, given: array."),
        (
            block(to=[{"email": "a@b.co", "name": 7}]),
            "personalizations.0.to.0.name",
            "Expected: string, given: integer.",
        ),
        *(
            (block(to=[{"email": email}]), "personalizations.0.to.0.email", "Does not contain a valid address.")
            for email in (
                ".a@b.co",
                "a..b@b.co",
                "a.@b.co",
                "ü..a@b.co",
                '"a@b.co',
                '"a"b"@b.co',
                '""@b.co',
                "a@b.-c.co",
            )
        ),
        (block(send_at=1.5), "personalizations.0.send_at", "Invalid type. Expected: integer, given: number."),
        (block(send_at=True), "personalizations.0.send_at", "expecting a Unix timestamp"),
        ({"personalizations": {}}, "personalizations", "Invalid type. Expected: array, given: object."),
        ({"personalizations": [None]}, "personalizations.0", "Invalid type. Expected: object, given: null."),
        ({"from": "a@example.com"}, "from", "Invalid type. Expected: object, given: string."),
        ({"from": {"email": "a"}}, "from.email", "The from email does not contain a valid address."),
        ({"reply_to": [{"email": "a@example.com"}]}, "reply_to", "Invalid type. Expected: object, given: array."),
        ({"reply_to": {"email": "a"}}, "reply_to.email", "does not contain a valid address"),
        ({"reply_to_list": [{"email": "a"}]}, "reply_to_list.0.email", "valid address"),
        ({"reply_to_list": [{"email": "a@b.co"}, {"email": "A@b.co"}]}, "reply_to_list", "unique"),
        ({"reply_to_list": [{"email": f"a{n}@b.co"} for n in range(1001)]}, "reply_to_list", "1000"),
        ({"content": [TEXT, TEXT]}, "content", "RFC 1341"),
        ({"content": [HTML, HTML]}, "content", "RFC 1341"),
        ({"content": [{"type": "text/calendar", "value": "x"}, HTML]}, "content", "RFC 1341"),
        (
            {"content": [TEXT, {"type": "text/calendar", "value": "x"}, {"type": "TEXT/HTML", "value": "x"}]},
            "content",
            "RFC",
        ),
        ({"content": [{"type": "text/html\r\nX: y", "value": "x"}]}, "content.0.type", "CRLF"),
        ({"content": [{"type": "text/plain, text/html", "value": "x"}]}, "content.0.type", "CRLF"),
        ({"content": {}}, "content", "Invalid type. Expected: array, given: object."),
        ({"content": ["x"]}, "content.0", "Invalid type. Expected: object, given: string."),
        ({"template_id": ""}, "template_id", "must be a valid GUID, you provided ''"),
        ({"template_id": "d-1"}, "template_id", "must be a valid GUID"),
        ({"template_id": f"{LEGACY}11"}, "template_id", "must be a valid GUID"),
        ({"custom_args": {"a": "é" * 5_000}}, "custom_args", "10,000 bytes"),
        ({"custom_args": "a"}, "custom_args", "Expected: object, given: string."),
        ({"sections": []}, "sections", "Expected: object, given: array."),
        ({"headers": []}, "headers", "Expected: object, given: array."),
        ({"headers": {"": "x"}}, "headers", "Header keys"),
        ({"headers": {"X-A\r\nBcc": "x"}}, "headers", "Header keys"),
        ({"categories": [1]}, "categories.0", "array of strings"),
        ({"attachments": {}}, "attachments", "Expected: array, given: object."),
        ({"attachments": ["x"]}, "attachments.0", "Expected: object, given: string."),
        ({"attachments": [{"filename": "a"}]}, "attachments.0.content", "at least one character"),
        ({"asm": 1}, "asm", "Expected: object, given: integer."),
        ({"asm": {}}, "asm.group_id", "must be an integer"),
        ({"asm": {"group_id": True}}, "asm.group_id", "must be an integer"),
        ({"ip_pool_name": "x" * 65}, "ip_pool_name", "valid pool name"),
        ({"ip_pool_name": "x"}, "ip_pool_name", "valid pool name"),
        ({"batch_id": "nonsense"}, "batch_id", "invalid"),
        ({"mail_settings": []}, "mail_settings", "Expected: object, given: array."),
        ({"mail_settings": {"sandbox_mode": True}}, "mail_settings.sandbox_mode", "Expected: object, given: boolean."),
        (
            {"mail_settings": {"bypass_spam_management": {"enable": "true"}}},
            "mail_settings.bypass_spam_management.enable",
            "Expected: boolean, given: string.",
        ),
        (
            {
                "mail_settings": {
                    "bypass_list_management": {"enable": True},
                    "bypass_bounce_management": {"enable": True},
                }
            },
            "mail_settings.bypass_list_management",
            "cannot be combined",
        ),
        (
            {"mail_settings": {"spam_check": {"enable": False, "threshold": "5"}}},
            "mail_settings.spam_check.threshold",
            "between 1 and 10",
        ),
        ({"tracking_settings": "all"}, "tracking_settings", "Expected: object, given: string."),
        (
            {"tracking_settings": {"open_tracking": False}},
            "tracking_settings.open_tracking",
            "Expected: object, given: boolean.",
        ),
    ],
)
def test_kinds_that_the_list_has_no_row_for(
    sendgrid: SendGridTenant, changes: dict[str, Any], field: str, said: str
) -> None:
    response = sendgrid.create(**changes)
    assert response.status_code == 400, changes
    [problem] = response.json()["errors"]
    assert problem["field"] == field
    assert said in problem["message"]


ARRAYS = ("personalizations", "content", "attachments", "categories", "reply_to_list")
TEXTS = ("subject", "template_id", "batch_id", "ip_pool_name")
OBJECTS = ("from", "reply_to", "headers", "custom_args", "sections", "asm", "mail_settings", "tracking_settings")
NULLS = [
    *((name, "array") for name in ARRAYS),
    *((name, "string") for name in TEXTS),
    *((name, "object") for name in OBJECTS),
    ("send_at", "integer"),
]
OF_A_BLOCK = [
    ("to", "array"), ("cc", "array"), ("bcc", "array"), ("subject", "string"), ("send_at", "integer"),
    *((name, "object") for name in ("from", "headers", "custom_args", "substitutions", "dynamic_template_data")),
]  # fmt: skip
OF_A_PART = [
    ("attachments.0.content", "string"), ("attachments.0.filename", "string"), ("attachments.0.type", "string"),
    ("attachments.0.disposition", "string"), ("attachments.0.content_id", "string"), ("content.0.value", "string"),
    ("content.0.type", "string"), ("asm.group_id", "integer"), ("asm.groups_to_display", "array"),
    ("from.name", "string"), ("from.email", "string"), ("reply_to.email", "string"), ("mail_settings.footer", "object"),
    ("mail_settings.footer.html", "string"), ("mail_settings.sandbox_mode.enable", "boolean"),
    ("mail_settings.spam_check.threshold", "integer"), ("mail_settings.bcc.email", "string"),
    ("tracking_settings.click_tracking.enable_text", "boolean"), ("tracking_settings.ganalytics.utm_term", "string"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("field", "expected"),
    [*NULLS, *((f"personalizations.0.{name}", expected) for name, expected in OF_A_BLOCK), *OF_A_PART],
)
def test_null_is_of_no_fields_type(sendgrid: SendGridTenant, field: str, expected: str) -> None:
    payload = mail(
        attachments=[{"content": "aGVsbG8=", "filename": "a"}],
        asm={"group_id": 1},
        reply_to={"email": "a@example.com"},
        mail_settings={"footer": {}, "sandbox_mode": {}, "spam_check": {}, "bcc": {}},
        tracking_settings={"click_tracking": {}, "ganalytics": {}},
    )
    if field == "reply_to_list":
        del payload["reply_to"]  # which excludes it
    *path, last = field.split(".")
    place: Any = payload
    for name in path:
        place = place[int(name) if isinstance(place, list) else name]
    place[last] = None
    response = sendgrid.request("POST", "/mail/send", json=payload)
    assert response.status_code == 400
    [problem] = response.json()["errors"]
    assert (problem["message"], problem["field"]) == (f"Invalid type. Expected: {expected}, given: null.", field)


@pytest.mark.parametrize("body", ['"a"', "[]", "7", "null"])
def test_a_body_that_is_no_object(sendgrid: SendGridTenant, body: str) -> None:
    response = sendgrid.request("POST", "/mail/send", content=body.encode(), headers=JSON)
    [problem] = response.json()["errors"]
    assert response.status_code == 400
    assert problem["message"].startswith("Invalid type. Expected: object, given: ")
    assert problem["field"] == "(root)"


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_another_media_type_is_415(sendgrid: SendGridTenant, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    response = sendgrid.request("POST", "/mail/send", content=json.dumps(mail()).encode(), headers=headers)
    wanted = {"message": "Content-Type should be application/json.", "field": None, "help": None}
    assert (response.status_code, response.json()["errors"]) == (415, [wanted])


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_be_named_with_parameters_and_in_any_case(sendgrid: SendGridTenant, kind: str) -> None:
    body = json.dumps(mail()).encode()
    assert sendgrid.request("POST", "/mail/send", content=body, headers={"content-type": kind}).status_code == 202


def test_all_that_is_broken_is_named_unless_the_decoder_refuses(sendgrid: SendGridTenant) -> None:
    broken = {"subject": "", "content": [], "categories": "x"}
    assert len(sendgrid.create(**broken).json()["errors"]) == 3
    undecoded = sendgrid.create(**broken, custom_args={"a": 1}).json()["errors"]
    assert undecoded == [{"message": "Bad Request", "field": None, "help": None}]


@pytest.mark.parametrize(
    "changes",
    [
        {"personalizations": [{"to": [{"email": "to@example.com"}]}] * 1000},
        {"personalizations": [{"to": [{"email": f"a{n}@example.com"} for n in range(1000)]}]},
        block(to=[{"email": f"{'a' * 64}@{'b' * 60}.example.com", "name": ""}]),
        block(to=[{"email": "ümlaut@exämple.com"}], cc=[{"email": "o'neil+tag@sub.example.co.uk", "name": "O"}]),
        block(to=[{"email": '"a..b"@example.com'}, {"email": '".a b@c"@example.com'}, {"email": "-a.b-@c-d.example"}]),
        block(subject="s", headers={"X-A": "1"}, send_at=0, custom_args={"a": ""}, substitutions={"-a-": "b"}),
        block(**{"from": {"email": "other@example.com", "name": "Other"}}),
        block(substitutions={f"-{n}-": "x" for n in range(10_000)}),
        block(substitutions={"-a-": None}),
        block(custom_args={"a": "x" * 4_998}) | {"custom_args": {"b": "x" * 5_000}},
        block(custom_args={"a": "x" * 9_999}) | {"custom_args": {"a": "y" * 9_999}},
        block(substitutions={}, headers={}, dynamic_template_data={}),
        block(dynamic_template_data={"a": [1, {"b": None}]}) | {"template_id": TEMPLATE, "content": None},
        block(substitutions={"-a-": "b"}) | {"template_id": LEGACY},
        {"template_id": LEGACY.replace("-", "").upper(), "content": None},
        {"personalizations": [{"to": [{"email": "to@example.com"}], "subject": "s"}], "subject": None},
        {"content": [TEXT, {"type": "text/x-amp-html", "value": "x"}, HTML, {"type": "text/calendar", "value": "x"}]},
        {"content": [HTML]},
        {"content": [{"type": "text/calendar", "value": "x"}]},
        {"attachments": [{"content": "aGVsbG8=", "filename": "Smith, J; é.pdf"}]},
        {"attachments": [{"content": "aGk=", "filename": "a", "type": "image/svg+xml", "content_id": "c",
                          "disposition": "inline"}]},
        {"categories": [str(n) * 200 for n in range(10)]},
        {"categories": ["x" * 255]},
        {"categories": []},
        {"custom_args": {"a": "x" * 9_999}},
        {"custom_args": {}},
        {"headers": {"X-Mailer": "m", "List-Unsubscribe": "<mailto:a@example.com>", "In-Reply-To": "<1@x>"}},
        {"sections": {"-a-": "b"}},
        {"asm": {"group_id": 7, "groups_to_display": list(range(25))}},
        {"ip_pool_name": "x" * 64},
        {"reply_to": {"email": "a@example.com", "name": "A"}},
        {"reply_to_list": [{"email": "a@example.com"}, {"email": "b@example.com"}]},
        {"mail_settings": {"spam_check": {"enable": True, "threshold": 10, "post_to_url": "http://example.com"}}},
        {"mail_settings": {"spam_check": {"enable": False}, "footer": {"enable": True, "text": "t", "html": "h"}}},
        {"mail_settings": {"bcc": {"enable": True, "email": "a@example.com"}, "sandbox_mode": {"enable": False}}},
        {"mail_settings": {"bypass_spam_management": {"enable": True}, "bypass_bounce_management": {"enable": True}}},
        {"tracking_settings": {"click_tracking": {"enable": True, "enable_text": False}, "ganalytics": {}}},
        {"something_new": None},
    ],
)  # fmt: skip
def test_mails_at_the_limits_go_out(sendgrid: SendGridTenant, changes: dict[str, Any]) -> None:
    response = sendgrid.create(**changes)
    assert response.status_code == 202, response.text


def test_a_mail_may_be_sent_almost_72_hours_ahead(sendgrid: SendGridTenant) -> None:
    at = int(time.time()) + 72 * HOUR
    assert sendgrid.create(**block(send_at=at - HOUR), send_at=at - HOUR).status_code == 202
    assert sendgrid.create(**block(send_at=at + HOUR)).status_code == 400


def test_a_known_group_and_pool_are_taken(sendgrid: SendGridTenant) -> None:
    group = sendgrid.request("POST", "/asm/groups", json={"name": "n", "description": "d"}).json()["id"]
    sendgrid.change(ip_pools=["mine"])
    sendgrid.send(asm={"group_id": group, "groups_to_display": [group]}, ip_pool_name="mine")
