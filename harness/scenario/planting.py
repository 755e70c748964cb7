"""What a scenario does to the stack's own queue: it puts entries there that can't be delivered, and makes others old.

Only where we deploy the stack: nobody else works on its queue, and all of it is gone at the end.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import redis

from harness.checks.entry_life import Poison
from harness.deploy.driver import Driver
from harness.errors import Inconclusive, Unobservable
from harness.history import Event, key
from harness.probes.asked import client
from harness.probes.entries import message_of
from harness.probes.planted import new_token
from harness.profile import Queue
from harness.profile.base import Channel
from harness.scenario.disturbances import began, ended
from harness.scenario.holds import RoleControl
from harness.scenario.steps import step
from harness.scenario.tracked import TrackedFlow
from harness.scenario.waiting import Waiting

NOBODYS: Final = "names a message that there isn't"
ASK_S: Final = 10.0
Fields = dict[str, str]


class Planting:
    """The queue of a stack that we deploy, as a scenario may change it."""

    def __init__(self, *, waiting: Waiting, driver: Driver, worker: RoleControl) -> None:
        self._waiting = waiting
        self._worker = worker
        self._driver = driver
        self._queue = waiting.profile.queue

    def _redis(self) -> Any:
        """A client of its own; raises Unobservable where the queue isn't ours to change, or no stream."""
        where = self._driver.addresses.redis
        if self._waiting.profile.deploy.driver == "attached" or where is None:
            reason = "the queue of an attached stack is not ours to change"
            raise Unobservable(reason, remedy="let the harness deploy the stack")
        if self._queue.base != "stream" or self._queue.group is None:
            raise Unobservable("what stands on a queue can be changed only of a stream with a consumer group")
        return client(redis.Redis, where, socket_timeout=ASK_S)

    @property
    def can_age(self) -> bool:
        """Whether Redis says of entries in somebody's hands for how long nobody touched them, and may be told so."""
        return (
            self._waiting.profile.deploy.driver != "attached"
            and self._queue.base == "stream"
            and self._queue.group is not None
        )

    @contextlib.contextmanager
    @step(lambda *_, **__: "put entries on the queue that can't be delivered")
    def poison(self, channel: Channel) -> Iterator[list[Event]]:
        """Puts entries that no worker can deliver on the stream of a channel; yields an event for each.

        They are like the last that the stack has put there itself, but for one thing each. What is left of them at the
        end of the block is taken away. Raises Unobservable where that can't be done.
        """
        history, stream = self._waiting.history, self._queue.streams.get(channel, "")
        sample = self._sample(stream)
        planted: list[Event] = []
        with self._redis() as there:
            try:
                for how, make in POISONS.items():
                    token = new_token()
                    fields = make(sample, self._queue, token)
                    if fields is None:
                        continue
                    with asking():
                        entry = there.xadd(stream, fields).decode()
                    data = {"mark": token, "how": how, "stream": stream, "id": entry}
                    planted.append(began(history, "poison", "queue", entry=key("entry", stream, entry), **data))
                    ended(history, planted[-1], hits=1)
                yield planted
            finally:
                with self._stopped_unless_finished(planted):
                    self._clear(there, stream, planted)

    @contextlib.contextmanager
    def _stopped_unless_finished(self, planted: Sequence[Event]) -> Iterator[None]:
        """Ends the workers for as long as the block runs, where one may have some of these in hand, or died of it."""
        if all(one.finish for one in self._poisons(planted)):
            yield
            return
        running = len(self._worker.names)
        if running:
            self._worker.terminate()
        try:
            yield
        finally:
            self._worker.start(count=running or None)

    def _poisons(self, planted: Sequence[Event]) -> list[Poison]:
        return [Poison(event, self._waiting.history, self._waiting.profile) for event in planted]

    def _clear(self, there: Any, stream: str, planted: Sequence[Event]) -> None:
        """Takes away what is left of these, and what workers have put back of them."""
        tokens = {event.data["mark"] for event in planted}
        back = self._waiting.history.events("queue.appended", "queue.claimed")
        mine = [e for e in back if e.data.get("planted") in tokens and e.data["stream"] == stream]
        ids = sorted({str(event.data["id"]) for event in (*planted, *mine)})
        if ids:
            with asking():
                there.xack(stream, self._queue.group_on(stream), *ids)
                there.xdel(stream, *ids)

    def await_end(self, planted: Sequence[Event], *, dead_letters: Sequence[Event]) -> None:
        """Waits until each of these is finished, and those of `dead_letters` are told of there, or had their time."""
        waiting = self._waiting

        def over() -> bool | None:
            ones = self._poisons(planted)
            told = all(one.finish and (one.dead or one.planted not in dead_letters) for one in ones)
            return told or bool(waiting.facts.no_consumer()) or None

        waiting.until(over, what="poison", within=waiting.profile.policy.finished_within)
        waiting.settle()

    def _sample(self, stream: str) -> Fields:
        """The fields of the entry that the stack was last seen to put on a stream."""
        seen = self._waiting.history.events("queue.appended")
        found = [event for event in seen if event.data["stream"] == stream and "planted" not in event.data]
        if not found:
            raise Unobservable(f"no entry was seen on {stream}, so nobody knows what one looks like")
        return dict(found[-1].data["fields"])

    @contextlib.contextmanager
    @step(lambda *_: "delete the consumer groups")
    def groups_lost(self) -> Iterator[Event]:
        """Deletes the workers' consumer groups, as a Redis does that comes back with less than it had.

        At the end of the block those that nobody has made again are made. Raises Unobservable where that can't be done.
        """
        history, groups = (
            self._waiting.history,
            {one: self._queue.group_on(one) for one in self._queue.streams.values()},
        )
        with self._redis() as there:
            begin = began(history, "group lost", "redis")
            try:
                with asking():
                    gone = sum(
                        there.xgroup_destroy(stream, group) for stream, group in groups.items() if there.exists(stream)
                    )
                ended(history, begin, hits=gone)
                yield begin
            finally:
                for stream, group in groups.items():
                    with contextlib.suppress(redis.ResponseError):  # it is there
                        there.xgroup_create(stream, group, id="0", mkstream=True)

    @step(lambda _, flows, **__: f"make the entries of {len(flows)} messages old")
    def age(self, flows: Sequence[TrackedFlow], *, seconds: float) -> None:
        """Makes Redis say of entries that somebody has in hand that he has said nothing of them for so long.

        So whoever looks after entries of dead workers finds them at his next look. Raises Unobservable where that can't
        be done.
        """
        history, aged = self._waiting.history, 0
        entries = {(str(e.data["stream"]), str(e.data["id"])) for flow in flows for e in flow.now.appends}
        with self._redis() as there, asking():
            begin = began(history, "aging", "queue", seconds=seconds)
            for stream, entry in sorted(entries):
                group = self._queue.group_on(stream)
                for one in there.xpending_range(stream, group, entry, entry, 1):
                    idle = int(seconds * 1000)
                    there.xclaim(stream, group, one["consumer"], 0, [entry], idle=idle, justid=True)
                    aged += 1
            ended(history, begin, hits=aged)


