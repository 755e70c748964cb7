"""What several webhook scenarios share: delivering a reply, and reading what became of it."""

from __future__ import annotations

from typing import Any

from harness.history import Event
from harness.probes.probe import new_token
from harness.scenario.messages import SENDER_ADDRESS, SENDER_NUMBER, new_address, new_number
from harness.scenario.stack import Stack


def deliver_text(stack: Stack, *, sender: str | None = None, body: str | None = None, **more: Any) -> dict[str, Any]:
    """Delivers an SMS or MMS from `sender`; the body gets a token of its own unless it is given."""
    text = body or f"a reply {new_token()}"
    answer = stack.providers.inbound_sms(sender=sender or new_number(), to=SENDER_NUMBER, body=text, **more)
    return {**answer, "body": text}


def deliver_mail(
    stack: Stack, *, sender: str | None = None, text: str | None = None, message_id: str | None = None, **more: Any
) -> dict[str, Any]:
    """Delivers a mail from `sender`; the same `message_id` makes it a repeated delivery."""
    headers = {"headers": {"Message-ID": message_id}} if message_id else {}
    body = text or f"a reply {new_token()}"
    return stack.providers.inbound_email(
        sender=sender or new_address(), to=SENDER_ADDRESS, subject="Re: hello", text=body, **headers, **more
    )


def conversations_of(stack: Stack, address: str, *, expected: int) -> tuple[dict[str, Any] | None, Event]:
    """The conversations that the API lists with an address, and how many messages they hold; None where it lists none.

    What was answered may be stored a moment later: it is read again until `expected` are there, or have had their time.
    """
    found: list[dict[str, Any] | None] = []

    def ask() -> bool | None:
        found[:] = [listed(stack, address)]
        return True if found[0] is None or (found[0]["messages"] or 0) >= expected else None

    stack.waiting.asked(ask, what="conversation", within=stack.profile.policy.finished_within)
    return found[0], stack.history.events("api.answered")[-1]


def listed(stack: Stack, address: str) -> dict[str, Any] | None:
    path = stack.profile.api.conversations
    page = body(stack, f"{path}/?limit=200", operation="conversations")
    rows = page.get("conversations") if page else None
    if not isinstance(rows, list):
        return None
    mine = [row for row in rows if isinstance(row, dict) and address in (row.get("participants") or ())]
    totals = [body(stack, f"{path}/{row.get('id')}/messages?limit=200", operation="messages of it") for row in mine]
    known = [page["total"] for page in totals if page and isinstance(page.get("total"), int)]
    return {"conversations": mine, "messages": sum(known) if len(known) == len(mine) else None}


def body(stack: Stack, path: str, *, operation: str) -> dict[str, Any] | None:
    answer = stack.api_client.request("GET", path, operation=operation)
    said = answer["body"]
    return said if answer["status"] == 200 and isinstance(said, dict) else None
