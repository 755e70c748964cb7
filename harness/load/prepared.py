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
from harness.profile import Columns, Messages, Profile
from harness.scenario.messages import SENDER_ADDRESS, SENDER_NUMBER

CONVERSATION = """
INSERT INTO conversations (channel, participants) VALUES ($1, $2)
ON CONFLICT (channel, participants) DO UPDATE SET channel = excluded.channel RETURNING id
"""
COLUMNS = (
    *("id", "conversation_id", "provider", "direction", "status", "message_type"),
    *("body", "attachments", "from_address", "to_address", "max_retries"),
)


def nowhere(profile: Profile) -> str | None:
    """Why a profile's stack has no place for prepared rows; None where it may have one."""
    database = profile.database
    if database.kind != "postgres":
        kind = "a SQLite file" if database.kind == "sqlite" else "a database that isn't PostgreSQL"
        return f"its rows can't be written beforehand in {kind}"
    if database.columns != Columns() or database.rows:
        return "its rows can't be written beforehand in a table that isn't the contract's"
    return None


async def unprepared(url: str, *, table: str) -> str | None:
    """Why no rows can be prepared there; None where they can. Nothing is changed by looking.

    What a row needs is known of the contract's tables alone, whatever the table of messages is called there.
    """
    connection = await connect(url)
    try:
        async with connection.transaction(readonly=True):
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute("SELECT id, channel, participants FROM conversations LIMIT 0")
            # reason: names of columns are ours, and the table's is quoted, as it is when rows are copied there
            await connection.execute(f"SELECT {', '.join(COLUMNS)} FROM {quoted(table)} LIMIT 0")  # noqa: S608
    except asyncpg.PostgresError as error:
        return (
            f"its rows can't be written beforehand ({error}): that needs the contract's tables and a user who may "
            "turn triggers off"
        )
    finally:
        await connection.close(timeout=2)
    return None


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def prepare(
    url: str, plan: Plan, arrivals: Sequence[Arrival], *, table: str, status: str, messages: Messages
) -> int:
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
        rows = [row(plan, arrival, conversations, status=status, messages=messages) for arrival in wanted]
        await connection.copy_records_to_table(table, records=rows, columns=COLUMNS)
    except asyncpg.PostgresError as error:
        raise UsageError(
            f"rows for QueueUser can't be prepared ({error}): it needs the contract's tables and a user that may turn "
            "triggers off; leave it out with --mix api=1"
        ) from error
    finally:
        await connection.close(timeout=2)
    return len(wanted)


def participants(channel: str) -> list[str]:
    if channel == "email":
        return ["prepared@example.com", SENDER_ADDRESS]
    return [SENDER_NUMBER, "+12065550100"]


def row(
    plan: Plan, arrival: Arrival, conversations: dict[str, Any], *, status: str, messages: Messages
) -> tuple[Any, ...]:
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
        payloads.sender(arrival, messages),
        payloads.recipient(arrival, messages),
        5,
    )
