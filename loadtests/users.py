"""The users that Locust runs: each takes the next arrival of its kind when that is due, and tells what came of it."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

import redis
from locust import FastHttpUser, User, constant, task

from harness.load import payloads
from harness.load.plan import MOST_USERS, Kind
from harness.load.schedule import Arrival


class Answer(NamedTuple):
    """What a send came to; `reference` is the message's id or its queue entry, `status` None where no answer came."""

    status: int | None
    reference: str | None = None
    error: str | None = None


class Arriving(User):
    """A user that sends what has arrived, and has no pace of its own."""

    abstract = True
    wait_time = constant(0)
    kind: ClassVar[Kind]

    def on_start(self) -> None:
        self.environment.generator.joined(self.kind)  # our locustfile puts it there

    @task
    def send(self) -> None:
        generator: Any = self.environment.generator
        turns = generator.turns
        arrival = turns.take(self.kind)
        if arrival is None:
            generator.rest()
            return
        began = turns.now()
        answer = self.deliver(turns, arrival)
        generator.sent(arrival, answer, began=began, answered=turns.now())

    def deliver(self, turns: Any, arrival: Arrival) -> Answer:
        raise NotImplementedError


class ApiUser(Arriving, FastHttpUser):
    """Sends messages as a client of the API does."""

    kind = "api"

    def deliver(self, turns: Any, arrival: Arrival) -> Answer:
        url = turns.where["api"] + turns.where["send"]
        return answer_of(self.client.post(url, json=payloads.request(turns.plan, arrival), name="send"), "id")


class WebhookUser(Arriving, FastHttpUser):
    """Has the mock provider deliver replies, signed, to the stack's webhook."""

    kind = "webhook"

    def deliver(self, turns: Any, arrival: Arrival) -> Answer:
        url = f"{turns.where['mocks']}/_mock/twilio/{turns.where['twilio_account']}/inbound"
        return answer_of(self.client.post(url, json=payloads.reply(turns.plan, arrival), name="reply"), "sid")


class QueueUser(Arriving):
    """Puts entries for prepared rows on the streams: the path from queue to provider alone."""

    kind = "queue"
    connections: ClassVar[dict[str, Any]] = {}
    """One pool for all users of a process."""

    def deliver(self, turns: Any, arrival: Arrival) -> Answer:
        where = turns.where
        client = self.connections.get(where["redis"])
        if client is None:
            client = self.connections[where["redis"]] = redis.Redis.from_url(
                where["redis"], decode_responses=True, socket_timeout=60, max_connections=MOST_USERS
            )
        fields: dict[Any, Any] = {where["field"]: payloads.entry(turns.plan, arrival, name=where["message_id"])}
        began, error, entry = turns.now(), None, None
        try:
            entry = client.xadd(where["streams"][arrival.channel], fields)
        except redis.RedisError as problem:
            error = problem
        taken = (turns.now() - began) * 1000
        self.environment.events.request.fire(
            request_type="XADD", name="entry", response_time=taken, response_length=0, exception=error, context={}
        )
        return Answer(200, str(entry)) if error is None else Answer(None, None, f"{type(error).__name__}: {error}")


def answer_of(response: Any, name: str) -> Answer:
    """An HTTP answer; Locust gives status 0 where none came."""
    status = response.status_code or None
    if status is None:
        return Answer(None, None, str(response.error))
    try:
        found = response.json()
    except ValueError:
        found = None
    reference = found.get(name) if isinstance(found, dict) else None
    return Answer(status, str(reference) if reference else None)
