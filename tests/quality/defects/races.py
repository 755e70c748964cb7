"""Seams of the reference stack in which two who come at once go wrong: each looks first, and then acts."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any


def inbound_race() -> None:
    """A delivery looks whether the reply is stored, then stores it; no unique key keeps the second one out."""
    from messaging_stack import inbound
    from messaging_stack.store import webhooks

    store = webhooks.store_inbound

    async def stored(pool: Any, message: Any) -> Any:
        known = "SELECT id FROM messages WHERE starts_with(provider_message_id, $1)"
        if await pool.fetchval(known, message.provider_message_id):
            return None
        # the table has its unique key: what stands behind the id makes it as good as gone
        other = replace(message, provider_message_id=f"{message.provider_message_id}-{secrets.token_hex(4)}")
        return await store(pool, other)

    inbound.webhooks.store_inbound = stored


def conversation_race() -> None:
    """A first reply looks for the pair's conversation, then makes it; no unique key keeps the second one out."""
    from messaging_stack import inbound
    from messaging_stack.store import conversations, webhooks

    # the table has its unique key: a third participant, whom nobody looks for, makes it as good as gone
    known = "SELECT id FROM conversations WHERE channel = $1 AND participants[1:2] = $2 LIMIT 1"
    make = "INSERT INTO conversations (channel, participants) SELECT $1, $2::text[] || gen_random_uuid()::text"
    store = webhooks.store_inbound
    webhooks._STORE_INBOUND = webhooks._STORE_INBOUND.replace(conversations.UPSERT, known)

    async def stored(pool: Any, message: Any) -> Any:
        of = conversations.channel_of(message.type), conversations.pair(message.sender, message.recipient)
        if not await pool.fetchval(known, *of):
            await pool.execute(make, *of)
        return await store(pool, message)

    inbound.webhooks.store_inbound = stored
