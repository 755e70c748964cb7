"""Of the life of an entry: from its place in the queue to its end."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.quality.defects.defect import Defect

# poison


def poison_kills_the_worker() -> None:
    """What an entry names is read where nobody expects that it can't be."""
    from messaging_stack.worker.processor import Processor

    take = Processor.take

    async def taken(self: Any, entries: Any) -> None:
        for entry in entries:
            entry.message_id()
        await take(self, entries)

    Processor.take = taken


def poison_begins_the_batch_anew() -> None:
    """The worker takes what it can't read for an outage: it joins anew, and is given the same entries again."""
    from messaging_stack.errors import PoisonEntry
    from messaging_stack.queue import RedisError
    from messaging_stack.worker.processor import Processor

    take = Processor.take

    async def taken(self: Any, entries: Any) -> None:
        try:
            for entry in entries:
                entry.message_id()
        except PoisonEntry as error:
            raise RedisError(str(error)) from error
        await take(self, entries)

    Processor.take = taken


def poison_is_dropped() -> None:
    """What can't be delivered is acknowledged, and nobody is told."""
    from messaging_stack.worker.ledger import Acknowledger

    acknowledge = Acknowledger.acknowledge

    async def acknowledged(self: Any, entry: Any, *, dead: Any = None) -> None:
        await acknowledge(self, entry)

    Acknowledger.acknowledge = acknowledged


def poison_stays_pending() -> None:
    """What can't be read is logged, and left where it is."""
    from messaging_stack.worker.processor import Processor

    async def bury(self: Any, entry: Any, poison: Any) -> None:
        """Leaves it."""

    Processor._bury = bury


def poison_is_put_back() -> None:
    """What can't be read is put on its stream again, for somebody who can."""
    from messaging_stack.worker.processor import Processor

    async def bury(self: Any, entry: Any, poison: Any) -> None:
        await asyncio.sleep(0.02)  # reason: so that it doesn't fill the machine
        redis = self._acknowledger._redis
        await redis.xadd(entry.stream, {"data": entry.data or "", "note": "again"})
        await self._acknowledger.acknowledge(entry)

    Processor._bury = bury


def poison_takes_its_batch_with_it() -> None:
    """One entry that can't be read, and all that were given with it are acknowledged."""
    from messaging_stack.errors import PoisonEntry
    from messaging_stack.worker.processor import Processor

    take = Processor.take

    async def taken(self: Any, entries: Any) -> None:
        try:
            for entry in entries:
                entry.message_id()
        except PoisonEntry as poison:
            for entry in entries:
                await self._bury(entry, poison)
        else:
            await take(self, entries)

    Processor.take = taken


def dead_letter_and_still_pending() -> None:
    """The dead letter is written, the entry stays."""
    from messaging_stack import queue
    from messaging_stack.worker.processor import Processor

    async def bury(self: Any, entry: Any, poison: Any) -> None:
        letter = queue.dead_letter(entry, reason=poison.reason, error=str(poison))
        await self._acknowledger._redis.xadd(queue.DEAD_STREAM, letter)

    Processor._bury = bury


def dead_letters_of_what_was_sent() -> None:
    """Each entry that is done is put on the dead letters, too."""
    from messaging_stack.worker.ledger import Acknowledger, DeadLetter

    acknowledge = Acknowledger.acknowledge

    async def acknowledged(self: Any, entry: Any, *, dead: Any = None) -> None:
        await acknowledge(self, entry, dead=dead or DeadLetter(reason="done", error=""))

    Acknowledger.acknowledge = acknowledged


# who has it


def never_looks_for_dead_workers() -> None:
    """What another worker had is nobody's, however long that one is dead."""
    from messaging_stack.worker.consumer import Consumer

    async def none(self: Any, *, count: int) -> list[Any]:
        return []

    Consumer.claim_stale = none


def takes_up_its_own_alone() -> None:
    """Only what stands under the worker's own name is taken up."""
    from messaging_stack.queue import GROUP, STREAMS, parse_entries
    from messaging_stack.worker.consumer import Consumer

    async def own(self: Any, *, count: int) -> list[Any]:
        found = []
        for stream in STREAMS:
            mine = await self._redis.xpending_range(
                stream, GROUP, "-", "+", count, consumername=self._name, idle=self._claim_idle_ms
            )
            ids = [one["message_id"] for one in mine]
            raw = await self._redis.xclaim(stream, GROUP, self._name, self._claim_idle_ms, ids) if ids else []
            found += parse_entries(stream, raw)
        return found

    Consumer.claim_stale = own


def steals_at_once() -> None:
    """An entry that is a moment old is taken for a dead worker's."""
    from messaging_stack.worker.consumer import Consumer

    claim_stale = Consumer.claim_stale

    async def stolen(self: Any, *, count: int) -> list[Any]:
        self._claim_idle_ms = 0
        return await claim_stale(self, count=count)

    Consumer.claim_stale = stolen


def one_group_a_worker() -> None:
    """Each worker reads in a group of its own, so each is given every entry."""
    import os

    from messaging_stack import queue
    from messaging_stack.worker import consumer

    name = os.environ.get("WORKER_NAME", "")
    if name.startswith("worker") and name != "worker-1":
        queue.GROUP = consumer.GROUP = f"workers-{name}"


