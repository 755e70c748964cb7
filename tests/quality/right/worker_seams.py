"""Other ways in which a worker may read, call, retry and write down."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from tests.quality.right.pace import pause

IN_PLACE_S = 0.1
RENEWED_AFTER = 15


def slow_work(seconds: float) -> Callable[[], None]:
    """A pause before the provider is called."""

    def install() -> None:
        from messaging_stack.delivery import Deliverer

        deliver = Deliverer.deliver

        async def delivered(self: Any, message: Any, **more: Any) -> Any:
            await pause(seconds)
            return await deliver(self, message, **more)

        Deliverer.deliver = delivered

    return install


def slow_finish(seconds: float) -> Callable[[], None]:
    """A pause between the row's end and the entry's."""

    def install() -> None:
        from messaging_stack.worker.processor import Processor

        finish = Processor._finish

        async def finished(self: Any, *arguments: Any, **more: Any) -> None:
            await pause(seconds)
            await finish(self, *arguments, **more)

        Processor._finish = finished

    return install


def named_by_itself() -> None:
    """A worker's consumer has a name that no other process ever has."""
    os.environ["WORKER_NAME"] = f"consumer-of-{os.getpid()}"


def in_place() -> None:
    """A passing error is tried again within the delivery: one entry, one row that stays `sending`, several calls."""
    from messaging_stack.delivery import Deliverer

    deliver = Deliverer.deliver

    async def delivered(self: Any, message: Any, *, provider: str, retry_count: int, max_retries: int) -> Any:
        while True:
            outcome = await deliver(self, message, provider=provider, retry_count=retry_count, max_retries=max_retries)
            if outcome.status != "retry":
                return outcome
            retry_count += 1
            await pause(IN_PLACE_S)

    Deliverer.deliver = delivered


def left_pending() -> None:
    """A passing error leaves the entry on the pending list; it is claimed again when it has idled."""
    from messaging_stack.worker.processor import Processor

    deliver = Processor._deliver

    class Left(Exception):
        pass

    async def delivered(self: Any, entry: Any, row: Any) -> None:
        try:
            await deliver(self, entry, row)
        except Left:
            await self._pool.execute(
                "UPDATE messages SET status = 'retry', retry_count = retry_count + 1, retry_after = now()"
                " WHERE id = $1 AND status = 'sending'",
                row["id"],
            )

    from messaging_stack.worker.ledger import Recorder

    record = Recorder.record

    async def recorded(self: Any, outcome: Any, *, provider: str) -> bool:
        if outcome.status == "retry":
            raise Left
        return await record(self, outcome, provider=provider)

    Processor._deliver = delivered
    Recorder.record = recorded


def written_twice() -> None:
    """What is written down is written again, as a repeated statement does; nothing changes by it."""
    from messaging_stack.worker.ledger import Recorder

    record = Recorder.record

    async def recorded(self: Any, outcome: Any, *, provider: str) -> bool:
        moved = await record(self, outcome, provider=provider)
        await self._pool.execute("UPDATE messages SET status = status WHERE id = $1", outcome.message_id)
        return moved

    Recorder.record = recorded


def id_in_a_second_statement() -> None:
    """The row says `sent` first, and whose id the provider gave a moment later."""
    from dataclasses import replace

    from messaging_stack.worker.ledger import Recorder

    record = Recorder.record

    async def recorded(self: Any, outcome: Any, *, provider: str) -> bool:
        given = outcome.provider_message_id
        moved = await record(self, replace(outcome, provider_message_id=None), provider=provider)
        if given is not None:
            await pause(0.01)
            await self._pool.execute(
                "UPDATE messages SET provider_message_id = $2 WHERE id = $1", outcome.message_id, given
            )
            await self.apply_reports(provider, [given])
        return moved

    Recorder.record = recorded


def looks_now_and_then(seconds: float) -> Callable[[], None]:
    """The worker doesn't block on its streams: it looks, and rests."""

    def install() -> None:
        from messaging_stack.worker.consumer import Consumer

        async def read(self: Any, *, count: int) -> Any:
            found = await self._read(self._redis, self._new(), count=count, block_ms=None)
            if not found:
                await pause(seconds)
            return found

        def new(self: Any) -> dict[str, str]:
            return dict.fromkeys(self._cursors, ">")

        Consumer.read, Consumer._new = read, new

    return install


def renewed() -> None:
    """A worker ends after a few entries, as a recycling one does; its parent starts the next."""
    from messaging_stack.worker.processor import Processor

    finish, done = Processor._finish, []

    async def finished(self: Any, *arguments: Any, **more: Any) -> None:
        await finish(self, *arguments, **more)
        done.append(None)
        if len(done) >= RENEWED_AFTER:
            self._stop.set()

    Processor._finish = finished


def third_protocol() -> None:
    """The worker and the API speak RESP3."""
    from messaging_stack import queue

    class Three(queue.Redis):
        def __init__(self, **more: Any) -> None:
            super().__init__(**{**more, "protocol": 3})

    queue.Redis = Three
    from messaging_stack.worker.consumer import Consumer

    async def read(self: Any, redis: Any, after: dict[str, str], *, count: int, block_ms: int | None) -> Any:
        answer = await redis.xreadgroup(queue.GROUP, self._name, dict(after), count=count, block=block_ms)
        return [
            entry
            for stream, batches in (answer or {}).items()
            for raw in batches
            for entry in queue.parse_entries(stream.decode(), raw)
        ]

    Consumer._read = read


def leaves_the_group() -> None:
    """A worker that ends takes its consumer out of the groups, unless something is pending."""
    from messaging_stack import queue
    from messaging_stack.worker.worker import Worker

    run = Worker.run

    async def ran(self: Any) -> None:
        await run(self)
        redis, name = self._consumer._redis, self._consumer._name
        for stream in queue.STREAMS:
            mine = await redis.xpending_range(stream, queue.GROUP, "-", "+", 1, consumername=name)
            if not mine:
                await redis.xgroup_delconsumer(stream, queue.GROUP, name)

    Worker.run = ran


def slow_start(seconds: float) -> Callable[[], None]:
    """A worker that takes its time to begin."""

    def install() -> None:
        from messaging_stack.worker.consumer import Consumer

        join = Consumer.join

        async def joined(self: Any) -> None:
            await pause(seconds)
            await join(self)

        Consumer.join = joined

    return install
