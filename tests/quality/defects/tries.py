"""Of a message's tries: how often, how soon, who knows of the next, and who waits meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.quality.defects.defect import Defect
from tests.quality.defects.failures import defect
from tests.quality.right.pace import pause


def retry_policy(delay: Any) -> None:
    from messaging_stack.retry import RetryPolicy

    usual = RetryPolicy.delay_s

    def delayed(self: Any, error: Any, *, retry_count: int, max_retries: int) -> float | None:
        return delay(lambda **more: usual(self, **{"error": error, "retry_count": retry_count, **more}), error)

    RetryPolicy.delay_s = delayed


def without_end() -> None:
    """Nobody looks how often a message was tried: it is tried for ever."""
    retry_policy(lambda usual, error: usual(retry_count=0, max_retries=1))


def storm() -> None:
    """Tried again at once, and without end: the provider gets as many calls as the stack can make."""
    from messaging_stack.delivery import Deliverer

    deliver = Deliverer.deliver

    async def delivered(self: Any, message: Any, **more: Any) -> Any:
        for _ in range(500):
            outcome = await deliver(self, message, **more)
            if outcome.status != "retry":
                break
        return outcome

    Deliverer.deliver = delivered


def sleeps_in_the_worker() -> None:
    """Who waits for a try sleeps in the worker, and everything behind it waits, too."""
    from messaging_stack.delivery import Deliverer

    deliver, one_at_a_time = Deliverer.deliver, asyncio.Lock()

    async def delivered(self: Any, message: Any, *, retry_count: int, **more: Any) -> Any:
        async with one_at_a_time:
            outcome = await deliver(self, message, retry_count=retry_count, **more)
            while outcome.status == "retry":
                await pause(outcome.retry_in_s or 0.0)
                retry_count += 1
                outcome = await deliver(self, message, retry_count=retry_count, **more)
            return outcome

    Deliverer.deliver = delivered


def given_up_unsaid() -> None:
    """After the last try the entry goes to the dead letters, and the row still says `retry`."""
    from messaging_stack.worker.ledger import Recorder

    record = Recorder.record

    async def recorded(self: Any, outcome: Any, *, provider: str) -> bool:
        return False if outcome.exhausted else await record(self, outcome, provider=provider)

    Recorder.record = recorded


def second_failure_is_final() -> None:
    """It is tried a second time, and never a third."""
    retry_policy(lambda usual, error: usual(max_retries=1))


def tries_kept_in_memory() -> None:
    """When a message is to be tried again only the worker that tried it knows."""
    from messaging_stack.store import transitions
    from messaging_stack.worker.ledger import Recorder

    record, timers = Recorder.record, set()
    transitions._RECORD = transitions._RECORD.replace("FROM moved WHERE status = 'retry'", "FROM moved WHERE false")

    async def recorded(self: Any, outcome: Any, *, provider: str) -> bool:
        moved = await record(self, outcome, provider=provider)
        if outcome.status == "retry":
            timer = asyncio.ensure_future(later(self._pool, outcome))
            timers.add(timer)
            timer.add_done_callback(timers.discard)
        return moved

    async def later(pool: Any, outcome: Any) -> None:
        await pause(outcome.retry_in_s)
        await pool.execute("INSERT INTO outbox (message_id, available_at) VALUES ($1, now())", outcome.message_id)
        await pool.execute("NOTIFY outbox")

    Recorder.record = recorded


DEFECTS: tuple[Defect, ...] = (
    defect("without end", "[retries] attempts is 6", without_end),
    defect("storm", "a storm", storm),
    defect("sleeps in the worker", "were kept until it had been tried again", sleeps_in_the_worker),
    defect("second failure is final", "after 2 calls, and [retries] attempts is 6", second_failure_is_final),
    defect(
        "tries kept in memory",
        "nobody has tried it again since its worker was killed",
        tries_kept_in_memory,
        options=("--deep", "--keyword", "outlives_its_worker"),
    ),
    defect("given up, and nobody says so", "it had its 6 calls, all that [retries] attempts allows", given_up_unsaid),
)
