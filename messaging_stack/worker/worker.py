"""The worker's loops: one reads new entries, one looks after those in hand and those of dead workers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from messaging_stack import database, queue
from messaging_stack.logs import get_logger
from messaging_stack.waiting import is_set_within, until_it_works

if TYPE_CHECKING:
    from messaging_stack.worker.consumer import Consumer
    from messaging_stack.worker.processor import Processor

log = get_logger()

_ERRORS = (queue.RedisError, *database.CONNECTION_ERRORS)
_INTERRUPT_EVERY_S = 0.05
_LAST_WORDS_S = 0.5


class Worker:
    """Runs until `stop` is set, then finishes what it holds, for at most `shutdown_timeout_s`."""

    def __init__(
        self,
        *,
        consumer: Consumer,
        processor: Processor,
        batch: int,
        upkeep_every_s: float,
        shutdown_timeout_s: float,
        stop: asyncio.Event,
    ) -> None:
        self._consumer = consumer
        self._processor = processor
        self._batch = batch
        self._upkeep_every_s = upkeep_every_s
        self._shutdown_timeout_s = shutdown_timeout_s
        self._stop = stop

    async def run(self) -> None:
        """Returns once it has stopped."""
        reading = asyncio.create_task(self._read_until_stopped(), name="reading")
        upkeep = asyncio.create_task(self._upkeep_until_stopped(), name="upkeep")
        stopping = asyncio.create_task(self._stop.wait(), name="stopping")
        await asyncio.wait((reading, upkeep, stopping), return_when=asyncio.FIRST_COMPLETED)
        self._stop.set()  # also when a loop broke: its error is raised below
        await self._interrupt(reading)
        try:
            await asyncio.wait_for(self._processor.idle(), self._shutdown_timeout_s)
        except TimeoutError:
            log.warning(
                "stopped with entries in hand; another worker will take them", entries=len(self._processor.held)
            )
        await asyncio.wait((reading, upkeep), timeout=_LAST_WORDS_S)
        for loop in (reading, upkeep):
            loop.cancel()  # nothing to lose: it waits for a database or a Redis that doesn't answer
        results = await asyncio.gather(reading, upkeep, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _interrupt(self, reading: asyncio.Task[None]) -> None:
        """Ends a read that waits. Again and again, since it may have been about to begin when first told."""
        for _ in range(round(1 / _INTERRUPT_EVERY_S)):
            if reading.done():
                return
            try:
                await self._consumer.interrupt()
            except _ERRORS:
                break
            await asyncio.wait((reading,), timeout=_INTERRUPT_EVERY_S)
        reading.cancel()  # Redis doesn't answer; what it delivers now stays pending, and is claimed by another
        await asyncio.wait((reading,))

    async def _read_until_stopped(self) -> None:
        while not self._stop.is_set():
            try:
                await until_it_works(self._consumer.join, errors=_ERRORS, stop=self._stop, doing="joining the queue")
                async for entries in self._consumer.left_over(count=self._batch):
                    await self._processor.until_room()
                    await self._processor.take(entries)
                # what others left may have waited for just this worker: it needn't wait for the next round of upkeep
                if room := self._processor.room:
                    await self._processor.take(await self._consumer.claim_stale(count=min(room, self._batch)))
                while not self._stop.is_set():
                    room = await self._processor.until_room()
                    entries = await self._consumer.read(count=min(room, self._batch))
                    if entries:
                        await self._processor.take(entries)
            except asyncio.CancelledError:
                return
            except _ERRORS as error:
                if not self._stop.is_set():
                    log.warning("reading the queue failed", error=repr(error))
                    # reason: a pause before joining anew; Redis doesn't announce that it is back
                    await is_set_within(self._stop, 0.1)

    async def _upkeep_until_stopped(self) -> None:
        # reason: a timer by nature; entries of dead workers don't announce themselves
        while not await is_set_within(self._stop, self._upkeep_every_s):
            try:
                if held := self._processor.held:
                    await self._consumer.keep(held)
                # never waiting for room here: what is in hand must be kept, above all when there is much of it
                if room := self._processor.room:
                    await self._processor.take(await self._consumer.claim_stale(count=min(room, self._batch)))
            except _ERRORS as error:
                log.warning("looking for stale entries failed", error=repr(error))
