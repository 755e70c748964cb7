"""What every user of a load is: it takes the next arrival of its kind when that is due, and tells what came of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any, ClassVar

from locust import User, constant, task

from harness.load.answer import Answer
from harness.load.names import TIMEOUT, USERS
from harness.load.plan import Kind
from harness.load.schedule import Arrival


class Arriving(User):
    """A user that sends what has arrived, and has no pace of its own."""

    abstract = True
    wait_time = constant(0)
    kind: ClassVar[Kind]
    network_timeout: float
    """Of those that speak HTTP, in seconds."""
    connection_timeout: float

    def on_start(self) -> None:
        self.environment.generator.joined(self.kind)  # our locustfile puts it there

    @task
    def send(self) -> None:
        generator: Any = self.environment.generator
        turns = generator.turns
        turn = turns.take(self.kind)
        if turn is None:
            generator.rest()
            return
        began = turns.now()
        answer = self.deliver(turns, turn.arrival)
        generator.sent(turn, answer, began=began, answered=turns.now())

    def deliver(self, turns: Any, arrival: Arrival) -> Answer:
        raise NotImplementedError


def as_many_as_asked(users: Iterable[type[Arriving]]) -> None:
    """Tells Locust how many users of each class the harness wants, and how long one waits for the API's answer."""
    wanted = json.loads(os.environ.get(USERS, "{}"))
    for user in users:
        user.fixed_count = wanted.get(user.kind, 0)
        if user.kind == "api" and TIMEOUT in os.environ:
            user.network_timeout = user.connection_timeout = float(os.environ[TIMEOUT])
