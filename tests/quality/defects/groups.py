"""Of the consumer group, of workers that come and go, and of what was tried in vain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.quality.defects.defect import Defect

# the group


def group_is_made_once() -> None:
    """Streams and group are made when the worker starts; a group that is gone later makes it fail, again and again."""
    from messaging_stack import queue

    make, made = queue.create_groups, set[str]()

    async def once(redis: Any) -> None:
        if not made:
            await make(redis)
            made.add(queue.GROUP)

    queue.create_groups = once


def group_begins_at_its_end() -> None:
    """A group that has to be made begins with what comes next: what waits on the stream is nobody's."""
    from redis.asyncio import Redis

    create = Redis.xgroup_create

    async def at_the_end(self: Any, name: Any, groupname: Any, id: Any = "$", **more: Any) -> Any:  # noqa: A002 - reason: redis-py's name
        return await create(self, name, groupname, id="$", **more)

    Redis.xgroup_create = at_the_end


def group_is_made_anew_by_each_worker() -> None:
    """A worker that starts makes sure of its group by making it anew: what others have in hand is given again."""
    from messaging_stack import queue

    make, made = queue.create_groups, set[str]()

    async def anew(redis: Any) -> None:
        for stream in queue.STREAMS if not made else ():
            made.add(stream)
            if await redis.exists(stream):
                await redis.xgroup_destroy(stream, queue.GROUP)
        await make(redis)

    queue.create_groups = anew


# trimming


def older_ones_are_trimmed() -> None:
    """In place of XDEL all is trimmed that is older than what is done: also what is still in somebody's hands."""
    from messaging_stack import queue

    acknowledge = queue.acknowledge

    async def trimmed(redis: Any, entries: Any, *, dead: Any = ()) -> None:
        await acknowledge(redis, entries, dead=dead)
        for entry in entries:
            await redis.xtrim(entry.stream, minid=entry.id, approximate=False)

    queue.acknowledge = trimmed


# workers that come and go


def consumer_is_deleted_when_it_stops() -> None:
    """A worker that ends takes its name out of the group at once, and with it what it has in hand."""
    from messaging_stack.queue import GROUP, STREAMS
    from messaging_stack.worker.worker import Worker

    run = Worker.run

    async def ran(self: Any) -> None:
        self._shutdown_timeout_s = 0.05
        await run(self)
        for task in list(self._processor._tasks):
            task.cancel()
        for stream in STREAMS:
            await self._consumer._redis.xgroup_delconsumer(stream, GROUP, self._consumer._name)

    Worker.run = ran


def other_consumers_are_deleted() -> None:
    """A worker that starts clears the group of all others, who may be dead, and so of what they had."""
    from messaging_stack.queue import GROUP, STREAMS
    from messaging_stack.worker.consumer import Consumer

    join = Consumer.join

    async def joined(self: Any) -> None:
        await join(self)
        for stream in STREAMS:
            for consumer in await self._redis.xinfo_consumers(stream, GROUP):
                name = consumer["name"].decode()
                if name != self._name:
                    await self._redis.xgroup_delconsumer(stream, GROUP, name)

    Consumer.join = joined


# what was tried in vain


def no_dead_letter_of_what_failed() -> None:
    """Only what can't be read is put on the dead letters; what was tried in vain is gone."""
    from messaging_stack.worker.processor import Processor

    finish = Processor._finish

    async def finished(self: Any, entry: Any, message_id: Any, *, dead: Any = None) -> None:
        await finish(self, entry, message_id)

    Processor._finish = finished


def two_dead_letters_of_what_failed() -> None:
    """Both he who gives up and he who acknowledges write the dead letter."""
    from messaging_stack import queue
    from messaging_stack.worker.processor import Processor

    finish = Processor._finish

    async def finished(self: Any, entry: Any, message_id: Any, *, dead: Any = None) -> None:
        if dead:
            letter = queue.dead_letter(entry, reason=dead.reason, error=dead.error)
            await self._acknowledger._redis.xadd(queue.DEAD_STREAM, letter)
        await finish(self, entry, message_id, dead=dead)

    Processor._finish = finished


def of(name: str, check: str, because: str, install: Callable[[], None]) -> Defect:
    return Defect(name=name, caught_by=check, because=because, install=install)


DEFECTS: tuple[Defect, ...] = (
    of("group made once", "entry-life", "read what waits", group_is_made_once),
    of("group begins at its end", "entry-life", "read what waits", group_begins_at_its_end),
    of("group made anew by each worker", "entry-life", "that a worker had in hand", group_is_made_anew_by_each_worker),
    of(
        "older ones trimmed",
        "worker-processed",
        "its entry is finished, and the row stays sending",
        older_ones_are_trimmed,
    ),
    of(
        "consumer deleted when it stops", "entry-life", "forgotten with its consumer", consumer_is_deleted_when_it_stops
    ),
    of("other consumers deleted", "entry-life", "forgotten with its consumer", other_consumers_are_deleted),
    of(
        "no dead letter of what failed",
        "provider-failures",
        "no dead letter tells of it",
        no_dead_letter_of_what_failed,
    ),
    of(
        "two dead letters of what failed",
        "provider-failures",
        "2 dead letters tell of one message",
        two_dead_letters_of_what_failed,
    ),
)
