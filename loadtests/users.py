"""The users that Locust runs, one class for each way that a message comes in; copy them to send something else."""

from __future__ import annotations

from typing import Any, ClassVar

import redis
from locust import FastHttpUser

from harness.load import payloads
from harness.load.answer import Answer
from harness.load.arriving import Arriving
from harness.load.plan import MOST_USERS
from harness.load.schedule import Arrival
from harness.load.sending import deliver, send


class ApiUser(Arriving, FastHttpUser):
    """Sends messages as a client of the API does, in the words of the profile."""

    kind = "api"

    def deliver(self, turns: Any, arrival: Arrival) -> Answer:
        return send(self.client, turns.target, turns.plan, arrival)


class WebhookUser(Arriving, FastHttpUser):
    """Has the mock provider deliver replies, signed, to the stack's webhook."""

    kind = "webhook"

    def deliver(self, turns: Any, arrival: Arrival) -> Answer:
        return deliver(self.client, turns.target, payloads.reply(turns.plan, arrival, turns.target))


class QueueUser(Arriving):
    """Puts entries for prepared rows on the streams: the path from queue to provider alone."""

    kind = "queue"
    connections: ClassVar[dict[str, Any]] = {}
    """One pool for all users of a process."""

    def deliver(self, turns: Any, arrival: Arrival) -> Answer:
        where = turns.target.entries
        client = self.connections.get(where.redis)
        if client is None:
            client = self.connections[where.redis] = redis.Redis.from_url(
                where.redis, decode_responses=True, socket_timeout=60, max_connections=MOST_USERS
            )
        fields = payloads.entry(turns.plan, arrival, field=where.field, message_id=where.message_id)
        began, error, entry = turns.now(), None, None
        try:
            entry = client.xadd(where.streams[arrival.channel], fields)
        except redis.RedisError as problem:
            error = problem
        taken = (turns.now() - began) * 1000
        self.environment.events.request.fire(
            request_type="XADD", name="entry", response_time=taken, response_length=0, exception=error, context={}
        )
        return Answer(200, str(entry)) if error is None else Answer(None, None, f"{type(error).__name__}: {error}")
