"""Of outages of what the stack stands on: Redis, PostgreSQL, the links to them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

from tests.quality.defects.defect import Defect

DEEP = ("--deep", "--check", "outages")


def worker_dies_with_redis() -> None:
    """An error of Redis' isn't expected where entries are read: the worker ends."""
    from messaging_stack import database
    from messaging_stack.worker import worker

    vars(worker)["_ERRORS"] = database.CONNECTION_ERRORS[1:]


def worker_never_reads_again() -> None:
    """After its first failure the read answers nothing, for ever, on a connection that isn't there any more."""
    from messaging_stack.queue import RedisError
    from messaging_stack.worker.consumer import Consumer

    read = Consumer.read

    async def once(self: Any, *, count: int) -> Any:
        if getattr(self, "broken", False):
            await self._stands_still.wait()
        try:
            return await read(self, count=count)
        except RedisError:
            self.broken, self._stands_still = True, asyncio.Event()
            return []

    Consumer.read = once


def out_of_memory_taken_for_success() -> None:
    """What Redis refuses to take is taken for queued: the intent to queue it is forgotten."""
    from messaging_stack.publishing.publisher import Publisher
    from messaging_stack.queue import ResponseError

    append = Publisher.append

    async def hopeful(self: Any, intents: Any) -> None:
        try:
            await append(self, intents)
        except ResponseError:
            return

    Publisher.append = hopeful


def dropped_where_redis_is_away() -> None:
    """The API answers that it took the message, and nobody ever tries again what it couldn't queue."""
    from messaging_stack.publishing.publisher import Publisher
    from messaging_stack.queue import RedisError

    append = Publisher.append

    async def hopeful(self: Any, intents: Any) -> None:
        try:
            await append(self, intents)
        except (RedisError, OSError):
            return

    Publisher.append = hopeful


def relay_gives_up() -> None:
    """The relay ends at the first failure of Redis, and what it had taken stays where it is."""
    from messaging_stack.publishing.relay import Relay

    relay_due = Relay._relay_due

    async def once(self: Any) -> bool:
        again = await relay_due(self)
        if again and self._publisher.left:
            self._stopping = True
        return again

    Relay._relay_due = once


def outcome_dropped_where_the_database_is_away() -> None:
    """What an attempt came to is written once; where that fails, the entry is acknowledged all the same."""
    from messaging_stack import database
    from messaging_stack.worker.ledger import Recorder

    write = Recorder._write

    async def once(self: Any, batch: Any) -> list[bool]:
        try:
            return await write(self, batch)
        except database.CONNECTION_ERRORS:
            return [True] * len(batch)

    Recorder._write = once


def entry_dropped_where_the_database_is_away() -> None:
    """An entry whose message can't be looked up is taken for one that names none."""
    from messaging_stack import database
    from messaging_stack.worker.processor import Processor

    take = Processor.take

    async def once(self: Any, entries: Any) -> None:
        try:
            await self._pool.execute("UPDATE messages SET updated_at = updated_at WHERE false")
        except database.CONNECTION_ERRORS:
            for entry in entries:
                await self._acknowledger.acknowledge(entry)
            return
        await take(self, entries)

    Processor.take = once


def taken_though_the_database_is_away() -> None:
    """The API answers 201 for a message that it couldn't store."""
    from messaging_stack import database
    from messaging_stack.api import messages as api
    from messaging_stack.api.dispatch import QueueDispatcher

    dispatch = QueueDispatcher.dispatch

    async def hopeful(self: Any, message: Any, *, idempotency_key: str | None) -> Any:
        try:
            return await dispatch(self, message, idempotency_key=idempotency_key)
        except database.CONNECTION_ERRORS:
            return {"id": str(message.id), "status": "pending"}, True

    as_json = api.messages.as_json
    QueueDispatcher.dispatch = hopeful
    api.messages.as_json = lambda row: row if isinstance(row, dict) else as_json(row)


def never_connects_again() -> None:
    """Once the database was away, the API takes it for gone for ever."""
    from messaging_stack import database
    from messaging_stack.api.dispatch import QueueDispatcher

    dispatch = QueueDispatcher.dispatch

    async def bitter(self: Any, message: Any, *, idempotency_key: str | None) -> Any:
        if getattr(self, "gone", None) is not None:
            raise self.gone
        try:
            return await dispatch(self, message, idempotency_key=idempotency_key)
        except database.CONNECTION_ERRORS as error:
            self.gone = error
            raise

    QueueDispatcher.dispatch = bitter


def stored_twice() -> None:
    """An insert whose answer was lost is tried again, under a new id."""
    from messaging_stack import database
    from messaging_stack.store import messages

    insert = messages.insert

    async def again(pool: Any, message: Any, **more: Any) -> Any:
        for _ in range(20):
            try:
                return await insert(pool, message, **more)
            except database.CONNECTION_ERRORS:
                message = replace(message, id=uuid4())
        return await insert(pool, message, **more)

    messages.insert = again


def lost_on_the_way() -> None:
    """What was on its way to a worker when its connection was lost is never asked for again."""
    from messaging_stack.worker.consumer import Consumer

    async def nothing(self: Any, *, count: int) -> Any:
        for never in ():
            yield never

    async def none(self: Any, *, count: int) -> list[Any]:
        return []

    Consumer.left_over = nothing
    Consumer.claim_stale = none


def of(name: str, because: str, install: Any, *, shown_by: str) -> Defect:
    """Shown by those scenarios of outages whose names match, with messages of every channel."""
    return Defect(
        name=name,
        caught_by="outages",
        because=because,
        install=install,
        channels=("sms", "mms", "email"),
        options=(*DEEP, "--keyword", shown_by),
    )


LOST = " lost: "
DEFECTS = (
    of("worker dies with redis", "no consumer: worker-1", worker_dies_with_redis, shown_by="redis"),
    of("worker never reads again", "brought on by nobody since", worker_never_reads_again, shown_by="redis"),
    of("out of memory taken for success", LOST, out_of_memory_taken_for_success, shown_by="redis"),
    of("dropped where redis is away", LOST, dropped_where_redis_is_away, shown_by="redis"),
    of("relay gives up", LOST, relay_gives_up, shown_by="redis"),
    of(
        "outcome dropped where the database is away",
        "unrecorded: ",
        outcome_dropped_where_the_database_is_away,
        shown_by="postgres",
    ),
    of(
        "entry dropped where the database is away",
        LOST,
        entry_dropped_where_the_database_is_away,
        shown_by="postgres",
    ),
    of("taken though the database is away", LOST, taken_though_the_database_is_away, shown_by="postgres"),
    of("never connects again", "takes no message since", never_connects_again, shown_by="postgres"),
    of("stored twice", "stored more than once", stored_twice, shown_by="postgres and unheard and api"),
    of("lost on the way", "brought on by nobody since", lost_on_the_way, shown_by="redis and worker"),
)
