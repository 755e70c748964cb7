"""Of sending: who does the work, in which order, and how often."""

from __future__ import annotations

from typing import Any

from tests.quality.defects.defect import Defect


def processed_inline() -> None:
    """The API calls the provider itself before it answers."""
    from messaging_stack.api import services

    setattr(services, "_dispatcher", lambda settings, *, pool, redis: services._inline(settings, pool=pool))  # noqa: B010


def never_queued() -> None:
    """The message is stored, and nobody is told."""
    from messaging_stack.api.dispatch import QueueDispatcher
    from messaging_stack.store import messages

    async def dispatch(self: Any, message: Any, *, idempotency_key: str | None) -> Any:
        return await messages.insert(self._pool, message, max_retries=5, queue=False, owner=None)

    QueueDispatcher.dispatch = dispatch


def queued_twice() -> None:
    """Each message is put on its stream two times."""
    from messaging_stack.publishing.publisher import Publisher

    append = Publisher.append

    async def twice(self: Any, intents: Any) -> None:
        await append(self, intents)
        await append(self, intents)

    Publisher.append = twice


def acknowledged_before_the_call() -> None:
    """The entry is gone before the provider has the message: a crash in between loses it."""
    from messaging_stack.worker.processor import Processor

    deliver = Processor._deliver

    async def eager(self: Any, entry: Any, row: Any) -> None:
        await self._acknowledger.acknowledge(entry)
        await deliver(self, entry, row)

    Processor._deliver = eager


def never_acknowledged() -> None:
    """The work is done, and the entry stays pending for ever."""
    from messaging_stack.worker.ledger import Acknowledger

    async def nothing(self: Any, entry: Any, *, dead: Any = None) -> None:
        """Leaves the entry where it is."""

    Acknowledger.acknowledge = nothing


def sent_before_accepted() -> None:
    """The row says `sent` while the call is still to be made."""
    from messaging_stack.store.transitions import Outcome
    from messaging_stack.worker.processor import Processor

    deliver = Processor._deliver

    async def early(self: Any, entry: Any, row: Any) -> None:
        await self._recorder.record(Outcome(message_id=row["id"], status="sent"), provider=row["provider"])
        await deliver(self, entry, row)

    Processor._deliver = early


def no_retry() -> None:
    """A provider's passing error is taken for its last word."""
    from messaging_stack.retry import RetryPolicy

    RetryPolicy.delay_s = lambda self, error, *, retry_count, max_retries: None


def resends_after_success() -> None:
    """The provider is called again although it has accepted."""
    from messaging_stack.delivery import Deliverer

    deliver = Deliverer.deliver

    async def again(self: Any, message: Any, **more: Any) -> Any:
        await deliver(self, message, **more)
        return await deliver(self, message, **more)

    Deliverer.deliver = again


def sent_again_as_if_new() -> None:
    """What was sent is claimed once more and sent again, as by a second worker that knows nothing of the first."""
    from messaging_stack.worker.processor import Processor

    deliver = Processor._deliver

    async def twice(self: Any, entry: Any, row: Any) -> None:
        await deliver(self, entry, row)
        await self._pool.execute("UPDATE messages SET status = 'sending' WHERE id = $1 AND status = 'sent'", row["id"])
        await deliver(self, entry, row)

    Processor._deliver = twice


def loses_one_in_a_thousand() -> None:
    """Every thousandth entry that this worker is given is acknowledged, and nothing is delivered."""
    import itertools

    from messaging_stack.worker.processor import Processor

    deliver = Processor._deliver
    numbers = itertools.count(1)

    async def careless(self: Any, entry: Any, row: Any) -> None:
        if next(numbers) % 1000 == 0:
            await self._acknowledger.acknowledge(entry)
        else:
            await deliver(self, entry, row)

    Processor._deliver = careless


def harmless() -> None:
    """Changes nothing, so no check can catch it: shows that an uncaught defect makes the matrix fail."""


DEFECTS = (
    Defect(
        name="processed inline",
        caught_by="sync-processing-disabled",
        because="the API did it",
        install=processed_inline,
    ),
    Defect(name="never queued", caught_by="message-queued", because="no entry within", install=never_queued),
    Defect(name="queued twice", caught_by="message-queued", because="2 entries", install=queued_twice),
    Defect(
        name="acknowledged before the call",
        caught_by="worker-processed",
        because="acknowledged before",
        install=acknowledged_before_the_call,
    ),
    Defect(
        name="never acknowledged",
        caught_by="queue-operations",
        because="at rest its entry is still pending",
        install=never_acknowledged,
    ),
    Defect(
        name="sent before accepted",
        caught_by="worker-processed",
        because="sent-is-earned",
        install=sent_before_accepted,
    ),
    Defect(name="no retry", caught_by="provider-failures", because="was taken for the last word", install=no_retry),
    Defect(
        name="resends after success",
        caught_by="worker-processed",
        because="calls were accepted for one message",
        install=resends_after_success,
    ),
    Defect(
        name="sent again as if new",
        caught_by="whole-record",
        because="delivered more than once",
        install=sent_again_as_if_new,
    ),
)
LOAD_DEFECTS = (
    # so rare that only a load run meets it
    Defect(name="loses one in 1000", caught_by="accounting", because="lost", install=loses_one_in_a_thousand),
)
HARMLESS = Defect(name="harmless", caught_by="worker-processed", because="(nothing)", install=harmless)
