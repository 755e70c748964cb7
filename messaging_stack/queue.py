"""The Redis Streams that carry messages from the API to the worker: their names, their entries, their commands.

Pipelines are never transactions: nothing here needs MULTI, and every command can be read on the wire by itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from inspect import signature
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from redis.asyncio import Connection, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError, ResponseError

from messaging_stack.errors import PoisonEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from messaging_stack.settings import Settings

PREFIX: Final = "message_queue:"
STREAMS: Final = tuple(f"{PREFIX}{kind}" for kind in ("sms", "mms", "email"))
DEAD_STREAM: Final = f"{PREFIX}dead"
GROUP: Final = "workers"
# without it a new connection says which library it is, by two commands more; under other names before redis-py 7
UNINTRODUCED: Final[dict[str, Any]] = dict.fromkeys(
    ("driver_info",) if "driver_info" in signature(Redis.__init__).parameters else ("lib_name", "lib_version")
)

__all__ = ["RedisError", "ResponseError"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One delivery of a queue entry."""

    stream: str
    id: str
    data: str | None

    def message_id(self) -> UUID:
        """The message it is about; raises PoisonEntry when it says none."""
        if self.data is None:
            raise PoisonEntry("the entry has no field 'data'", reason="malformed")
        try:
            return UUID(json.loads(self.data)["message_id"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise PoisonEntry(f"the entry's data names no message: {error!r}", reason="malformed") from error


def stream_of(message_type: str) -> str:
    """The stream that carries messages of this type."""
    return PREFIX + message_type


def encode(*, message_id: UUID, retry_count: int, scheduled_at: datetime) -> str:
    """An entry's `data`."""
    return json.dumps(
        {"message_id": str(message_id), "retry_count": retry_count, "scheduled_at": scheduled_at.isoformat()}
    )


class _Connection(Connection):
    """Tells a lost connection as such, also in the moment when redis-py has not noticed it yet."""

    async def send_packed_command(self, *arguments: Any, **options: Any) -> None:
        try:
            await super().send_packed_command(*arguments, **options)
        except RuntimeError as error:  # uvloop's word for a transport that was closed under us
            raise ConnectionLost("the connection was lost") from error


def connect(settings: Settings, *, name: str, timeout_s: float | None, connections: int | None = None) -> Redis:
    """A client with a pool of its own; connects when it is first used.

    It never repeats a command by itself: an XADD whose answer was lost may have been carried out.
    """
    redis = Redis(
        host=settings.redis_host,
        port=settings.redis_port,
        db=settings.redis_db,
        password=settings.redis_password.get_secret_value() if settings.redis_password else None,
        protocol=2,
        client_name=name,
        **UNINTRODUCED,
        socket_connect_timeout=5.0,
        socket_timeout=timeout_s,
        max_connections=connections,
        retry=Retry(NoBackoff(), 0),
    )
    redis.connection_pool.connection_class = _Connection
    return redis


async def create_groups(redis: Redis) -> None:
    """Makes the streams and their consumer group where they don't exist; from the beginning, so nothing is skipped."""
    for stream in STREAMS:
        try:
            await redis.xgroup_create(stream, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise


async def acknowledge(redis: Redis, entries: Iterable[Entry], *, dead: Sequence[tuple[Entry, str, str]] = ()) -> None:
    """Acknowledges and deletes the entries, all or none of it; with them adds `dead` ones to the dead letters.

    Each of `dead` is an entry, a reason (a word) and an error (a sentence). In one transaction: who dies between an
    acknowledgement and a deletion would leave an entry on its stream for ever, since nobody is given it again.
    """
    by_stream: dict[str, list[str]] = {}
    for entry in entries:
        by_stream.setdefault(entry.stream, []).append(entry.id)
    async with redis.pipeline(transaction=True) as pipe:
        for entry, reason, error in dead:
            pipe.xadd(DEAD_STREAM, dead_letter(entry, reason=reason, error=error))
        for stream, ids in by_stream.items():
            pipe.xack(stream, GROUP, *ids)
            pipe.xdel(stream, *ids)
        await pipe.execute()


def dead_letter(entry: Entry, *, reason: str, error: str) -> dict[Any, Any]:
    """The fields of a dead letter: the original data, why it is dead, and where it was."""
    return {
        "data": entry.data or "",
        "reason": reason,
        "error": error,
        "stream": entry.stream,
        "entry_id": entry.id,
    }


def parse_entries(stream: str, raw: Iterable[tuple[bytes, dict[bytes, bytes] | None]]) -> list[Entry]:
    """Entries from a reply; one deleted meanwhile has no fields."""
    return [Entry(stream=stream, id=entry_id.decode(), data=_data(fields)) for entry_id, fields in raw]


def _data(fields: dict[bytes, bytes] | None) -> str | None:
    value = (fields or {}).get(b"data")
    return None if value is None else value.decode("utf-8", "replace")
