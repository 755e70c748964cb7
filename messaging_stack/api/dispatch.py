"""What happens to an accepted message: it is stored and queued, or (the wrong way) delivered while the client waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from messaging_stack.providers.base import Outgoing
from messaging_stack.store import messages, transitions
from messaging_stack.store.outbox import Intent

if TYPE_CHECKING:
    import asyncpg

    from messaging_stack.delivery import Deliverer
    from messaging_stack.publishing.publisher import Publisher
    from messaging_stack.publishing.relay import Relay
    from messaging_stack.store.messages import NewMessage

Row = Any


class Dispatcher(Protocol):
    """Takes on a message that was found valid."""

    async def dispatch(self, message: NewMessage, *, idempotency_key: str | None) -> tuple[Row, bool]:
        """Returns the message's row and whether it is new (or was stored before, under the same idempotency key)."""
        ...


class QueueDispatcher:
    """Stores the message with the intent to queue it, then queues it at once.

    From the commit on the message can't be lost: what goes wrong afterwards is the relay's to mend, and the client is
    told that the message was accepted, because it was.
    """

    def __init__(self, *, pool: asyncpg.Pool, publisher: Publisher, relay: Relay, max_retries: int) -> None:
        self._pool = pool
        self._publisher = publisher
        self._relay = relay
        self._max_retries = max_retries

    async def dispatch(self, message: NewMessage, *, idempotency_key: str | None) -> tuple[Row, bool]:
        owner = self._publisher.owner
        try:
            row, new = await messages.insert(
                self._pool,
                message,
                max_retries=self._max_retries,
                queue=True,
                owner=owner,
                idempotency_key=idempotency_key,
                request_hash=messages.request_hash(message) if idempotency_key else None,
            )
        except BaseException:
            self._publisher.left.add(message.id)  # the answer may have been lost, not the commit
            raise
        published = not new or (owner is not None and await self._publisher.publish([_intent(row)], owner=owner))
        if not published:
            self._relay.wake()
        return row, new


class InlineDispatcher:
    """Calls the provider before it answers. Only there to be caught: it makes every client wait for the provider."""

    def __init__(self, *, pool: asyncpg.Pool, deliverer: Deliverer) -> None:
        self._pool = pool
        self._deliverer = deliverer

    async def dispatch(self, message: NewMessage, *, idempotency_key: str | None) -> tuple[Row, bool]:
        row, new = await messages.insert(
            self._pool,
            message,
            max_retries=0,
            queue=False,
            owner=None,
            idempotency_key=idempotency_key,
            request_hash=messages.request_hash(message) if idempotency_key else None,
        )
        if not new:
            return row, False
        outcome = await self._deliverer.deliver(
            Outgoing.from_row(row), provider=row["provider"], retry_count=0, max_retries=0
        )
        await transitions.record(self._pool, [outcome])
        if outcome.provider_message_id is not None:
            await transitions.apply_reports(self._pool, row["provider"], [outcome.provider_message_id])
        return await messages.get(self._pool, message.id), True


def _intent(row: Row) -> Intent:
    return Intent(
        id=row["intent"],
        message_id=row["id"],
        message_type=row["message_type"],
        retry_count=row["retry_count"],
        scheduled_at=row["created_at"],
    )
