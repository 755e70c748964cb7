"""Inbound messages and delivery reports, over HTTP."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from stack_deployment import Deployment
from stack_support import TWILIO_TOKEN

from messaging_stack.signatures import twilio_signature

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
INBOUND = {"MessageSid": "SM77", "From": "+12065550111", "To": "+12065550100", "Body": "hi 👋", "NumMedia": "0"}


@pytest.fixture(scope="module")
def api_env() -> dict[str, str]:
    return {"SENDGRID_WEBHOOK_PUBLIC_KEY": PUBLIC, "INBOUND_PARSE_TOKEN": "let-me-in"}


@pytest.fixture
def stack(served: Deployment) -> Deployment:
    return served


def twilio(stack: Deployment, form: dict[str, str], *, signature: str | None = None) -> httpx.Response:
    path = "/api/v1/webhooks/twilio"
    good = twilio_signature(token=TWILIO_TOKEN, url=stack.public_url + path, params=form.items())
    return stack.http.post(path, data=form, headers={"X-Twilio-Signature": good if signature is None else signature})


def report(stack: Deployment, sid: str, status: str, **more: str) -> None:
    answer = twilio(stack, {"MessageSid": sid, "MessageStatus": status, **more})
    assert answer.status_code == 200
    assert answer.text == "<Response/>"


def sendgrid(stack: Deployment, content: Any, *, tamper: bytes = b"") -> httpx.Response:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    signature = base64.b64encode(KEY.sign(b"1700000000" + body, ec.ECDSA(SHA256()))).decode()
    headers = {
        "Content-Type": "application/json",
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": "1700000000",
    }
    return stack.http.post("/api/v1/webhooks/sendgrid", content=body + tamper, headers=headers)


def sent(stack: Deployment, **message: str) -> tuple[str, str]:
    """A message that was sent; its id, and its provider's."""
    message_id = stack.send(**message)
    stack.until_status(message_id, "sent")
    return message_id, stack.database.value("SELECT provider_message_id FROM messages WHERE id = $1", message_id)


def test_an_inbound_sms_is_stored_once(stack: Deployment) -> None:
    assert twilio(stack, INBOUND).status_code == 200
    assert twilio(stack, INBOUND).status_code == 200
    [stored] = stack.http.get("/api/v1/messages/").json()["messages"]
    assert (stored["direction"], stored["status"], stored["type"]) == ("inbound", "received", "sms")
    assert (stored["body"], stored["from"], stored["provider_message_id"]) == ("hi 👋", "+12065550111", "SM77")
    answer = stack.post({"from": "+12065550100", "to": "+12065550111"})
    assert answer.json()["conversation_id"] == stored["conversation_id"]


def test_twenty_first_messages_of_a_pair_make_one_conversation(stack: Deployment) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: twilio(stack, INBOUND | {"MessageSid": f"SM{n}"}), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert stack.database.value("SELECT count(*) FROM conversations") == 1
    assert stack.database.value("SELECT count(*) FROM messages") == 20


def test_twenty_deliveries_of_one_message_store_one(stack: Deployment) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: twilio(stack, INBOUND), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert stack.database.value("SELECT count(*) FROM messages") == 1


@pytest.mark.parametrize("signature", ["", "tampered"])
def test_a_bad_signature_is_refused(stack: Deployment, signature: str) -> None:
    answer = twilio(stack, INBOUND, signature=signature)
    assert answer.status_code == 403
    assert stack.database.value("SELECT count(*) FROM messages") == 0


def test_a_form_without_what_matters_is_422(stack: Deployment) -> None:
    assert twilio(stack, {"From": "+1"}).status_code == 422
    assert twilio(stack, {"MessageStatus": "sent"}).status_code == 422


def test_text_that_cant_be_stored_is_mended(stack: Deployment) -> None:
    assert twilio(stack, INBOUND | {"Body": "a\0b"}).status_code == 200
    assert stack.database.value("SELECT body FROM messages") == "a�b"


def test_delivery_reports_move_a_message_forward_only(stack: Deployment) -> None:
    stack.worker()
    message_id, sid = sent(stack)
    report(stack, sid, "queued")
    report(stack, sid, "delivered")
    for late in ("sent", "failed", "delivered", "sending"):
        report(stack, sid, late)
    assert stack.database.status(message_id) == "delivered"
    assert stack.database.history(message_id) == ["pending", "sending", "sent", "delivered"]
    assert stack.http.get(f"/api/v1/messages/{message_id}").json()["delivered_at"]


def test_an_undelivered_message_has_failed(stack: Deployment) -> None:
    stack.worker()
    message_id, sid = sent(stack)
    report(stack, sid, "undelivered", ErrorCode="30003")
    shown = stack.http.get(f"/api/v1/messages/{message_id}").json()
    assert (shown["status"], shown["error_message"]) == ("failed", "Twilio says undelivered, code 30003")
    assert shown["failed_at"]


