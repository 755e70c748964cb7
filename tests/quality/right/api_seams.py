"""Other ways in which an API may take messages, publish them, and take webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.quality.right.pace import api, pause

RELAYED_AFTER_S = 0.03
STORED_AFTER_S = 0.03
_later: set[asyncio.Task[Any]] = set()


def outbox_only() -> None:
    """The API stores the intent alone; its relay puts it on the stream a moment after the answer."""
    if not api():
        return
    from messaging_stack.publishing.relay import Relay

    _intent_alone()
    relay = Relay._relay_due

    async def relayed(self: Any) -> bool:
        await pause(RELAYED_AFTER_S)
        return await relay(self)

    Relay._relay_due = relayed


def relayed_elsewhere() -> None:
    """Neither API nor worker puts anything on a stream: a relay process does (`right.relay`)."""
    from messaging_stack.publishing.relay import Relay

    _intent_alone()

    async def nothing(self: Any) -> bool:
        return False

    Relay._relay_due = nothing


def _intent_alone() -> None:
    from messaging_stack.api.dispatch import QueueDispatcher
    from messaging_stack.store import messages

    async def dispatch(self: Any, message: Any, *, idempotency_key: str | None) -> Any:
        found = await messages.insert(
            self._pool,
            message,
            max_retries=self._max_retries,
            queue=True,
            owner=None,
            idempotency_key=idempotency_key,
            request_hash=messages.request_hash(message) if idempotency_key else None,
        )
        self._relay.wake()
        return found

    QueueDispatcher.dispatch = dispatch


def slow_publish(seconds: float) -> Callable[[], None]:
    """A pause between the commit and the XADD."""

    def install() -> None:
        from messaging_stack.publishing.publisher import Publisher

        append = Publisher.append

        async def appended(self: Any, intents: Any) -> None:
            await pause(seconds)
            await append(self, intents)

        Publisher.append = appended

    return install


def slow_answer(seconds: float) -> Callable[[], None]:
    """The API is done, and answers late: the message may be sent long before."""

    def install() -> None:
        from messaging_stack.api.dispatch import QueueDispatcher

        dispatch = QueueDispatcher.dispatch

        async def dispatched(self: Any, message: Any, **more: Any) -> Any:
            found = await dispatch(self, message, **more)
            await pause(seconds)
            return found

        QueueDispatcher.dispatch = dispatched

    return install


def published_in_a_transaction() -> None:
    """XADD inside MULTI and EXEC."""
    from messaging_stack import queue
    from messaging_stack.publishing.publisher import Publisher

    async def append(self: Any, intents: Any) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            for intent in intents:
                data = queue.encode(
                    message_id=intent.message_id, retry_count=intent.retry_count, scheduled_at=intent.scheduled_at
                )
                pipe.xadd(queue.stream_of(intent.message_type), {"data": data})
            await pipe.execute()

    Publisher.append = append


def stored_later() -> None:
    """Webhooks are answered 200 first; the row, or the report's effect, comes a moment later."""
    from messaging_stack.api import webhooks

    inbound, reports = webhooks._take_inbound, webhooks._take_reports

    def later(take: Any) -> Any:
        async def taken(*arguments: Any) -> None:
            async def work() -> None:
                await pause(STORED_AFTER_S)
                await take(*arguments)

            task = asyncio.create_task(work())
            _later.add(task)
            task.add_done_callback(_later.discard)

        return taken

    webhooks._take_inbound, webhooks._take_reports = later(inbound), later(reports)
