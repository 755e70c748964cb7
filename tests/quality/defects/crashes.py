"""Of crashes: what a process leaves behind that ends between two steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.quality.defects.defect import Defect

CHECK = "crash-points"


def acknowledged_before_the_row() -> None:
    """The entry is gone once the provider has accepted, and the row is written after that."""
    from messaging_stack.worker.ledger import DeadLetter
    from messaging_stack.worker.processor import Processor

    async def deliver(self: Any, entry: Any, row: Any) -> None:
        from messaging_stack.providers.base import Outgoing

        outcome = await self._deliverer.deliver(
            Outgoing.from_row(row),
            provider=row["provider"],
            retry_count=row["retry_count"],
            max_retries=row["max_retries"],
        )
        dead = DeadLetter(reason="retries_exhausted", error=outcome.error or "") if outcome.exhausted else None
        await self._finish(entry, row["id"], dead=dead)
        await self._recorder.record(outcome, provider=row["provider"])

    Processor._deliver = deliver


def deleted_when_claimed() -> None:
    """The entry is acknowledged and deleted as soon as its message is claimed: its worker alone knows of it then."""
    from messaging_stack import queue
    from messaging_stack.worker.processor import Processor

    deliver = Processor._deliver

    async def eager(self: Any, entry: Any, row: Any) -> None:
        await queue.acknowledge(self._acknowledger._redis, [entry])
        await deliver(self, entry, row)

    Processor._deliver = eager


def read_without_pending() -> None:
    """Entries are read with NOACK: what a worker was given, nobody is given again."""
    from messaging_stack.queue import GROUP, parse_entries
    from messaging_stack.worker.consumer import Consumer

    async def read(self: Any, redis: Any, after: dict[str, str], *, count: int, block_ms: int | None) -> Any:
        answer: Any = await redis.xreadgroup(GROUP, self._name, after, count=count, block=block_ms, noack=True)
        return [entry for stream, raw in answer or [] for entry in parse_entries(stream.decode(), raw)]

    Consumer._read = read


def sent_in_the_claim() -> None:
    """The row says `sent` with the claim, in one statement: a worker that dies before its call has said too much."""
    from messaging_stack.store import transitions
    from messaging_stack.worker.processor import Processor

    claimed = transitions._CLAIM.replace("SET status = 'sending'", "SET status = 'sent', sent_at = clock_timestamp()")
    transitions._CLAIM = claimed.replace("was, 'sending' FROM", "was, 'sent' FROM")

    async def record(self: Any, outcome: Any, *, provider: str) -> bool:
        if outcome.provider_message_id is not None:
            await self._pool.execute(
                "UPDATE messages SET provider_message_id = $1 WHERE id = $2",
                outcome.provider_message_id,
                outcome.message_id,
            )
        return True

    take = Processor.take

    async def taking(self: Any, entries: Any) -> None:
        self._recorder.__class__.record = record
        await take(self, entries)

    Processor.take = taking


def forgotten_before_it_is_queued() -> None:
    """The outbox' row is deleted first, and the entry appended after that."""
    from messaging_stack.publishing.publisher import Publisher

    append = Publisher.append

    async def forgets(self: Any, intents: Any) -> None:
        await self._forget.submit((self.owner, [intent.id for intent in intents]))
        await append(self, intents)

    Publisher.append = forgets


def answered_before_it_is_committed() -> None:
    """The answer goes out at once, and the message is stored in the background."""
    import asyncio
    from datetime import UTC, datetime

    from messaging_stack.api.dispatch import QueueDispatcher

    dispatch = QueueDispatcher.dispatch
    running: set[Any] = set()

    async def later(self: Any, message: Any, *, idempotency_key: str | None) -> Any:
        if idempotency_key is not None:
            return await dispatch(self, message, idempotency_key=idempotency_key)
        storing = asyncio.create_task(dispatch(self, message, idempotency_key=None))
        running.add(storing)
        storing.add_done_callback(running.discard)
        now = datetime.now(UTC)
        empty = ("provider_message_id", "retry_count", "error_message", "conversation_id")
        row: dict[str, Any] = dict.fromkeys((*empty, "sent_at", "delivered_at", "failed_at"))
        row |= {"id": message.id, "provider": message.provider, "direction": "outbound", "status": "pending"}
        row |= {"message_type": message.type, "from_address": message.sender, "to_address": message.recipient}
        row |= {"body": message.body, "attachments": message.attachments, "metadata": message.metadata}
        return row | {"created_at": now, "updated_at": now}, True

    QueueDispatcher.dispatch = later