def test_a_report_that_comes_before_the_answer_is_applied_after_it(stack: Deployment) -> None:
    stack.worker()
    stack.providers.withhold()
    message_id = stack.send()
    stack.until(lambda: stack.providers.calls)
    sid = f"SM{1:032x}"
    report(stack, sid, "sent")
    report(stack, sid, "delivered")
    assert stack.database.status(message_id) == "sending"
    stack.providers.release()
    stack.until_status(message_id, "delivered")
    assert stack.database.history(message_id) == ["pending", "sending", "sent", "delivered"]
    assert stack.database.value("SELECT count(*) FROM webhook_logs WHERE applied_at IS NULL") == 0


def test_events_of_sendgrid(stack: Deployment) -> None:
    stack.worker()
    mail = {"type": "email", "from": "us@example.com"}
    delivered, bounced, vague = (sent(stack, to=f"{name}@example.test", **mail) for name in ("a", "b", "c"))
    events = [
        {"event": "processed", "sg_message_id": f"{delivered[1]}.recvd-1"},
        {"event": "delivered", "sg_message_id": f"{delivered[1]}.recvd-1", "timestamp": 1},
        {"event": "bounce", "sg_message_id": f"{bounced[1]}.filter1", "reason": "550 no such\0user"},
        {"event": "bounce", "message_id": vague[0], "reason": "later"},
        {"event": "bounce", "message_id": "not ours"},
        {"event": "open", "sg_message_id": "someone.else"},
    ]
    answer = sendgrid(stack, events)
    assert (answer.status_code, answer.json()) == (200, {"received": 6})
    assert sendgrid(stack, events).status_code == 200
    assert [stack.database.status(one[0]) for one in (delivered, bounced, vague)] == ["delivered", "failed", "failed"]
    assert "550 no such" in stack.http.get(f"/api/v1/messages/{bounced[0]}").json()["error_message"]


def test_events_must_be_signed_and_sound(stack: Deployment) -> None:
    assert sendgrid(stack, [], tamper=b" ").status_code == 403
    assert stack.http.post("/api/v1/webhooks/sendgrid", json=[]).status_code == 403
    for body in (b"", b"{", b"[1]", b'[{"event": 1}]', b"[NaN]", b"[" * 100_000, b"\xff", b'{"from": "a@b.test"}'):
        assert sendgrid(stack, body).status_code == 422, body[:20]
    assert sendgrid(stack, b" " * (5 * 1024 * 1024)).status_code == 413


def test_inbound_mail_is_stored_once_and_needs_the_token(stack: Deployment) -> None:
    fields = {
        "from": "Ann <ann@example.com>",
        "to": "us@example.test",
        "subject": "Hello",
        "text": "hi",
        "headers": "Message-ID: <1@example.com>\nX: y",
        "envelope": '{"to": ["us@example.test"], "from": "ann@example.com"}',
    }
    files = {"attachment1": ("a.txt", b"content", "text/plain")}
    url = "/api/v1/webhooks/sendgrid"
    assert stack.http.post(url, data=fields, files=files).status_code == 403
    for _ in range(2):
        assert stack.http.post(f"{url}?token=let-me-in", data=fields, files=files).status_code == 200
    [stored] = stack.http.get("/api/v1/messages/").json()["messages"]
    assert (stored["type"], stored["from"], stored["to"]) == ("email", "ann@example.com", "us@example.test")
    assert stored["metadata"] == {"subject": "Hello", "files": [{"name": "a.txt", "size": 7}]}
    assert stored["provider_message_id"] == "<1@example.com>"


def test_plain_field_names_where_signatures_are_off(database: Any, valkey: Any, providers: Any, news: Any) -> None:
    stack = Deployment(database=database, valkey=valkey, providers=providers, news=news)
    try:
        stack.api(WEBHOOK_SIGNATURES="off")
        text = {
            "from": "+12065550111",
            "to": "+12065550100",
            "messaging_provider_id": "m1",
            "body": "hi",
            "type": "sms",
        }
        mail = {
            "from": "a@example.com",
            "to": "b@example.com",
            "messaging_provider_id": "m2",
            "body": "hi",
            "subject": "s",
        }
        assert stack.http.post("/api/v1/webhooks/twilio", json=text).status_code == 200
        assert stack.http.post("/api/v1/webhooks/twilio", json=[]).status_code == 422
        assert stack.http.post("/api/v1/webhooks/sendgrid", json=mail).status_code == 200
        assert stack.database.value("SELECT count(*) FROM messages") == 2
    finally:
        stack.close()


def test_signed_json_of_twilio(stack: Deployment) -> None:
    import hashlib

    body = json.dumps(INBOUND).encode()
    path = f"/api/v1/webhooks/twilio?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {
        "Content-Type": "application/json",
        "X-Twilio-Signature": twilio_signature(token=TWILIO_TOKEN, url=stack.public_url + path),
    }
    assert stack.http.post(path, content=body, headers=headers).status_code == 200
    assert stack.http.post(path, content=body + b" ", headers=headers).status_code == 403
