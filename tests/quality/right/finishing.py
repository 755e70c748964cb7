"""Ways in which a worker may finish an entry, each in place of the reference stack's XACK and XDEL in one packet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.quality.right.pace import pause

GROUP = "workers"
SCRIPT = """
redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2))
return redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
"""
TRIMMED_TO = 400

Step = Callable[[Any, str, Sequence[str]], Any]


async def ack(redis: Any, stream: str, ids: Sequence[str]) -> None:
    await redis.xack(stream, GROUP, *ids)


async def delete(redis: Any, stream: str, ids: Sequence[str]) -> None:
    await redis.xdel(stream, *ids)


async def trim(redis: Any, stream: str, ids: Sequence[str]) -> None:
    """Bounds the stream by its length, far above what waits on it."""
    await redis.xtrim(stream, maxlen=TRIMMED_TO, approximate=False)


async def trim_by_id(redis: Any, stream: str, ids: Sequence[str]) -> None:
    """Trims what is older than all that is pending, or than what was just finished."""
    pending = await redis.xpending(stream, GROUP)
    oldest = (
        pending["min"].decode() if pending["pending"] else min(ids, key=lambda one: tuple(map(int, one.split("-"))))
    )
    await redis.xtrim(stream, minid=oldest, approximate=False)


async def transaction(redis: Any, stream: str, ids: Sequence[str]) -> None:
    async with redis.pipeline(transaction=True) as pipe:
        pipe.xack(stream, GROUP, *ids)
        pipe.xdel(stream, *ids)
        await pipe.execute()


async def script(redis: Any, stream: str, ids: Sequence[str]) -> None:
    await redis.eval(SCRIPT, 1, stream, GROUP, *ids)


async def one_by_one(redis: Any, stream: str, ids: Sequence[str]) -> None:
    for entry in ids:
        await ack(redis, stream, [entry])
        await delete(redis, stream, [entry])


def by(*steps: Step, pause_s: float = 0.0) -> Callable[[], None]:
    """Makes a worker finish entries in these steps, each a round trip of its own, with a pause before each but one."""

    def install() -> None:
        from messaging_stack import queue

        async def acknowledge(redis: Any, entries: Any, *, dead: Sequence[tuple[Any, str, str]] = ()) -> None:
            by_stream: dict[str, list[str]] = {}
            for entry in entries:
                by_stream.setdefault(entry.stream, []).append(entry.id)
            for entry, reason, error in dead:
                await redis.xadd(queue.DEAD_STREAM, queue.dead_letter(entry, reason=reason, error=error))
            for number, step in enumerate(steps):
                await pause(pause_s if number else 0)
                for stream, ids in by_stream.items():
                    await step(redis, stream, ids)

        queue.acknowledge = acknowledge

    return install


def first(pause_s: float) -> Callable[[], None]:
    """Waits before entries are finished, so that what was sent meanwhile is finished together with them."""

    def install() -> None:
        from messaging_stack.worker.ledger import Acknowledger

        flush = Acknowledger._flush

        async def flushed(self: Any, batch: Any) -> Any:
            await pause(pause_s)
            return await flush(self, batch)

        Acknowledger._flush = flushed

    return install


def appending(**how: Any) -> Callable[[], None]:
    """The API appends otherwise: XADD with these options, and the fields of `more`; `id` is called for each entry."""

    def install() -> None:
        from messaging_stack import queue
        from messaging_stack.publishing.publisher import Publisher

        async def append(self: Any, intents: Any) -> None:
            for intent in intents:
                data = queue.encode(
                    message_id=intent.message_id, retry_count=intent.retry_count, scheduled_at=intent.scheduled_at
                )
                options = {**how}
                fields = {**options.pop("more", {}), "data": data}
                make = options.pop("id", None)
                named = {"id": make()} if make else {}
                await self._redis.xadd(queue.stream_of(intent.message_type), fields, **named, **options)

        Publisher.append = append

    return install


def own_ids() -> Callable[[], str]:
    """Ids of the API's own: microseconds, and a serial number."""
    import itertools
    import time

    serial = itertools.count()
    return lambda: f"{time.time_ns() // 1000}-{next(serial)}"


bounded = appending(maxlen=TRIMMED_TO, approximate=False)
roughly_bounded = appending(maxlen=TRIMMED_TO, approximate=True, nomkstream=True)
with_ids_of_its_own = appending(id=own_ids())
with_bytes = appending(more={"trace": bytes(range(256)), "quotes": b'"\\ \r\n'})


def together(*installs: Callable[[], None]) -> Callable[[], None]:
    """Several seams replaced."""

    def install() -> None:
        for one in installs:
            one()

    return install
