"""What each arrival sends: decided by its number alone, so that every process, and a second run, sends the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from harness.load.plan import Plan
from harness.load.schedule import Arrival
from harness.scenario.messages import AREAS, SENDER_ADDRESS, SENDER_NUMBER


def recipient(arrival: Arrival) -> str:
    """A valid address that repeats only after millions of messages."""
    if arrival.channel == "email":
        return f"user{arrival.number}@example.com"
    rest, area = divmod(arrival.number, len(AREAS))
    return f"+1{AREAS[area]}{200 + rest // 10_000 % 700}{rest % 10_000:04d}"


def sender(arrival: Arrival) -> str:
    return SENDER_ADDRESS if arrival.channel == "email" else SENDER_NUMBER


def body(plan: Plan, arrival: Arrival) -> str:
    return f"load {arrival.number} {plan.token(arrival.number)}"


def attachments(arrival: Arrival) -> list[str]:
    return ["https://example.com/picture.png"] if arrival.channel == "mms" else []


def request(plan: Plan, arrival: Arrival) -> dict[str, Any]:
    """The body of POST send."""
    payload: dict[str, Any] = {
        "from": sender(arrival),
        "to": recipient(arrival),
        "type": arrival.channel,
        "body": body(plan, arrival),
    }
    return payload | ({"attachments": attachments(arrival)} if arrival.channel == "mms" else {})


def entry(plan: Plan, arrival: Arrival, *, name: str) -> str:
    """The data of a queue entry; `name` is the profile's name for the message id."""
    message = str(plan.message_id(arrival.number))
    return json.dumps({name: message, "retry_count": 0, "scheduled_at": datetime.now(UTC).isoformat()})


def reply(plan: Plan, arrival: Arrival) -> dict[str, str]:
    """What the mock is asked to deliver as an inbound text."""
    return {"from": recipient(arrival), "to": SENDER_NUMBER, "body": body(plan, arrival)}
