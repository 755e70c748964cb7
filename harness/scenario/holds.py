"""A hold: all processes of a role stopped, from a quiescent state, until it is released."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator

from harness.deploy.driver import Driver, Role
from harness.deploy.starting import MOMENT
from harness.errors import DeployError, HarnessError, Unobservable
from harness.history import Event
from harness.loop import Loop
from harness.scenario.disturbances import began, ended
from harness.scenario.steps import step
from harness.scenario.waiting import Waiting


class Hold:
    """A hold that lasts; `standing` claims are judged again when it ends."""

    def __init__(self) -> None:
        self.standing: list[Callable[[], None]] = []


class RoleControl:
    """What a scenario can do to the processes of one role."""

    def __init__(self, role: Role, *, waiting: Waiting, driver: Driver, loop: Loop) -> None:
        self._role = role
        self._waiting = waiting
        self._driver = driver
        self._loop = loop

    @property
    def names(self) -> list[str]:
        return [member.name for member in self._driver.members(self._role)]

    @contextlib.contextmanager
    @step(lambda self, **_: f"hold {self._role}")
    def held(self, *, quiescent: bool = True) -> Iterator[Hold]:
        """Stops the role's processes for as long as the block runs.

        From a quiescent state, so that nothing is stopped half done; `quiescent=False` stops them as they are. Raises
        Unobservable where the deployment can't.
        """
        waiting, history = self._waiting, self._waiting.history
        if waiting.facts.manages_processes and not waiting.facts.named(self._role):
            role = self._role
            raise Unobservable(
                f"nobody knows which processes are the {role}'s, so it can't be held; "
                f"to know: [processes.{role}] command in the profile, if the {role} is a process of its own"
            )
        if quiescent:
            waiting.quiesce()
        reached = self._loop.run(self._driver.hold(self._role))
        hold = Hold()
        members, pids, unsure = list(reached.names), sorted(reached.pids), sorted(reached.unsure)
        begin = began(history, "hold", self._role, members=members, pids=pids, unsure=unsure)
        waiting.holds.append(hold)
        try:
            yield hold
            waiting.settle()
            for claim in hold.standing:
                claim()
        except Exception:
            with contextlib.suppress(HarnessError):  # whom it missed is told by what is on its way yet
                waiting.settle()
            raise
        finally:
            waiting.holds.remove(hold)
            # the window ends before the processes go on: what they do next is not "while held"
            ended(history, begin, missed=self._missed(begin))
            self._loop.run(self._driver.release(self._role))

    def _missed(self, begin: Event) -> list[str]:
        """Who finished an entry although every worker was held: a process that the hold didn't reach.

        One who was held by a command of the profile's may have gone on, so what he does counts, too.
        """
        if self._role != "worker":
            return []
        apis = {member.name for member in self._driver.members("api")}
        reached = {*begin.data["members"], *apis} - set(begin.data["unsure"])
        spoke = self._waiting.history.events("queue.acked", after=begin.seq)
        names = {str(event.data.get("process") or UNNAMED) for event in spoke if event.at > begin.at}
        if begin.data["unsure"]:
            names |= self._went_on(begin, apis)
        return sorted(names - reached)

    def _went_on(self, begin: Event, apis: set[str]) -> set[str]:
        """Who called a provider for a message that waited on the queue, unless the API itself took it from there."""
        names = set()
        for call in self._waiting.history.events("provider.called", after=begin.seq):
            flow = [event for key in call.keys for event in self._waiting.history.flow(key)]
            kinds = {event.kind for event in flow}
            takers = {event.data.get("process") for event in flow if event.kind in ("queue.claimed", "queue.acked")}
            if "queue.appended" in kinds and not takers & apis:
                names.add(min(map(str, takers - {None}), default=UNNAMED))
        return names

    @step(lambda self: f"kill {self._role}")
    def kill(self) -> None:
        """Ends the role's processes without warning (SIGKILL)."""
        with self._disturbed("kill"):
            self._loop.run(self._driver.kill(self._role))

    @step(lambda self: f"terminate {self._role}")
    def terminate(self) -> None:
        """Asks the role's processes to stop (SIGTERM) and waits until they have."""
        with self._disturbed("terminate"):
            self._loop.run(self._driver.terminate(self._role))

    @step(lambda self, **_: f"start {self._role}")
    def start(self, *, count: int | None = None, but: Collection[str] = ()) -> None:
        """Starts `count` processes of the role, by default as many as the profile says, under no name of `but`.

        Raises Unobservable where the deployment can't.
        """
        try:
            self._loop.run(self._driver.launch(self._role, count=count, but=but))
        except DeployError:
            # who died because something else did isn't the cause: that other death is told in a moment
            self._waiting.history.wait_until(lambda: None, deadline=time.monotonic() + MOMENT)
            raise

    @step(lambda self: f"restart {self._role}")
    def restart(self) -> None:
        """Ends the role's processes gracefully and starts as many again; the profile's number where none runs."""
        if self._driver.restarts(self._role):
            with self._disturbed("terminate"):
                self._loop.run(self._driver.launch(self._role))
            return
        count = len(self.names)
        if count:
            self.terminate()
        self.start(count=count or None)

    @contextlib.contextmanager
    def _disturbed(self, fault: str) -> Iterator[None]:
        begin = began(self._waiting.history, fault, self._role, members=self.names)
        try:
            yield
        finally:
            # nobody there to be disturbed, and the disturbance didn't happen
            ended(self._waiting.history, begin, hits=len(begin.data["members"]))


UNNAMED = "a process that the profile doesn't name"