def queued_in_a_transaction_of_its_own() -> None:
    """The message is stored first, and the intent to queue it in another transaction: who dies between leaves it."""
    from messaging_stack.store import messages

    insert = messages.insert

    async def apart(pool: Any, message: Any, *, owner: int | None = None, **more: Any) -> Any:
        row, new = await insert(pool, message, owner=owner, **{**more, "queue": False})
        if not new:
            return row, new
        told = "INSERT INTO outbox (message_id, owner) VALUES ($1, $2::integer) RETURNING id"
        return {**row, "intent": await pool.fetchval(told, message.id, owner)}, new

    messages.insert = apart


def never_claims_what_was_sending() -> None:
    """What is `sending` already is taken for somebody else's: a message of a dead worker is dropped with its entry."""
    from messaging_stack.store import transitions

    transitions._CLAIM = transitions._CLAIM.replace("OR (m.status = 'sending' AND m.claim = c.entry)", "")


def retry_planned_after_its_entry() -> None:
    """The row says that it will be tried again, its entry is finished, and then the next try is planned."""
    from messaging_stack.store import transitions
    from messaging_stack.worker.processor import Processor

    told = "INSERT INTO outbox (message_id, available_at) SELECT id, retry_after FROM moved WHERE status = 'retry'"
    assert told in transitions._RECORD, "the statement reads otherwise now"
    transitions._RECORD = transitions._RECORD.replace(told, f"{told} AND false")
    finish = Processor._finish

    async def finished(self: Any, entry: Any, message_id: Any, *, dead: Any = None) -> None:
        await finish(self, entry, message_id, dead=dead)
        query = "INSERT INTO outbox (message_id, available_at) SELECT id, retry_after FROM messages WHERE id = $1"
        await self._pool.execute(f"{query} AND status = 'retry'", message_id)
        await self._pool.execute("NOTIFY outbox")

    Processor._finish = finished


def defect(name: str, because: str, install: Callable[[], None], *, who: str) -> Defect:
    options = ("--deep", "--check", CHECK, "--keyword", f"{who} and not email")
    return Defect(name=name, caught_by=CHECK, because=because, install=install, options=options)


DEFECTS: tuple[Defect, ...] = (
    defect(
        "acknowledges before its row says sent",
        "unrecorded: killed the worker",
        acknowledged_before_the_row,
        who="worker",
    ),
    defect("deletes its entry when it claims", "killed the worker", deleted_when_claimed, who="worker"),
    defect("reads entries with NOACK", "lost: killed the worker", read_without_pending, who="worker"),
    defect("writes sent with the claim", "lost: killed the worker", sent_in_the_claim, who="worker"),
    defect("drops what a dead worker was sending", "killed the worker", never_claims_what_was_sending, who="worker"),
    Defect(
        name="plans its retry after its entry",
        caught_by=CHECK,
        because="lost: killed the worker",
        install=retry_planned_after_its_entry,
        options=("--deep", "--check", CHECK, "--keyword", "second_try and worker"),
    ),
    defect("forgets its intent before it queues", "lost: killed the api", forgotten_before_it_is_queued, who="others"),
    defect("answers before it commits", "lost: killed the api before", answered_before_it_is_committed, who="others"),
    defect(
        "stores the intent in a transaction of its own",
        "lost: killed the api",
        queued_in_a_transaction_of_its_own,
        who="others",
    ),
)
