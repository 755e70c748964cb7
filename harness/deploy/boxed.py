"""What can be done to containers of a stack that runs already: the engine pauses them."""

from __future__ import annotations

from typing import Any

from harness.deploy.boxes import Boxes, address_of, unpausing
from harness.deploy.driver import Member, Reached
from harness.deploy.grips import Commanded, Grip, Signalled, Undoing
from harness.deploy.tree import Tree
from harness.errors import Unobservable
from harness.profile import Process, Profile


class Boxed(Grip):
    """By the engine's pause, which reaches every process of a container."""

    def __init__(self, kind: str, spec: Process, *, undoing: Undoing, boxes: Boxes) -> None:
        super().__init__(kind, spec, undoing=undoing)
        self._boxes = boxes
        self._holds = 0
        self._paused: dict[str, tuple[Any, int]] = {}

    def _running(self) -> list[Any]:
        return [box for box in self._boxes.of(self.kind, self.spec) if box.status in ("running", "paused")]

    def _name(self, box: Any) -> str:
        return f"{self.kind}-{box.short_id}"

    def members(self) -> list[Member]:
        return [
            Member(
                name=self._name(box),
                role=self.spec.role,
                pid=int(box.attrs["State"]["Pid"]),
                held=box.id in self._paused,
            )
            for box in self._running()
        ]

    def pids(self) -> frozenset[int]:
        roots = [member.pid for member in self.members() if member.pid]
        return Tree(*roots).pids if roots else frozenset()

    def name_of_pid(self, pid: int) -> str | None:
        for member in self.members():
            if member.pid and pid in Tree(member.pid).pids:
                return member.name
        return None

    def name_of_host(self, host: str) -> str | None:
        return next((self._name(box) for box in self._running() if host in address_of(box)), None)

    def hold(self) -> Reached:
        import docker.errors

        running = self._running()
        if not running:
            raise Unobservable(f"no container of the {self.kind} runs")
        strange = [box.name for box in running if box.status == "paused" and box.id not in self._paused]
        if strange:
            raise Unobservable(f"the container {strange[0]} is paused already, by somebody else")
        self._holds += 1
        for box in running:
            try:
                if box.id not in self._paused:
                    self._paused[box.id] = box, self._undoing.owing(unpausing(box))
                    box.pause()
            except docker.errors.DockerException as error:
                self.release()
                raise Unobservable(f"the container {box.name} can't be paused: {error}") from error
        return Reached(names=tuple(self._name(box) for box in running), pids=self.pids())

    def release(self) -> None:
        self._holds = max(0, self._holds - 1)
        if not self._holds:
            self._unpause()

    def _unpause(self) -> None:
        import docker.errors

        for name, (box, debt) in list(self._paused.items()):
            try:
                box.reload()
                if box.status == "paused":
                    box.unpause()
            except docker.errors.NotFound:
                pass
            except docker.errors.DockerException as error:
                raise Unobservable(f"the container {box.name} can't be let go: {error}") from error
            del self._paused[name]
            self._undoing.paid(debt)

    def let_go(self) -> None:
        self._holds = 0
        self._unpause()


def grip(kind: str, spec: Process, *, undoing: Undoing, boxes: Boxes, profile: Profile) -> Grip:
    """What can be done to `[processes.KIND]`; raises Unobservable where nothing says which processes it is."""
    inner: Grip | None = None
    if spec.container is not None or spec.service is not None:
        inner = Boxed(kind, spec, undoing=undoing, boxes=boxes)
    elif spec.found_by is not None:
        inner = Signalled(kind, spec, undoing=undoing, file=profile.database.path)
    if spec.hold is not None:
        return Commanded(kind, spec, undoing=undoing, profile=profile, inner=inner)
    if inner is None:
        raise unheld(spec.role, kind)
    return inner


def unheld(role: str, kind: str) -> Unobservable:
    return Unobservable(
        f"the {role} of an attached stack can't be held unless the profile says [processes.{kind}] pid_file, match, "
        "unit, container, service, or commands to hold and release it"
    )
