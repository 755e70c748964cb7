"""Every operation, through the `sendgrid` package."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from python_http_client.exceptions import HTTPError
from sdks import Receiver
from sendgrid import SendGridAPIClient
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader
from sendgrid.helpers.mail import (
    Attachment,
    BatchId,
    Category,
    CustomArg,
    FileContent,
    FileName,
    FileType,
    Mail,
    MailSettings,
    SandBoxMode,
    SendAt,
)

from mock_providers.client import SendGrid


def mail(to: str = "to@example.com") -> Mail:
    return Mail("from@example.com", to, "A subject", "A text")


def refused(call: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(HTTPError) as error:
        call()
    first: dict[str, Any] = json.loads(error.value.body)["errors"][0]
    return error.value.status_code, first


def test_send(mail_client: SendGridAPIClient, sendgrid: SendGrid) -> None:
    message = mail()
    message.attachment = Attachment(
        FileContent(base64.b64encode(b"file").decode()), FileName("a.txt"), FileType("text/plain")
    )
    message.category = Category("c")
    message.custom_arg = CustomArg("order", "7")
    response = mail_client.send(message)
    assert (response.status_code, response.body) == (202, b"")
    assert len(response.headers["X-Message-Id"]) == 22
    [called] = sendgrid.wait(to="to@example.com")
    assert called["params"]["custom_args"] == {"order": "7"}


def test_sandbox(mail_client: SendGridAPIClient) -> None:
    message = mail()
    message.mail_settings = MailSettings(sandbox_mode=SandBoxMode(True))
    assert mail_client.send(message).status_code == 200


def test_errors(mail_client: SendGridAPIClient, sendgrid: SendGrid) -> None:
    status, error = refused(lambda: mail_client.send(mail("nonsense@nowhere")))
    assert (status, error["field"]) == (400, "personalizations.0.to.0.email")
    status, error = refused(lambda: SendGridAPIClient("SG.x", host=sendgrid.url).send(mail()))
    assert (status, error["message"]) == (401, "The provided authorization grant is invalid, expired, or revoked")
    sendgrid.change(verified_senders=["elsewhere.example"])
    assert refused(lambda: mail_client.send(mail()))[0] == 403
    sendgrid.change(verified_senders=[], scopes=["messages.read"])
    assert refused(lambda: mail_client.send(mail()))[0] == 403
    sendgrid.change(scopes=[], rate_limit=1)
    status, error = refused(lambda: mail_client.send(mail()))
    assert (status, error) == (429, {"message": "too many requests", "field": None, "help": None})


def test_scheduling_and_cancelling(mail_client: SendGridAPIClient, sendgrid: SendGrid, receiver: Receiver) -> None:
    batch = json.loads(mail_client.client.mail.batch.post().body)["batch_id"]
    assert mail_client.client.mail.batch._(batch).get().status_code == 200
    message = mail()
    message.send_at = SendAt(int(time.time()) + 3600)
    message.batch_id = BatchId(batch)
    assert mail_client.send(message).status_code == 202
    sends = mail_client.client.user.scheduled_sends
    assert sends.post(request_body={"batch_id": batch, "status": "pause"}).status_code == 201
    assert sends._(batch).patch(request_body={"status": "cancel"}).status_code == 204
    assert json.loads(sends._(batch).get().body) == [{"batch_id": batch, "status": "cancel"}]
    assert sends._(batch).delete().status_code == 204
    assert json.loads(sends.get().body) == []
    assert refused(lambda: mail_client.client.mail.batch._("nonsense").get())[0] == 400


def test_suppressions_drop(mail_client: SendGridAPIClient, sendgrid: SendGrid, receiver: Receiver) -> None:
    sendgrid.suppress("to@example.com", kind="bounces", reason="550", status="5.1.1")
    listed = json.loads(mail_client.client.suppression.bounces.get().body)
    assert [one["email"] for one in listed] == ["to@example.com"]
    sendgrid.change(event_webhook_url=receiver.url)
    mail_client.send(mail())
    [event] = json.loads(receiver.next().body)
    assert (event["event"], event["reason"]) == ("dropped", "Bounced Address")
    assert mail_client.client.suppression.bounces._("to@example.com").delete().status_code == 204
    assert json.loads(mail_client.client.suppression.bounces.get().body) == []


@pytest.mark.parametrize("kind", ["blocks", "spam_reports", "invalid_emails", "unsubscribes"])
def test_the_other_lists(mail_client: SendGridAPIClient, sendgrid: SendGrid, kind: str) -> None:
    sendgrid.suppress("a@example.com", kind=kind)
    resource = getattr(mail_client.client.suppression, kind)
    assert json.loads(resource._("a@example.com").get().body)[0]["email"] == "a@example.com"
    assert resource.delete(request_body={"delete_all": True}).status_code == 204
    assert json.loads(resource.get().body) == []


def test_global_and_group_unsubscribes(mail_client: SendGridAPIClient) -> None:
    asm = mail_client.client.asm
    people = {"recipient_emails": ["a@example.com"]}
    assert asm.suppressions._("global").post(request_body=people).status_code == 201
    found = asm.suppressions._("global")._("a@example.com").get()
    assert json.loads(found.body) == {"recipient_email": "a@example.com"}
    assert asm.suppressions._("global")._("a@example.com").delete().status_code == 204
    group = json.loads(asm.groups.post(request_body={"name": "news", "description": "d"}).body)
    assert asm.groups._(group["id"]).suppressions.post(request_body=people).status_code == 201
    assert json.loads(asm.groups._(group["id"]).suppressions.get().body) == ["a@example.com"]
    assert json.loads(asm.groups._(group["id"]).get().body)["unsubscribes"] == 1
    assert asm.groups._(group["id"]).patch(request_body={"name": "more"}).status_code == 201
    assert asm.groups._(group["id"]).suppressions._("a@example.com").delete().status_code == 204
    assert asm.groups._(group["id"]).delete().status_code == 204
    assert json.loads(asm.groups.get().body) == []


def test_activity(mail_client: SendGridAPIClient, sendgrid: SendGrid) -> None:
    sendgrid.change(lifecycle=[["processed", 0], ["delivered", 0]])
    sent = mail_client.send(mail()).headers["X-Message-Id"]
    query = {"limit": 5, "query": 'to_email="to@example.com"'}
    [found] = json.loads(mail_client.client.messages.get(query_params=query).body)["messages"]
    assert found["msg_id"].startswith(sent)
    assert (found["status"], found["to_email"]) == ("delivered", "to@example.com")
    details = json.loads(mail_client.client.messages._(found["msg_id"]).get().body)
    assert [event["event_name"] for event in details["events"]] == ["processed", "delivered"]


def test_templates(mail_client: SendGridAPIClient, sendgrid: SendGrid) -> None:
    templates = mail_client.client.templates
    template = json.loads(templates.post(request_body={"name": "t", "generation": "dynamic"}).body)
    version = {"name": "v", "subject": "Hi {{name}}", "html_content": "<p>{{#each n}}{{this}},{{/each}}</p>"}
    assert templates._(template["id"]).versions.post(request_body=version).status_code == 201
    message = Mail("from@example.com", "to@example.com")
    message.template_id = template["id"]
    message.dynamic_template_data = {"name": "Ada", "n": [1, 2]}
    assert mail_client.send(message).status_code == 202
    listed = json.loads(templates.get(query_params={"generations": "dynamic"}).body)["result"]
    assert [one["id"] for one in listed] == [template["id"]]
    assert templates._(template["id"]).patch(request_body={"name": "u"}).status_code == 200
    assert json.loads(templates._(template["id"]).get().body)["name"] == "u"
    [call] = sendgrid.calls(endpoint="mail.send", type="called")
    rendered = sendgrid.server.request("GET", f"/calls/{call['call']}/rendered")["mails"]
    assert rendered[0]["subject"] == "Hi Ada"
    assert rendered[0]["content"] == [{"type": "text/html", "value": "<p>1,2,</p>"}]
    assert templates._(template["id"]).delete().status_code == 204


def test_scopes_and_webhook_settings(mail_client: SendGridAPIClient, sendgrid: SendGrid, receiver: Receiver) -> None:
    assert "mail.send" in json.loads(mail_client.client.scopes.get().body)["scopes"]
    settings = mail_client.client.user.webhooks.event.settings
    changed = json.loads(settings.patch(request_body={"url": receiver.url, "open": False}).body)
    assert (changed["url"], changed["enabled"], changed["open"]) == (receiver.url, True, False)
    signed = json.loads(settings.signed.get().body)
    assert signed["public_key"] == sendgrid.webhook_public_key
    assert json.loads(settings.signed._(signed["id"]).patch(request_body={"enabled": True}).body) == signed
    assert mail_client.client.user.webhooks.event.test.post(request_body={"url": receiver.url}).status_code == 204
    assert len(json.loads(receiver.next().body)) == 12


def test_the_verifier_accepts_ours_and_refuses_the_tampered(
    mail_client: SendGridAPIClient, sendgrid: SendGrid, receiver: Receiver
) -> None:
    sendgrid.change(event_webhook_url=receiver.url)
    sent = mail_client.send(mail()).headers["X-Message-Id"]
    webhook = EventWebhook(sendgrid.webhook_public_key)
    for signature, good in (("valid", True), ("tampered", False)):
        sendgrid.event(sent, "bounce", signature=signature)
        got = receiver.next()
        verified = webhook.verify_signature(
            got.body.decode(),
            got.headers[EventWebhookHeader.SIGNATURE.lower()],
            got.headers[EventWebhookHeader.TIMESTAMP.lower()],
        )
        assert verified is good


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("processed", {"smtp-id"}),
        ("delivered", {"response", "ip", "tls", "smtp-id"}),
        ("deferred", {"response", "attempt"}),
        ("dropped", {"reason", "status"}),
        ("bounce", {"reason", "status", "type", "bounce_classification"}),
        ("open", {"useragent", "ip", "sg_machine_open"}),
        ("click", {"useragent", "ip", "url", "url_offset"}),
        ("spamreport", set()),
        ("unsubscribe", set()),
        ("group_unsubscribe", {"asm_group_id"}),
        ("group_resubscribe", {"asm_group_id"}),
    ],
)
def test_each_event_has_its_fields(
    mail_client: SendGridAPIClient, sendgrid: SendGrid, receiver: Receiver, event: str, fields: set[str]
) -> None:
    sendgrid.change(event_webhook_url=receiver.url)
    sent = mail_client.send(mail()).headers["X-Message-Id"]
    sendgrid.event(sent, event)
    [got] = json.loads(receiver.next().body)
    assert {"email", "timestamp", "event", "sg_event_id", "sg_message_id"} | fields <= set(got)
    assert got["sg_message_id"].startswith(f"{sent}.recvd-")
