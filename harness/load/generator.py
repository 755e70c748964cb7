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
from harness.load.beat import EVERY_S
from harness.load.link import Link
from harness.load.names import SOCKET
from harness.load.plan import Kind, Plan
from harness.load.target import Target
from harness.load.turns import Turn, Turns


class Generator:
    """This process's part in the run."""

    def __init__(self, environment: Any) -> None:
        self.turns = Turns()
        self.backlog: list[dict[str, Any]] = []
        self.users: Counter[Kind] = Counter()
        self._most: dict[Kind, int] = {}
        self._called: Counter[Kind] = Counter()
        self._came: Counter[Kind] = Counter()
        """Of the users who were called for while the load lasts, those who are there."""
        self._environment = environment
        runner = environment.runner
        role = (
            "master" if isinstance(runner, MasterRunner) else "worker" if isinstance(runner, WorkerRunner) else "local"
        )
        self.conducts = role != "worker"
        self.link = Link(os.environ[SOCKET], on_message=self._heard, on_end=runner.quit)
        self.link.say(hello={"pid": os.getpid(), "role": role})

    def reset(self) -> None:
        self.turns.end()
        self.turns = Turns()
        self.backlog = []
        for counts in (self.users, self._called, self._came):
            counts.clear()
        self.link.say(users={})

    def joined(self, kind: Kind) -> None:
        """A user has started in this process.

        Each tells so itself: a worker that was slow hears that spawning is complete before its users have started.
        """
        if self.turns.begun.is_set():  # it was called for
            self._came[kind] += 1
            return
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
        self._most = said["most"] or {}
        plan, grows = Plan.loads(said["plan"]), said["most"] is not None
        self.turns.begin(plan, shares=shares, start=said["start"], target=target, grows=grows)
        gevent.spawn(self._finish, self.turns)
        if grows:
            gevent.spawn(self._grow, self.turns)

    def _finish(self, turns: Turns) -> None:
        turns.over.wait()
        turns.end()
        self.link.say(done=turns.report())

    def sent(self, turn: Turn, answer: Answer, *, began: float, answered: float) -> None:
        """Tells of one send: to the harness, and as an entry of Locust's own."""
        arrival = turn.arrival
        sent = self.turns.record(turn, answer, began=began, answered=answered)
        self.link.say(sends=[sent.row()])
        if not answer.put_off:
            latency = self.turns.latency(sent, arrival) * 1000
            self._note(f"{arrival.kind}: accepted", latency, failed=not answer.good)

    def _grow(self, turns: Turns) -> None:
        """Has more users start for arrivals that wait since all there are are busy, up to the bound."""
        classes = self._environment.user_classes  # a locustfile of somebody's own may have others beside ours
        names = {user.kind: user.__name__ for user in classes if hasattr(user, "kind")}
        while not turns.over.wait(EVERY_S):
            for kind, most in ((kind, most) for kind, most in self._most.items() if kind in names):
                coming = self._called[kind] - self._came[kind]
                more = min(turns.waiting(kind) - coming, most - self.users[kind])
                if more > 0:
                    self.users[kind] += more
                    self._called[kind] += more
                    gevent.spawn(self._environment.runner.spawn_users, {names[kind]: more})

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
