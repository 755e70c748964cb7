"""One process of the generator, as Locust runs it: it takes its share of the plan and tells what came of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

import gevent
from locust.runners import MasterRunner, WorkerRunner

from harness.load import page
from harness.load.answer import Answer
from harness.load.link import Link
from harness.load.names import SOCKET
from harness.load.plan import Kind, Plan
from harness.load.schedule import Arrival
from harness.load.target import Target
from harness.load.turns import Turns


class Generator:
    """This process's part in the run."""

    def __init__(self, environment: Any) -> None:
        self.turns = Turns()
        self.backlog: list[dict[str, Any]] = []
        self.users: Counter[Kind] = Counter()
        self._environment = environment
        runner = environment.runner
        role = (
            "master" if isinstance(runner, MasterRunner) else "worker" if isinstance(runner, WorkerRunner) else "local"
        )
        self.conducts = role != "worker"
        self.link = Link(os.environ[SOCKET], on_message=self._heard, on_end=runner.quit)
        self.link.say(hello={"pid": os.getpid(), "role": role})

    def reset(self) -> None:
        self.turns = Turns()
        self.backlog = []
        self.users.clear()
        self.link.say(users={})

    def joined(self, kind: Kind) -> None:
        """A user has started in this process.

        Each tells so itself: a worker that was slow hears that spawning is complete before its users have started.
        """
        self.users[kind] += 1
        self.link.say(users=dict(self.users))

    def spawned(self, users: int) -> None:
        """Locust has handed out so many users, to all processes together."""
        if self.conducts:
            self.link.say(spawned=users)

    def _heard(self, message: dict[str, Any]) -> None:
        for what, said in message.items():
            match what:
                case "go":
                    self._go(said)
                case "stages":
                    for name, milliseconds in said:
                        self._note(name, milliseconds, failed=False)
                case "backlog":
                    self.backlog.append(said)
                case "stop":
                    self._environment.runner.stop()
                case "quit":
                    self._environment.runner.quit()

    def _go(self, said: Mapping[str, Any]) -> None:
        shares = {kind: (mine, of) for kind, (mine, of) in said["shares"].items()}
        target = Target.model_validate(said["target"])
        self.turns.begin(Plan.loads(said["plan"]), shares=shares, start=said["start"], target=target)
        gevent.spawn(self._finish, self.turns)

    def _finish(self, turns: Turns) -> None:
        turns.over.wait()
        self.link.say(done=turns.report())

    def sent(self, arrival: Arrival, answer: Answer, *, began: float, answered: float) -> None:
        """Tells of one send: to the harness, and as an entry of Locust's own."""
        latency = self.turns.record(arrival, began=began, answered=answered, good=answer.good)
        self.link.say(sends=[[arrival.number, began, answered, *answer]])
        if not answer.put_off:
            self._note(f"{arrival.kind}: accepted", latency * 1000, failed=not answer.good)

    def _note(self, name: str, milliseconds: float, *, failed: bool) -> None:
        """A stage is a row of Locust's table and no request: its totals count each send once."""
        entry = self._environment.stats.get(name, "stage")
        entry.log(milliseconds, 0)
        if failed:
            entry.log_error(None)

    def rest(self) -> None:
        """A user with nothing more to send waits for the end of the run."""
        gevent.event.Event().wait()  # reason: Locust ends it by killing its greenlet

    def stop(self) -> None:
        """The run ends, maybe before all was sent."""
        if self.turns.begun.is_set():
            self.turns.over.set()


def begin(environment: Any, **_: Any) -> None:
    """Ties a process of Locust to the harness that started it; a listener for its `init` event."""
    generator = environment.generator = Generator(environment)
    environment.events.test_start.add_listener(lambda **_: generator.reset())
    environment.events.spawning_complete.add_listener(lambda user_count, **_: generator.spawned(user_count))
    environment.events.test_stop.add_listener(lambda **_: generator.stop())
    if environment.web_ui:
        page.extend(environment, generator)
