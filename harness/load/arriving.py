"""What every user of a load is: it takes the next arrival of its kind when that is due, and tells what came of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any, ClassVar, NamedTuple

from locust import User, constant, task

from harness.load.names import USERS
from harness.load.plan import Kind
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


def as_many_as_asked(users: Iterable[type[Arriving]]) -> None:
    """Tells Locust how many users of each class the harness wants."""
    wanted = json.loads(os.environ.get(USERS, "{}"))
    for user in users:
        user.fixed_count = wanted.get(user.kind, 0)
