"""Of replies and of what is told of a message later: who wrote what, and when it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from harness.profile.base import Channel
from tests.quality.defects.defect import Defect

# which replies are one


def same_words_are_one() -> None:
    """A reply is known again by who wrote it and what it says: who says yes twice has said it once."""
    from messaging_stack import inbound
    from messaging_stack.store import webhooks

    store = webhooks.store_inbound

    async def stored(pool: Any, message: Any) -> Any:
        query = "SELECT id FROM messages WHERE direction = 'inbound' AND from_address = $1 AND body = $2"
        if message.type == "sms" and await pool.fetchval(query, message.sender, message.body):
            return None
        return await store(pool, message)

    inbound.webhooks.store_inbound = stored


def mails_without_an_id_are_one() -> None:
    """A mail is known again by its Message-ID, also where it has none."""
    from messaging_stack import inbound

    inbound._fingerprint = lambda fields: ""


# what is kept of one


def direction_lost() -> None:
    """A reply's row says that it was sent."""
    from messaging_stack.store import webhooks

    webhooks._STORE_INBOUND = webhooks._STORE_INBOUND.replace("'inbound', 'received'", "'outbound', 'received'")


def pictures_open_a_conversation() -> None:
    """SMS and MMS of one pair are two conversations."""
    from messaging_stack.store import messages, webhooks

    messages.channel_of = webhooks.channel_of = lambda message_type: message_type


# when it is kept


def kept_after_the_answer() -> None:
    """A reply is answered at once, and stored in the background."""
    from messaging_stack.api import webhooks

    take = webhooks._take_inbound
    running: set[Any] = set()

    async def later(found: Any, message: Any) -> None:
        storing = asyncio.create_task(take(found, message))
        running.add(storing)
        storing.add_done_callback(running.discard)

    webhooks._take_inbound = later


def reports_kept_after_the_answer() -> None:
    """Reports are answered at once, and applied in the background."""
    from messaging_stack.api import webhooks

    take = webhooks._take_reports
    running: set[Any] = set()

    async def later(found: Any, taken: Any) -> None:
        storing = asyncio.create_task(take(found, taken))
        running.add(storing)
        storing.add_done_callback(running.discard)

    webhooks._take_reports = later


# what is told later


def reason_of_a_report_lost() -> None:
    """A message that its provider reports as failed is failed, and nothing says why."""
    from messaging_stack.store import transitions

    told = "CASE due.becomes WHEN 'failed' THEN due.detail ELSE m.error_message END"
    assert told in transitions._APPLY_REPORTS, "the statement reads otherwise now"
    transitions._APPLY_REPORTS = transitions._APPLY_REPORTS.replace(told, "m.error_message")


# outages


def swallowed_where_the_database_is_away() -> None:
    """A reply that can't be stored is logged and answered 200, so that the provider doesn't complain."""
    from messaging_stack import database
    from messaging_stack.api import webhooks

    take = webhooks._take_inbound

    async def hopeful(found: Any, message: Any) -> None:
        try:
            await take(found, message)
        except database.CONNECTION_ERRORS:
            return

    webhooks._take_inbound = hopeful


def reports_swallowed_where_the_database_is_away() -> None:
    """A report that can't be kept is logged and answered 200."""
    from messaging_stack import database
    from messaging_stack.api import webhooks

    take = webhooks._take_reports

    async def hopeful(found: Any, taken: Any) -> None:
        try:
            await take(found, taken)
        except database.CONNECTION_ERRORS:
            return

    webhooks._take_reports = hopeful


def of(
    name: str,
    check: str,
    because: str,
    install: Callable[[], None],
    *,
    channels: tuple[Channel, ...] = ("sms", "email"),
    options: tuple[str, ...] = (),
) -> Defect:
    return Defect(name=name, caught_by=check, because=because, install=install, channels=channels, options=options)


KILLED = ("--deep", "--check", "crash-points", "--keyword", "outlives")
DEEP = ("--deep", "--check", "outages", "--keyword", "postgres and server")
DEFECTS: tuple[Defect, ...] = (
    of("same words are one reply", "webhooks", "made 1 rows, expected 2", same_words_are_one),
    of("mails without an id are one", "webhooks", "made 0 rows, expected 1", mails_without_an_id_are_one),
    of("direction of a reply lost", "webhooks", "of its direction", direction_lost),
    of(
        "pictures open a conversation",
        "webhooks",
        "2 conversations, expected 1",
        pictures_open_a_conversation,
        channels=("sms", "mms"),
    ),
    of(
        "reply kept after its answer",
        "crash-points",
        "lost: the API had answered a webhook",
        kept_after_the_answer,
        options=KILLED,
    ),
    of(
        "report kept after its answer",
        "crash-points",
        "lost: the API had answered a webhook",
        reports_kept_after_the_answer,
        options=KILLED,
    ),
    of("reason of a report lost", "webhooks", "it failed, and nothing says why", reason_of_a_report_lost),
    of(
        "reply swallowed where the database is away",
        "outages",
        " lost: ",
        swallowed_where_the_database_is_away,
        options=DEEP,
    ),
    of(
        "report swallowed where the database is away",
        "outages",
        "without the effect of a report",
        reports_swallowed_where_the_database_is_away,
        options=DEEP,
    ),
)
