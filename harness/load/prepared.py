"""Rows for what QueueUser sends, written in bulk beforehand: only the path from the queue on is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from harness.errors import UsageError
from harness.load import payloads
from harness.load.plan import Plan
from harness.load.schedule import Arrival
from harness.probes.database import connect
from harness.profile import Columns, Profile
from harness.scenario.messages import SENDER_ADDRESS, SENDER_NUMBER

CONVERSATION = """
INSERT INTO conversations (channel, participants) VALUES ($1, $2)
ON CONFLICT (channel, participants) DO UPDATE SET channel = excluded.channel RETURNING id
"""
WITHOUT = "leave it out with --mix api=1"
COLUMNS = (
    *("id", "conversation_id", "provider", "direction", "status", "message_type"),
    *("body", "attachments", "from_address", "to_address", "max_retries"),
)


def refusal(profile: Profile) -> str:
    """Why no rows can be prepared for a stack; "" where they can, as far as its profile says."""
    database = profile.database
    if database.kind != "postgres":
        why = f"in {'a SQLite file' if database.kind == 'sqlite' else 'a database that is not named'}"
    elif database.columns != Columns() or database.rows:
        why = "in a table that isn't the contract's"
    else:
        return ""
    return f"QueueUser needs rows that are there before their entries, and can't make them {why}; {WITHOUT}"


async def prepare(url: str, plan: Plan, arrivals: Sequence[Arrival], *, table: str, status: str) -> int:
    """Stores a pending row for each arrival of QueueUser, and returns how many.

    Triggers are off meanwhile: a row that waits for its entry is no message yet, and the history starts at the entry.
    """
    wanted = [arrival for arrival in arrivals if arrival.kind == "queue"]
    if not wanted:
        return 0
    connection = await connect(url)
    try:
        conversations = {
            channel: await connection.fetchval(CONVERSATION, channel, participants(channel))
            for channel in ("sms", "email")
        }
        await connection.execute("SET session_replication_role = replica")
        rows = [row(plan, arrival, conversations, status=status) for arrival in wanted]
        await connection.copy_records_to_table(table, records=rows, columns=COLUMNS)
    except asyncpg.PostgresError as error:
        raise UsageError(
            f"rows for QueueUser can't be prepared ({error}): it needs the contract's tables and a user that may turn "
            f"triggers off; {WITHOUT}"
        ) from error
    finally:
        await connection.close(timeout=2)
    return len(wanted)


def participants(channel: str) -> list[str]:
    if channel == "email":
        return ["prepared@example.com", SENDER_ADDRESS]
    return [SENDER_NUMBER, "+12065550100"]


def row(plan: Plan, arrival: Arrival, conversations: dict[str, Any], *, status: str) -> tuple[Any, ...]:
    mail = arrival.channel == "email"
    return (
        plan.message_id(arrival.number),
        conversations["email" if mail else "sms"],
        "sendgrid" if mail else "twilio",
        "outbound",
        status,
        arrival.channel,
        payloads.body(plan, arrival),
        payloads.attachments(arrival),
        payloads.sender(arrival),
        payloads.recipient(arrival),
        5,
    )
