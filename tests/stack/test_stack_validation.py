"""What is acceptable input, without a server: messages, settings, command lines."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.datastructures import Headers

from messaging_stack import cli, inbound, reports, validation
from messaging_stack.api.requests import SendRequest
from messaging_stack.errors import InvalidMessage, SettingsError
from messaging_stack.settings import load_settings

GOOD = {"from": "+12065550100", "to": "+442071838750", "type": "sms", "body": "hi"}
MAIL = {"from": "a@example.com", "to": "b@sub.example.test", "type": "email", "body": "hi"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"body": None, "attachments": ["https://a.test/x"]},
        {"metadata": None},
        {"attachments": None},
        {"body": "👋 ñ"},
        MAIL,
    ],
)
def test_good_requests(changes: dict[str, Any]) -> None:
    SendRequest.model_validate(GOOD | changes).message()


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "12065550100"}, {"to": "+1206555010"}, {"to": "+" + "1" * 40}, {"to": "+٤٤"}, {"to": ""}, {"to": 5},
        {"from": "a@example.com"}, {"type": "fax"}, {"type": None}, {"body": ""}, {"body": "  "}, {"body": "a\0b"},
        {"body": "x" * 100_001}, {"attachments": ["ftp://a.test/x"]}, {"attachments": ["https://"]},
        {"attachments": ["https://[oops"]},
        {"attachments": ["https://a.test/ x"]}, {"attachments": ["https://a.test/"] * 11},
        {"metadata": []}, {"metadata": {"a": "\0"}}, {"metadata": {"a": "\ud800"}}, {"metadata": {"a": float("nan")}},
        {"metadata": {"a": "x" * 20_000}}, {"surprise": 1}, MAIL | {"to": "nobody"}, MAIL | {"from": "a@b@c"},
    ],
)  # fmt: skip
def test_bad_requests(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SendRequest.model_validate(GOOD | changes)


def test_an_sms_with_attachments_is_an_mms() -> None:
    assert SendRequest.model_validate(GOOD | {"attachments": ["https://a.test/x"]}).message().type == "mms"


@given(st.text())
def test_cleaned_text_can_be_stored(text: str) -> None:
    assert "\0" not in validation.cleaned(text)
    validation.cleaned(text).encode()


def test_surrogates_are_cleaned() -> None:
    assert validation.cleaned("a\ud800\0b") == "a?�b"


def test_reports_of_twilio() -> None:
    assert reports.from_twilio({"Body": "hi"}) is None
    assert reports.from_twilio({"MessageStatus": "received"}) is None
    report = reports.from_twilio({"MessageStatus": "undelivered", "SmsSid": "SM1", "ErrorCode": "30003"})
    assert report
    assert (report.status, report.provider_message_id, report.detail) == (
        "failed",
        "SM1",
        "Twilio says undelivered, code 30003",
    )
    with pytest.raises(InvalidMessage, match="MessageSid"):
        reports.from_twilio({"MessageStatus": "sent"})


@pytest.mark.parametrize("content", [{}, 3, [3], [{}], [{"event": 3}], [{"event": "open", "deep": [[]]}]])
def test_what_is_no_batch_of_events(content: Any) -> None:
    if content == [{"event": "open", "deep": [[]]}]:
        inner: list[Any] = []
        for _ in range(60):
            inner = [inner]
        content[0]["deep"] = inner
    with pytest.raises(InvalidMessage):
        reports.from_sendgrid(content)


def test_payloads_are_made_storable() -> None:
    assert reports.storable({"a\0": ["b\0", float("inf"), {"c": None}]}) == {"a�": ["b�", None, {"c": None}]}


def test_inbound_texts() -> None:
    plain = inbound.from_twilio({"from": "+1", "to": "+2", "messaging_provider_id": "x", "body": "hi", "type": "mms"})
    assert (plain.type, plain.body) == ("mms", "hi")
    media = {
        "From": "+1",
        "To": "+2",
        "MessageSid": "MM1",
        "NumMedia": "2",
        "MediaUrl0": "https://a.test/0",
        "MediaUrl1": "https://a.test/1",
    }
    assert inbound.from_twilio(media).attachments == ["https://a.test/0", "https://a.test/1"]
    assert inbound.from_twilio(media | {"NumMedia": "many"}).type == "sms"
    with pytest.raises(InvalidMessage, match="expected From or from"):
        inbound.from_twilio({"To": "+2", "MessageSid": "MM1"})


def parse(fields: dict[str, str]) -> Any:
    boundary = "edge"
    parts = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    body = f"{parts}--{boundary}--\r\n".encode()
    headers = Headers({"content-type": f"multipart/form-data; boundary={boundary}"})
    return asyncio.run(inbound.from_inbound_parse(headers, body))


def test_inbound_mail() -> None:
    mail = {
        "from": "Ann <ann@example.com>",
        "to": "us@example.test",
        "text": "hi",
        "subject": "s",
        "headers": "X: y\nMessage-ID: <1@x>\nZ: z",
    }
    found = parse(mail)
    assert (found.provider_message_id, found.sender, found.recipient) == ("<1@x>", "ann@example.com", "us@example.test")
    assert parse(mail | {"envelope": '{"to": ["real@example.test"]}'}).recipient == "real@example.test"
    assert parse(mail | {"envelope": "broken"}).recipient == "us@example.test"
    without = {name: value for name, value in mail.items() if name != "headers"}
    assert parse(without).provider_message_id == parse(without).provider_message_id
    assert parse(without).provider_message_id != parse(without | {"text": "other"}).provider_message_id
    with pytest.raises(InvalidMessage, match="expected to"):
        parse({"from": "ann@example.com"})
    with pytest.raises(InvalidMessage, match="multipart"):
        asyncio.run(
            inbound.from_inbound_parse(Headers({"content-type": "multipart/form-data; boundary=x"}), b"no form")
        )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "99999", "PORT: "),
        ("PUBLIC_URL", "example.com", "PUBLIC_URL: .*http"),
        ("RETRY_MAX_S", "0.1", "RETRY_MAX_S must not be less"),
        ("SYNC_MESSAGE_PROCESSING", "perhaps", "SYNC_MESSAGE_PROCESSING: "),
    ],
)
def test_bad_settings_are_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=says):
        load_settings()


def test_credentials_that_are_missing_are_named() -> None:
    with pytest.raises(SettingsError, match="TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, SENDGRID_API_KEY not set"):
        load_settings().require_provider_credentials()


def test_a_command_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["wrker"])
    assert "invalid choice: 'wrker' (choose from " in capsys.readouterr().err


def test_bad_settings_are_one_line_and_exit_code_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "99999")
    with pytest.raises(SystemExit, match="3"):
        cli.main(["api"])
    said = capsys.readouterr().err
    assert said.startswith("messaging-stack: bad settings: PORT: ")
    assert said.count("\n") == 1


def test_garbage_is_looked_for_again_when_the_imports_are_done() -> None:
    with cli.loading():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()
