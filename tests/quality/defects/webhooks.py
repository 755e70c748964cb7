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


def replays_forgotten() -> None:
    """A repeated delivery is recognised by the last replies, which are kept in mind."""
    from collections import deque

    from messaging_stack import inbound
    from messaging_stack.store import webhooks

    store, last = webhooks.store_inbound, deque[str](maxlen=16)

    async def stored(pool: Any, message: Any) -> Any:
        if message.provider_message_id in last:
            return None
        last.append(message.provider_message_id)
        other = replace(message, provider_message_id=f"{message.provider_message_id}-{secrets.token_hex(4)}")
        return await store(pool, other)

    inbound.webhooks.store_inbound = stored


def replays_known_by_all_they_say() -> None:
    """A repeated delivery is recognised by all its parameters, of which a second try has more."""
    from messaging_stack.api import webhooks

    read = webhooks.inbound.from_twilio

    def fingerprinted(params: Any) -> Any:
        more = f"-{params['ErrorCode']}" if "ErrorCode" in params else ""
        message = read(params)
        return replace(message, provider_message_id=f"{message.provider_message_id}{more}")

    webhooks.inbound.from_twilio = fingerprinted


DEFECTS: tuple[Defect, ...] = (
    Defect(name="replays forgotten", caught_by="webhooks", because="2 deliveries made 2", install=replays_forgotten),
    Defect(
        name="replays known by all they say",
        caught_by="webhooks",
        because="2 deliveries made 2 rows",
        install=replays_known_by_all_they_say,
    ),
    Defect(name="inbound stored twice", caught_by="webhooks", because="made 2 rows", install=inbound_stored_twice),
    Defect(name="inbound race", caught_by="webhooks", because="5 deliveries made", install=inbound_race),
    Defect(
        name="conversation race",
        caught_by="webhooks",
        because="conversations, expected 1",
        install=conversation_race,
    ),
)
