"""A message's way, from the send request to `sent`."""

from __future__ import annotations

import base64

import pytest
from stack_deployment import Deployment
from stack_support import SENDGRID_KEY, TWILIO_SID, TWILIO_TOKEN


@pytest.mark.parametrize("kind", ["sms", "mms"])
def test_a_text_message_is_accepted_queued_and_sent(stack: Deployment, kind: str) -> None:
    api = stack.api()
    media = ["https://media.example.test/a.png", "https://media.example.test/b.png"] if kind == "mms" else []
    answer = stack.post(type=kind, body="hello 👋", attachments=media)
    assert answer.status_code == 201
    accepted = answer.json()
    assert accepted["status"] == "pending"
    assert accepted["type"] == kind
    assert accepted["provider_message_id"] is None
    assert stack.valkey.lengths()[kind] == 1, (stack.valkey.entries(kind), api.lines)

    stack.worker()
    stack.until_status(accepted["id"], "sent")
    stack.until_quiet()
    [call] = stack.providers.calls
    assert call["To"] == "+12065550199"
    assert call["From"] == "+12065550100"
    assert call["Body"] == "hello 👋"
    assert call.get("MediaUrl", []) == media
    assert call["StatusCallback"] == f"{stack.public_url}/api/v1/webhooks/twilio"
    assert base64.b64decode(call["authorization"].split()[1]).decode() == f"{TWILIO_SID}:{TWILIO_TOKEN}"
    shown = stack.http.get(f"/api/v1/messages/{accepted['id']}").json()
    assert shown["status"] == "sent"
    assert shown["provider_message_id"] == f"SM{1:032x}"
    assert shown["sent_at"]
    assert stack.database.history(accepted["id"]) == ["pending", "sending", "sent"]


def test_a_mail_is_accepted_queued_and_sent(stack: Deployment) -> None:
    stack.api()
    stack.worker()
    message = {
        "type": "email",
        "from": "us@example.com",
        "to": "them@example.test",
        "metadata": {"subject": "Greetings"},
    }
    message_id = stack.send(**message)
    stack.until_status(message_id, "sent")
    [call] = stack.providers.calls
    assert call["personalizations"] == [{"to": [{"email": "them@example.test"}]}]
    assert call["from"] == {"email": "us@example.com"}
    assert call["subject"] == "Greetings"
    assert call["content"] == [{"type": "text/plain", "value": "hello"}]
    assert call["custom_args"] == {"message_id": message_id}
    assert call["authorization"] == f"Bearer {SENDGRID_KEY}"
