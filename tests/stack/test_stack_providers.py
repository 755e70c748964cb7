"""The providers' clients, their errors, and when an attempt is repeated; unit tests on respx."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from messaging_stack.delivery import Deliverer
from messaging_stack.errors import DeliveryError, PermanentDeliveryError, TransientDeliveryError
from messaging_stack.providers.base import Outgoing
from messaging_stack.providers.http import open_client, retry_after
from messaging_stack.providers.sendgrid import SendGridClient
from messaging_stack.providers.twilio import TwilioClient
from messaging_stack.retry import RetryPolicy
from messaging_stack.settings import Settings

SETTINGS = Settings(twilio_account_sid="AC1", twilio_auth_token="t", sendgrid_api_key="SG.k")  # type: ignore[arg-type]  # reason: pydantic makes secrets of them
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # respx answers in the place of the network
TWILIO = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
SENDGRID = "https://api.sendgrid.com/v3/mail/send"


def message(kind: str = "sms", **changes: Any) -> Outgoing:
    values: dict[str, Any] = {
        "id": UUID(int=7), "type": kind, "sender": "+12065550100", "recipient": "+12065550199",
        "body": "hi", "attachments": [], "metadata": {}, **changes,
    }  # fmt: skip
    return Outgoing(**values)


def send(kind: str = "sms", **changes: Any) -> str | None:
    async def run() -> str | None:
        async with httpx.AsyncClient(verify=NO_TLS) as client:
            provider = SendGridClient(client, SETTINGS) if kind == "email" else TwilioClient(client, SETTINGS)
            return await provider.send(message(kind, **changes))

    return asyncio.run(run())


@respx.mock
def test_twilio_gives_its_sid() -> None:
    route = respx.post(TWILIO).respond(201, json={"sid": "SM1"})
    assert send(attachments=["https://a.test/1", "https://a.test/2"]) == "SM1"
    sent = httpx.QueryParams(route.calls.last.request.content.decode())
    assert sent.get_list("MediaUrl") == ["https://a.test/1", "https://a.test/2"]
    assert sent["StatusCallback"] == "http://127.0.0.1:8080/api/v1/webhooks/twilio"


@respx.mock
def test_twilio_isnt_sent_an_empty_body() -> None:
    route = respx.post(TWILIO).respond(201, json={"sid": "SM1"})
    send(body="", attachments=["https://a.test/1"])
    assert "Body" not in httpx.QueryParams(route.calls.last.request.content.decode())


@respx.mock
@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize("answer", [b"", b"[]", b"<html>no json", b'{"sid": 3}', b'{"sid": ""}', b"[" * 5000])
def test_an_answer_without_a_sid_is_none_of_twilios(answer: bytes, status: int) -> None:
    respx.post(TWILIO).respond(status, content=answer)
    with pytest.raises(TransientDeliveryError, match=f"HTTP {status}, which isn't an answer of Twilio's"):
        send()


@respx.mock
def test_a_page_is_no_answer_of_sendgrids() -> None:
    route = respx.post(SENDGRID).respond(200, content=b"<html>")
    with pytest.raises(TransientDeliveryError, match="isn't an answer of SendGrid's: '<html>'"):
        send("email", sender="a@b.test", recipient="c@d.test")
    route.respond(202)
    assert send("email", sender="a@b.test", recipient="c@d.test") is None, "it took it, and named nothing"


@respx.mock
def test_sendgrid_gives_its_message_id() -> None:
    route = respx.post(SENDGRID).respond(202, headers={"X-Message-Id": "mail1"})
    assert send("email", sender="a@b.test", recipient="c@d.test", attachments=["https://a.test/1"]) == "mail1"
    import json

    mail = json.loads(route.calls.last.request.content)
    assert mail["subject"] == "(no subject)"
    assert mail["content"][0]["value"] == "hi\n\nhttps://a.test/1"


@respx.mock
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, PermanentDeliveryError),
        (401, PermanentDeliveryError),
        (302, PermanentDeliveryError),
        (429, TransientDeliveryError),
        (500, TransientDeliveryError),
        (503, TransientDeliveryError),
    ],
)
def test_refusals_are_final_or_not(status: int, error: type[DeliveryError]) -> None:
    respx.post(TWILIO).respond(status, json={"code": 21211, "message": "The 'To' number is bad."})
    with pytest.raises(error, match=f"HTTP {status}, code 21211: The 'To' number is bad.") as caught:
        send()
    assert caught.value.code == 21211
    assert caught.value.http_status == status


@respx.mock
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"errors": [{"message": "bad from", "field": "from"}]}', "code from: bad from"),
        ("{}", "HTTP 400: Bad Request"),
        ('{"errors": [1]}', "HTTP 400"),
    ],
)
def test_sendgrids_errors_are_told(content: str, says: str) -> None:
    respx.post(SENDGRID).respond(400, text=content)
    with pytest.raises(PermanentDeliveryError, match=says):
        send("email")


@respx.mock
@pytest.mark.parametrize(
    "failure", [httpx.ReadTimeout("slow"), httpx.ConnectError("refused"), httpx.ReadError("reset"), TimeoutError()]
)
def test_what_doesnt_get_through_may_be_repeated(failure: Exception) -> None:
    respx.post(TWILIO).mock(side_effect=failure)
    with pytest.raises(TransientDeliveryError):
        send()


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("Thu, 01 Jan 2026 00:00:05 GMT", 5.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("99999999999999", 86_400.0),
        ("soon", None),
        ("-1", None),
        ("Thu, 01 Jan 2026 00:00:05", None),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert retry_after(httpx.Response(429, headers={"Retry-After": header}), now=NOW) == seconds


@given(retries=st.integers(0, 10_000), asked=st.none() | st.floats(0, 1000))
def test_a_retry_comes_neither_late_nor_before_it_was_asked_for(retries: int, asked: float | None) -> None:
    policy = RetryPolicy(base_s=0.5, max_s=60)
    delay = policy.delay_s(TransientDeliveryError("x", retry_after_s=asked), retry_count=retries, max_retries=20_000)
    assert delay is not None
    assert (asked or 0) <= delay <= max(min(60, 0.5 * 2.0 ** min(retries, 60)), asked or 0)


def test_no_retry_beyond_the_last_nor_of_what_is_final() -> None:
    policy = RetryPolicy(base_s=1, max_s=1)
    assert policy.delay_s(TransientDeliveryError("x"), retry_count=3, max_retries=3) is None
    assert policy.delay_s(PermanentDeliveryError("x"), retry_count=0, max_retries=3) is None


def test_an_outcome_says_whether_retries_ran_out() -> None:
    deliverer = Deliverer(providers={}, retries=RetryPolicy(base_s=1, max_s=1))
    exhausted = deliverer.after_failure(message(), TransientDeliveryError("x"), retry_count=1, max_retries=1)
    final = deliverer.after_failure(message(), PermanentDeliveryError("y"), retry_count=0, max_retries=1)
    assert (exhausted.status, exhausted.exhausted) == ("failed", True)
    assert (final.status, final.exhausted, final.error) == ("failed", False, "y")


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"],
)
def test_the_real_client_takes_a_garbled_answer_for_none(answer: bytes) -> None:
    async def garbled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"To=")
        writer.write(answer)
        writer.close()

    async def run() -> None:
        async with await asyncio.start_server(garbled, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            settings = SETTINGS.model_copy(update={"twilio_base_url": f"http://127.0.0.1:{port}"})
            async with open_client(settings) as client:
                await TwilioClient(client, settings).send(message())

    with pytest.raises(TransientDeliveryError, match="no answer from the provider"):
        asyncio.run(run())


def test_the_real_client_tells_a_refused_connection_from_a_refused_message() -> None:
    async def run() -> None:
        settings = SETTINGS.model_copy(update={"twilio_base_url": "http://127.0.0.1:9"})
        async with open_client(settings) as client:
            await TwilioClient(client, settings).send(message())

    with pytest.raises(TransientDeliveryError, match="no answer from the provider: Cannot connect"):
        asyncio.run(run())
