"""What several webhook scenarios share: delivering a reply, and reading what became of it."""

from __future__ import annotations

from typing import Any

from harness.history import Event
from harness.messages import SENDER_ADDRESS, SENDER_NUMBER, new_address, new_number
from harness.probes.probe import new_token
from harness.stack import Stack


def deliver_text(stack: Stack, *, sender: str | None = None, body: str | None = None, **more: Any) -> dict[str, Any]:
    """Delivers an SMS or MMS from `sender`; the body gets a token of its own unless it is given."""
    text = body or f"a reply {new_token()}"
    answer = stack.providers.inbound_sms(sender=sender or new_number(), to=SENDER_NUMBER, body=text, **more)
    return {**answer, "body": text}


def deliver_mail(
    stack: Stack, *, sender: str | None = None, text: str | None = None, message_id: str | None = None
) -> dict[str, Any]:
    """Delivers a mail from `sender`; the same `message_id` makes it a repeated delivery."""
    headers = {"headers": {"Message-ID": message_id}} if message_id else {}
    body = text or f"a reply {new_token()}"
    return stack.providers.inbound_email(
        sender=sender or new_address(), to=SENDER_ADDRESS, subject="Re: hello", text=body, **headers
    )


def conversations_of(stack: Stack, address: str) -> tuple[dict[str, Any], Event]:
    """The conversations that the API lists with an address, and how many messages they hold."""
    paths = stack.profile.api
    page = stack.api_client.request("GET", f"{paths.conversations}/?limit=200", operation="conversations")
    found = [c for c in page["body"]["conversations"] if address in c["participants"]]
    stored = 0
    for conversation in found:
        path = f"{paths.conversations}/{conversation['id']}/messages?limit=200"
        stored += stack.api_client.request("GET", path, operation="conversation messages")["body"]["total"]
    evidence = stack.history.events("api.answered")[-1]
    return {"conversations": found, "messages": stored}, evidence
