"""What each arrival sends: decided by its number alone, so that every process, and a second run, sends the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from harness.load.plan import Plan
from harness.load.schedule import Arrival
from harness.load.target import Target
from harness.profile import Messages
from harness.scenario.deliveries import reply_wish
from harness.scenario.messages import AREAS, SENDER_ADDRESS, SENDER_NUMBER, Message


def recipient(arrival: Arrival, messages: Messages) -> str:
    """One of the profile's recipients, or else a valid address that repeats only after millions of messages."""
    known = messages.recipients.get(arrival.channel)
    if known:
        return known[arrival.number % len(known)]
    if arrival.channel == "email":
        return f"user{arrival.number}@example.com"
    rest, area = divmod(arrival.number, len(AREAS))
    return f"+1{AREAS[area]}{200 + rest // 10_000 % 700}{rest % 10_000:04d}"


def sender(arrival: Arrival, messages: Messages) -> str:
    own = messages.senders.get(arrival.channel)
    return own or (SENDER_ADDRESS if arrival.channel == "email" else SENDER_NUMBER)


def body(plan: Plan, arrival: Arrival) -> str:
    """At most 25 characters, so that no profile's longest body is too short for it."""
    return f"load {arrival.number} {plan.token(arrival.number)}"


def attachments(arrival: Arrival) -> list[str]:
    return ["https://example.com/picture.png"] if arrival.channel == "mms" else []


def message(plan: Plan, arrival: Arrival, messages: Messages) -> Message:
    """What is sent to the API."""
    return Message(
        type=arrival.channel,
        sender=sender(arrival, messages),
        to=recipient(arrival, messages),
        body=body(plan, arrival),
        token=plan.token(arrival.number),
        attachments=tuple(attachments(arrival)),
    )


def entry(plan: Plan, arrival: Arrival, *, field: str, message_id: str) -> dict[Any, Any]:
    """The fields of a queue entry: one with JSON text, or, where the profile names none, the message's id itself.

    `message_id` is the profile's name of the id, or its JSON pointer.
    """
    first, *rest = message_id.removeprefix("/").split("/")
    value: Any = str(plan.message_id(arrival.number))
    if not field:
        return {first: value}
    for part in reversed(rest):
        value = {part: value}
    return {field: json.dumps({first: value, "retry_count": 0, "scheduled_at": datetime.now(UTC).isoformat()})}


def reply(plan: Plan, arrival: Arrival, target: Target) -> dict[str, Any]:
    """What the mock is asked to deliver as something that comes in, in the names that the profile says."""
    replies = target.replies
    if replies is None:
        raise LookupError("this stack gets no replies")
    who, text, mail = recipient(arrival, target.messages), body(plan, arrival), arrival.channel == "email"
    number = uuid5(NAMESPACE_URL, plan.token(arrival.number)).hex
    name = f"<{number}@mail.example.com>" if mail else f"SM{number}"
    values = {"from": who, "to": replies.to, "subject": "A reply", "body": text, "provider_id": name}
    wish = reply_wish(replies.hook, channel=arrival.channel, values={**values, "type": arrival.channel})
    came = {**wish, **replies.address, "from": who, "to": replies.to}
    if mail:
        return {**came, "subject": "A reply", "text": text, "headers": {"Message-ID": name}}
    return {**came, "body": text, "sid": name}
