"""Of webhooks: replies and delivery reports."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from tests.quality.defects.defect import Defect
from tests.quality.defects.races import conversation_race, inbound_race


def inbound_stored_twice() -> None:
    """A repeated delivery isn't recognised."""
    from messaging_stack import inbound
    from messaging_stack.store import webhooks

    store = webhooks.store_inbound

    async def stored(pool: Any, message: Any) -> Any:
        other = replace(message, provider_message_id=f"{message.provider_message_id}-{secrets.token_hex(4)}")
        return await store(pool, other)

    inbound.webhooks.store_inbound = stored


DEFECTS = (
    Defect(name="inbound stored twice", caught_by="webhooks", because="made 2 rows", install=inbound_stored_twice),
    Defect(name="inbound race", caught_by="webhooks", because="5 deliveries made", install=inbound_race),
    Defect(
        name="conversation race",
        caught_by="webhooks",
        because="conversations, expected 1",
        install=conversation_race,
    ),
)
