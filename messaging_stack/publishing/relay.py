"""Puts on the stream what its sender couldn't (Redis was away, the process died), and retries when they are due."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from messaging_stack import database
from messaging_stack.logs import get_logger
from messaging_stack.store import outbox
from messaging_stack.waiting import is_set_within

if TYPE_CHECKING:
    import asyncpg

    from messaging_stack.publishing.publisher import Publisher

log = get_logger()

_BATCH = 500
_SWEEP_S = 1.0  # nothing announces that a process died; this is how soon its intents are found
_RETRY_PAUSE_S = 0.25  # after a failure
_SHORTEST_PAUSE_S = 0.005  # when what is due is just being taken by another relay
_STOP_S = 1.0


class Relay:
    """Runs in every API process and every worker, so that either kind alone gets the queue going again.

    The API's relays act at once; the worker's only on what has been due for `lag_s`, which is what no API took: so the
    API is normally the one that appends, and a reader of the wire can tell producer from consumer.
    """

    def __init__(self, *, pool: asyncpg.Pool, publisher: Publisher, lag_s: float) -> None:
        self._pool = pool
        self._publisher = publisher
        self._lag_s = lag_s
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Says that there may be something to do."""
        self._wake.set()

    def start(self) -> None:
        """Begins relaying, in the background."""
        self._task = asyncio.create_task(self._run(), name="relay")

    async def stop(self) -> None:
        """Finishes the batch under way, if that goes quickly, and ends."""
        self._stopping = True
        self._wake.set()
        if self._task:
            await asyncio.wait((self._task,), timeout=_STOP_S)  # reason: Redis may not answer; the outbox keeps it
            self._task.cancel()

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                pause = 0.0 if await self._relay_due() else await self._pause()
            except database.CONNECTION_ERRORS as error:
                log.warning("the outbox can't be read", error=repr(error), next_try_s=_RETRY_PAUSE_S)
                pause = _RETRY_PAUSE_S
            # reason: a timer to the next due time, cut short by a notice from the database or the publisher
            if pause and not self._stopping:
                await is_set_within(self._wake, pause)

    async def _relay_due(self) -> bool:
        """Publishes what is due; says whether to look again at once."""
        owner = self._publisher.owner
        if owner is None:
            return False
        intents = await outbox.take(self._pool, owner=owner, lag_s=self._lag_s, left=self._publisher.left, limit=_BATCH)
        if not intents:
            return False
        relayed = await self._publisher.publish(intents, owner=owner)
        if relayed:
            log.info("relayed from the outbox", messages=len(intents))
        else:
            await is_set_within(self._wake, _RETRY_PAUSE_S)  # reason: a pause before trying Redis again
        return True

    async def _pause(self) -> float:
        if self._publisher.owner is None:  # nothing can be taken now; we are woken when it can
            return _SWEEP_S
        next_due = await outbox.seconds_to_next(self._pool, lag_s=self._lag_s)
        return _SWEEP_S if next_due is None else min(_SWEEP_S, max(next_due, _SHORTEST_PAUSE_S))