def forgets_what_it_had() -> None:
    """A worker that starts drops what stands under its name, for it begins afresh."""
    from messaging_stack.queue import GROUP, STREAMS
    from messaging_stack.worker.consumer import Consumer

    join = Consumer.join

    async def joined(self: Any) -> None:
        await join(self)
        for stream in STREAMS:
            await self._redis.xgroup_delconsumer(stream, GROUP, self._name)

    Consumer.join = joined


# its end


def batch_is_acknowledged_at_its_first_success() -> None:
    """Whoever is done acknowledges all that the worker has in hand."""
    from messaging_stack.worker.processor import Processor

    finish = Processor._finish

    async def finished(self: Any, entry: Any, message_id: Any, *, dead: Any = None) -> None:
        for other in self.held:
            if other is not entry:
                await self._acknowledger.acknowledge(other)
        await finish(self, entry, message_id, dead=dead)

    Processor._finish = finished


def acknowledged_when_asked_to_stop() -> None:
    """A worker that is asked to stop acknowledges what it has in hand, and ends."""
    from messaging_stack.worker.worker import Worker

    run = Worker.run

    async def ran(self: Any) -> None:
        async def drop() -> None:
            await self._stop.wait()
            for entry in self._processor.held:
                await self._processor._acknowledger.acknowledge(entry)
            for task in list(self._processor._tasks):
                task.cancel()

        dropping = asyncio.create_task(drop())
        await run(self)
        await dropping

    Worker.run = ran


def deleted_and_not_acknowledged() -> None:
    """XDEL alone: the entry is gone, and pending for ever."""
    from messaging_stack import queue

    async def acknowledge(redis: Any, entries: Any, *, dead: Any = ()) -> None:
        for entry, reason, error in dead:
            await redis.xadd(queue.DEAD_STREAM, queue.dead_letter(entry, reason=reason, error=error))
        for entry in entries:
            await redis.xdel(entry.stream, entry.id)

    queue.acknowledge = acknowledge


def stream_holds_one() -> None:
    """Each XADD trims its stream to what it has just added."""
    from redis.asyncio.client import Pipeline, Redis

    for kind in (Redis, Pipeline):
        xadd = kind.xadd

        def bounded(self: Any, name: Any, fields: Any, *, _xadd: Any = xadd, **more: Any) -> Any:
            return _xadd(self, name, fields, **{**more, "maxlen": 1, "approximate": False})

        kind.xadd = bounded


NAME = "entry-life"
DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="poison kills the worker",
        caught_by=NAME,
        because="isn't sent: no consumer",
        install=poison_kills_the_worker,
    ),
    Defect(
        name="poison begins its batch anew",
        caught_by=NAME,
        because="messages behind an entry that can't be read are not sent",
        install=poison_begins_the_batch_anew,
    ),
    Defect(name="poison dropped", caught_by=NAME, because="no dead letter tells of it", install=poison_is_dropped),
    Defect(name="poison stays pending", caught_by=NAME, because="is not finished", install=poison_stays_pending),
    Defect(name="poison put back", caught_by=NAME, because="and never given up", install=poison_is_put_back),
    Defect(
        name="poison takes its batch with it",
        caught_by=NAME,
        because="messages behind an entry that can't be read are not sent",
        install=poison_takes_its_batch_with_it,
    ),
    Defect(
        name="dead letter and still pending",
        caught_by=NAME,
        because="though its dead letter is written",
        install=dead_letter_and_still_pending,
    ),
    Defect(
        name="dead letters of what was sent",
        caught_by="whole-record",
        because="dead letters that nobody expected",
        install=dead_letters_of_what_was_sent,
    ),
    Defect(
        name="never looks for dead workers",
        caught_by=NAME,
        because="nobody has taken up what worker-1 had",
        install=never_looks_for_dead_workers,
    ),
    Defect(
        name="takes up its own alone",
        caught_by=NAME,
        because="nobody has taken up what worker-1 had",
        install=takes_up_its_own_alone,
    ),
    Defect(
        name="steals at once",
        caught_by=NAME,
        because="calls were accepted for one message that a worker had in hand",
        install=steals_at_once,
    ),
    Defect(
        name="one group a worker",
        caught_by=NAME,
        because="calls were accepted for one message that a worker had in hand",
        install=one_group_a_worker,
    ),
    Defect(name="forgets what it had", caught_by="whole-record", because="unrecorded", install=forgets_what_it_had),
    Defect(
        name="batch acknowledged at its first success",
        caught_by="provider-failures",
        because="acknowledged before the provider accepted",
        install=batch_is_acknowledged_at_its_first_success,
    ),
    Defect(
        name="acknowledged when asked to stop",
        caught_by=NAME,
        because="its entry is finished, and the row stays sending",
        install=acknowledged_when_asked_to_stop,
    ),
    Defect(
        name="deleted and not acknowledged",
        caught_by="queue-operations",
        because="at rest its entry is still pending",
        install=deleted_and_not_acknowledged,
    ),
    Defect(
        name="stream holds one",
        caught_by="queue-operations",
        because="the stream was trimmed, and nobody had been given it",
        install=stream_holds_one,
    ),
)
