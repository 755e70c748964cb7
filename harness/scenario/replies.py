"""What several webhook scenarios share: delivering a reply, and reading what became of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from harness.history import Event
from harness.probes.probe import new_token
from harness.profile import Conversations
from harness.profile.base import Channel
from harness.profile.pointers import plain, pointed
from harness.scenario.messages import new_address, new_number, sender_of
from harness.scenario.stack import Stack


def deliver_text(stack: Stack, *, sender: str | None = None, body: str | None = None, **more: Any) -> dict[str, Any]:
    """Delivers an SMS or MMS from `sender`; the body gets a token of its own unless it is given."""
    text = f"a reply {new_token()}" if body is None else body
    to = address_of(stack, "sms")
    answer = stack.providers.inbound_sms(sender=sender or new_number(), to=to, body=text, **more)
    return {**answer, "body": text}


def deliver_mail(
    stack: Stack,
    *,
    sender: str | None = None,
    subject: str = "Re: hello",
    text: str | None = None,
    message_id: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Delivers a mail from `sender`; the same `message_id` makes it a repeated delivery."""
    headers = {"headers": {"Message-ID": message_id}} if message_id else {}
    body = f"a reply {new_token()}" if text is None else text
    return stack.providers.inbound_email(
        sender=sender or new_address(), to=address_of(stack, "email"), subject=subject, text=body, **headers, **more
    )


def address_of(stack: Stack, channel: Channel) -> str:
    """Where people write to the stack: its own sender, where it has one that can be written to."""
    own = stack.profile.providers.senders.get(channel, "")
    said = stack.profile.messages.senders.get(channel)
    return own if own.startswith("+") or "@" in own else said or sender_of(channel)


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
    way = stack.profile.conversations
    page = body(stack, way.path, way, operation="conversations")
    rows = page if not way.items else pointed(page, way.items)
    if not isinstance(rows, list):
        return None
    mine = [row for row in rows if isinstance(row, dict) and address in addresses_in(row, way)]
    totals = [messages_in(stack, row, way) for row in mine]
    known = [total for total in totals if total is not None]
    return {"conversations": mine, "messages": sum(known) if len(known) == len(mine) else None}


def addresses_in(row: dict[str, Any], way: Conversations) -> set[str]:
    """The addresses of a conversation, wherever in it they stand."""
    found = [pointed(row, place) for place in way.participants]
    return {str(one) for value in found for one in (value if isinstance(value, list) else [value]) if one is not None}


def messages_in(stack: Stack, row: dict[str, Any], way: Conversations) -> int | None:
    """How many messages a conversation holds; None where that isn't told."""
    name = plain(pointed(row, way.id))
    if name is None or not way.messages:
        return None
    page = body(stack, way.messages.replace("{id}", quote(name, safe="")), way, operation="messages of it")
    total = pointed(page, way.total) if way.total else None
    held = pointed(page, way.held) if way.held else page
    if isinstance(total, int) and not isinstance(total, bool):
        return total
    return len(held) if isinstance(held, list) else None


def body(stack: Stack, path: str, way: Conversations, *, operation: str) -> Any:
    answer = stack.api_client.request("GET", path, operation=operation, params=way.page)
    return answer["body"] if answer["status"] == 200 else None
