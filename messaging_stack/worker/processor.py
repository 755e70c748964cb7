"""From a queue entry to an acknowledged one: claim the message, deliver it, record what came of it, acknowledge."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Any

from messaging_stack import database, metrics
from messaging_stack.errors import PoisonEntry
from messaging_stack.logs import get_logger
from messaging_stack.providers.base import Outgoing
from messaging_stack.store import transitions
from messaging_stack.waiting import until_it_works
from messaging_stack.worker.ledger import DeadLetter

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine, Sequence
    from uuid import UUID

    import asyncpg

    from messaging_stack.delivery import Deliverer
    from messaging_stack.queue import Entry
    from messaging_stack.worker.ledger import Acknowledger, Recorder

log = get_logger()


class Processor:
    """Works on up to `concurrency` entries at once (a batch may take it a little beyond)."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool,
        deliverer: Deliverer,
        recorder: Recorder,
        acknowledger: Acknowledger,
        concurrency: int,
        stop: asyncio.Event,
    ) -> None:
        self._pool = pool
        self._deliverer = deliverer
        self._recorder = recorder
        self._acknowledger = acknowledger
        self._concurrency = concurrency
        self._stop = stop
        self._held: dict[tuple[str, str], Entry] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_room = asyncio.Event()
        self._has_room.set()

    @property
    def held(self) -> Collection[Entry]:
        """The entries in hand."""
        return list(self._held.values())

    @property
    def room(self) -> int:
        """How many more can be taken."""
        return max(0, self._concurrency - len(self._held))

    async def until_room(self) -> int:
        """Waits until more can be taken; how many."""
        await self._has_room.wait()
        return self.room

    async def idle(self) -> None:
        """Waits until nothing is in hand."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def take(self, entries: Sequence[Entry]) -> None:
        """Begins to work on these; those already in hand are left out."""
        fresh = [entry for entry in entries if (entry.stream, entry.id) not in self._held]
        by_message: list[tuple[UUID, Entry]] = []
        for entry in fresh:
            self._hold(entry)
            try:
                by_message.append((entry.message_id(), entry))
            except PoisonEntry as poison:
                self._start(entry, self._bury(entry, poison))
        if not by_message:
            return
        try:
            rows = await until_it_works(
                lambda: transitions.claim(self._pool, [(message_id, entry.id) for message_id, entry in by_message]),
                errors=database.CONNECTION_ERRORS,
                stop=self._stop,
                doing="claiming messages",
            )
        except Exception:
            for _, entry in by_message:
                self._release(entry)
            raise
        claimed = {(row["id"], row["entry"]): row for row in rows}
        for message_id, entry in by_message:
            row = claimed.get((message_id, entry.id))
            self._start(entry, self._deliver(entry, row) if row else self._settle(entry, message_id))

    async def _deliver(self, entry: Entry, row: Any) -> None:
        message = Outgoing.from_row(row)
        began = perf_counter()
        outcome = await self._deliverer.deliver(
            message, provider=row["provider"], retry_count=row["retry_count"], max_retries=row["max_retries"]
        )
        metrics.PROVIDER_SECONDS.labels(row["provider"]).observe(perf_counter() - began)
        metrics.OUTCOMES.labels(outcome.status).inc()
        if not await self._recorder.record(outcome, provider=row["provider"]):
            log.warning("Message had already come further", message_id=str(message.id), outcome=outcome.status)
        elif outcome.status == "sent":
            log.info("Message sent successfully", message_id=str(message.id))
        dead = DeadLetter(reason="retries_exhausted", error=outcome.error or "") if outcome.exhausted else None
        await self._finish(entry, message.id, dead=dead)

    async def _settle(self, entry: Entry, message_id: UUID) -> None:
        """The message couldn't be claimed: it is unknown, or dealt with, or another entry is being worked on for it."""
        row = (await transitions.look_up(self._pool, [message_id])).get(message_id)
        if row is None:
            await self._bury(entry, PoisonEntry(f"there is no message {message_id}", reason="unknown_message"))
            return
        status, own = row["status"], row["claim"] == entry.id
        if status == "pending":  # can't be acted on, mustn't be lost: it stays with us, and is claimed again later
            log.warning("Message is pending but can't be claimed", message_id=str(message_id))
            return
        dead = None
        if own and status == "failed" and row["retry_count"] >= row["max_retries"]:
            dead = DeadLetter(reason="retries_exhausted", error=row["error_message"] or "")
        if row["provider_message_id"] is not None:
            await self._recorder.apply_reports(row["provider"], [row["provider_message_id"]])
        log.info("Nothing to do for this entry", message_id=str(message_id), status=status, entry=entry.id)
        await self._finish(entry, message_id, dead=dead)

    async def _finish(self, entry: Entry, message_id: UUID, *, dead: DeadLetter | None = None) -> None:
        await self._acknowledger.acknowledge(entry, dead=dead)
        if dead:
            metrics.DEAD.labels(dead.reason).inc()
        log.info(f"Successfully processed message: {message_id}", message_id=str(message_id))

    async def _bury(self, entry: Entry, poison: PoisonEntry) -> None:
        log.error(
            "Entry goes to the dead letters",
            stream=entry.stream,
            entry=entry.id,
            reason=poison.reason,
            error=str(poison),
        )
        await self._acknowledger.acknowledge(entry, dead=DeadLetter(reason=poison.reason, error=str(poison)))
        metrics.DEAD.labels(poison.reason).inc()

    def _start(self, entry: Entry, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(entry, done))

    def _ended(self, entry: Entry, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._release(entry)
        if not task.cancelled() and (error := task.exception()):
            # It stays in our pending list, and comes again when it has idled long enough.
            log.error("Entry was left unfinished", stream=entry.stream, entry=entry.id, exc_info=error)

    def _hold(self, entry: Entry) -> None:
        self._held[entry.stream, entry.id] = entry
        metrics.IN_HAND.set(len(self._held))
        if len(self._held) >= self._concurrency:
            self._has_room.clear()

    def _release(self, entry: Entry) -> None:
        self._held.pop((entry.stream, entry.id), None)
        metrics.IN_HAND.set(len(self._held))
        if len(self._held) < self._concurrency:
            self._has_room.set()