@contextlib.contextmanager
def asking() -> Iterator[None]:
    """Raises Inconclusive where Redis doesn't do what it is asked."""
    try:
        yield
    except redis.RedisError as error:
        raise Inconclusive(f"the stack's queue can't be changed: {error}") from error


# what can be wrong with an entry


def unreadable(sample: Fields, queue: Queue, token: str) -> Fields | None:
    """Its JSON breaks off; where the id stands by itself, that is no id."""
    if queue.field in sample:
        return {**sample, queue.field: f'{{"{token}'}
    return {**sample, queue.message_id: token} if queue.message_id in sample else None


def nameless(sample: Fields, queue: Queue, token: str) -> Fields | None:
    """Its JSON says all but which message it is about."""
    inner = inside(sample, queue)
    if inner is None:
        return None
    return {**sample, queue.field: json.dumps({**without_id(inner, queue), "note": token})}


def fieldless(sample: Fields, queue: Queue, token: str) -> Fields | None:  # noqa: ARG001 - reason: one signature for all
    """Nothing in it that the stack puts there."""
    return {"note": token}


def nobodys(sample: Fields, queue: Queue, token: str) -> Fields | None:
    """It is as it should be, and there is no such message."""
    name = another(message_of(sample, queue))
    if name is None:
        return None
    inner = inside(sample, queue)
    if inner is not None and queue.message_id in inner:
        value = int(name) if isinstance(inner[queue.message_id], int) else name
        return {**sample, queue.field: json.dumps({**inner, queue.message_id: value}), "note": token}
    return {**sample, queue.message_id: name, "note": token} if queue.message_id in sample else None


POISONS: Final[Mapping[str, Callable[[Fields, Queue, str], Fields | None]]] = {
    "can't be read": unreadable,
    "names no message": nameless,
    "has none of the stack's fields": fieldless,
    NOBODYS: nobodys,
}
"""What is wrong with an entry, in words that follow it, and how it is made of one of the stack's own."""


def inside(sample: Fields, queue: Queue) -> dict[str, Any] | None:
    """What stands in the field of an entry that is written as JSON."""
    if queue.encoding != "json" or queue.field not in sample:
        return None
    try:
        found = json.loads(sample[queue.field])
    except ValueError:  # it was longer than what is recorded of one
        return None
    return found if isinstance(found, dict) else None


def without_id(inner: Mapping[str, Any], queue: Queue) -> dict[str, Any]:
    first = queue.message_id.lstrip("/").partition("/")[0]
    return {name: value for name, value in inner.items() if name != first}


def another(name: str | None) -> str | None:
    """An id of the same shape that no message has; None for a shape that isn't known."""
    if name is None:
        return None
    if name.isdigit():
        return str(2**31 - 2 - secrets.randbelow(1000))
    with contextlib.suppress(ValueError):
        return str(uuid.UUID(name) and uuid.uuid4())
    return None
