"""Crash points: the steps of one message, as a calm run shows them, and what makes somebody stop at each of them.

A step is whatever can be seen and withheld: a command of the queue, a statement that names the message, the end of its
transaction, the provider's answer. What can't be seen is no point; a point that nobody comes to proves nothing.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Literal

from harness.checks.crash_points import crash_points
from harness.checks.rest import unacknowledged
from harness.checks.verdict import Verdict
from harness.errors import Unobservable
from harness.history import Event, Flow
from harness.probes.statements import Stated, words_for
from harness.profile import Spoken
from harness.profile.claims import claimed
from harness.scenario.messages import Message
from harness.scenario.stack import Stack
from harness.scenario.steps import step
from harness.scenario.tracked import TrackedFlow
from harness.wire.shapes import BOOKKEEPING, ENDS

Reached = Callable[[TrackedFlow], Event | None]
Side = Literal["before", "after"]
MOST: Final = 60
"""Points of one message; a stack that says more to its servers is killed at the first of them."""
SHOWN: Final = 70
SIDES: Final[dict[Side, Literal["command", "answer"]]] = {"before": "command", "after": "answer"}
# a command of a stream by what it did: what acknowledges may be another than what deletes
OF_STREAM: Final = {
    "queue.appended": ("XADD",),
    "queue.acked": ("XACK", "XACKDEL"),
    "queue.deleted": ("XDEL", "XDELEX", "XACKDEL"),
}


@dataclass(frozen=True, kw_only=True)
class Point:
    """A place at which somebody can be stopped: `name` in words, `role` who stands there."""

    role: str
    name: str
    at: float
    close: Callable[[Message], AbstractContextManager[Reached]]

    @property
    def needs(self) -> str:
        """What the stack needs to survive a kill there: whoever isn't the worker has what he stored to put on."""
        return "redelivery" if self.role == "worker" else "outbox"


# the calm run


@step(lambda _, message, **__: f"a calm run of {message.type} {message.token}")
def points_of(stack: Stack, message: Message, *, failing: bool = False) -> list[Point]:
    """Sends one message with nothing in its way; the points at which it can be stopped, in the order of its steps.

    `failing`: its first call fails, and what comes from there on are its points. Raises Unobservable where there is
    none.
    """
    with failing_once(stack, message) if failing else contextlib.nullcontext():
        flow, heard = _listened(stack, message)
    found = [*queue_points(stack, flow), *statement_points(stack, heard, flow, message)]
    if not failing:  # a gate before the provider's answer would meet the call that fails
        found += call_points(stack, flow)
    since = flow.calls[0].at if failing and flow.calls else 0.0
    found = sorted((point for point in found if point.at > since), key=lambda point: point.at)
    if not found:
        raise Unobservable("no step of this stack can be withheld, so nobody can be killed at one")
    return found[:MOST]


def failing_once(stack: Stack, message: Message) -> AbstractContextManager[None]:
    """The first call of a message meets an error that passes."""
    status = stack.profile.retries.statuses[0]
    return stack.providers.fault({"to": message.to}, status=status, times=1, retry_after=0)


def _listened(stack: Stack, message: Message) -> tuple[Flow, Sequence[Stated]]:
    """A message at rest, and the statements that were heard meanwhile, where any can be."""
    said = stack.wire.statements if stack.wire is not None and stack.wire.has_database else None
    if said is None:
        return stack.finished(stack.send(message)), ()
    said.forget()
    with listening(stack):
        flow = stack.finished(stack.send(message))
        stack.settle()
        return flow, list(said.heard)


@contextlib.contextmanager
def listening(stack: Stack) -> Iterator[None]:
    """Each statement of the stack is told for as long as the block runs."""
    control = stack.wire_control()
    stack.loop.run(control.ask("statements", told=True))
    try:
        yield
    finally:
        stack.loop.run(control.ask("statements", told=False))


def queue_points(stack: Stack, flow: Flow) -> Iterator[Point]:
    """What was said to the queue about a message, and what a stream gave of it: that stays there until it is finished.

    What a list has given it has forgotten, before anybody can have it; so there is no point there.
    """
    queue, given = stack.profile.queue, Counter[tuple[str, str]]()
    said: set[tuple[str, str, float]] = set()
    if stack.wire is None:
        return
    for event in flow.of("queue.appended", "queue.claimed", "queue.acked", "queue.deleted"):
        process = event.data.get("process")
        if not process or event.data.get("dead"):
            continue
        role = stack.facts.role(process)
        if event.kind == "queue.claimed":
            if queue.base == "stream" and queue.redelivers and event.data.get("how") == "read":
                yield command_point(stack, role, Spoken(("XREADGROUP",)), event.at, "after", delivery=True)
            continue
        if queue.base == "stream":
            spoken = Spoken(OF_STREAM[event.kind])
        else:
            spoken = queue.append_commands if event.kind == "queue.appended" else queue.finish_commands
        if (role, str(spoken), event.at) in said:
            continue  # one command may show two things
        said.add((role, str(spoken), event.at))
        place = (role, str(spoken))
        skip, given[place] = given[place], given[place] + 1
        if spoken.commands and not (queue.scripted and skip):
            for side in SIDES:
                yield command_point(stack, role, spoken, event.at, side, skip=skip)


def command_point(
    stack: Stack, role: str, spoken: Spoken, at: float, side: Side, *, skip: int = 0, delivery: bool = False
) -> Point:
    @contextlib.contextmanager
    def close(_: Message) -> Iterator[Reached]:
        withheld: Literal["answer", "command", "delivery"] = "delivery" if delivery else SIDES[side]
        with stack.gates.close(role, spoken, side=withheld, skip=skip, times=1) as gate:
            yield gate.reached

    name = f"the {role} {side} {'it was given the entry' if delivery else spoken.commands[0]}"
    return Point(role=role, name=name, at=at + (side == "after") * EPSILON, close=close)


def statement_points(stack: Stack, heard: Sequence[Stated], flow: Flow, message: Message) -> Iterator[Point]:
    """The statements that name a message, and the ends of the transactions in which they were run."""
    words = list(words_of(flow, message))
    given: Counter[tuple[str, str, str]] = Counter()
    about: dict[int, bool] = {}  # by connection: whether its transaction has to do with the message
    for one in heard:
        role = stack.facts.role(one.process)
        place = (role, one.shape, one.before)
        skip, given[place] = given[place], given[place] + 1
        if one.kind in ENDS:
            mine = about.pop(one.connection, False)
        elif one.kind in BOOKKEEPING or not one.kind:
            continue
        else:
            mine = one.names(words)
            about[one.connection] = about.get(one.connection, False) or mine
        if mine:
            for side in SIDES:
                yield statement_point(stack, role, one, side, skip=skip)


def statement_point(stack: Stack, role: str, one: Stated, side: Side, *, skip: int) -> Point:
    what = one.shape if len(one.shape) <= SHOWN else one.shape[:SHOWN] + "…"
    behind = f" behind {one.before[:SHOWN]}…" if one.before else ""

    @contextlib.contextmanager
    def close(_: Message) -> Iterator[Reached]:
        gate = stack.gates.statement(role, side=SIDES[side], shape=one.shape, before=one.before, skip=skip, times=1)
        with gate as closed:
            yield closed.reached

    name = f"the {role} {side} {what}{behind}"
    return Point(role=role, name=name, at=one.at + (side == "after") * EPSILON, close=close)


def call_points(stack: Stack, flow: Flow) -> Iterator[Point]:
    """The provider has the message, and who called doesn't hear so."""
    if not stack.has_providers or not flow.accepted_calls:
        return
    claims = [stack.facts.role(event.data["process"]) for event in flow.claims if event.data.get("process")]
    role = claims[-1] if claims else "worker"

    @contextlib.contextmanager
    def close(message: Message) -> Iterator[Reached]:
        with stack.providers.gate({"to": message.to}) as gate:
            yield lambda flow: flow.now.calls[-1] if stack.called(flow) and gate.withheld() else None

    yield Point(role=role, name=f"the {role} before the provider's answer", at=flow.calls[-1].at, close=close)


EPSILON: Final = 1e-9
"""What is behind a step comes after what is before it."""


def words_of(flow: Flow, message: Message) -> Iterator[bytes]:
    """What names a message in a statement: its text's token, its recipient, its ids."""
    yield message.token.encode()
    yield message.to.encode()
    ids = [flow.id, *(event.data.get("message") for event in flow.accepted_calls)]
    for name in filter(None, ids):
        yield from words_for(str(name))


# the kills


@step(lambda _, point, message, **__: f"kill {point.name}, sending {message.token}")
def killed_at(stack: Stack, point: Point, message: Message, *, failing: bool = False) -> Verdict:
    """Sends a message, kills who comes to stand at a point, starts him again, and judges what became of it."""
    with failing_once(stack, message) if failing else contextlib.nullcontext():
        return _killed_at(stack, point, message, tries=stack.profile.retries.within if failing else None)


def _killed_at(stack: Stack, point: Point, message: Message, *, tries: float | None) -> Verdict:
    role = stack.role(point.role)
    with point.close(message) as reached:
        flow = stack.sending(message)
        met, before = reached(flow), len(role.names)
        if met is not None:
            role.kill()
    if met is not None:
        role.start(count=before or None)
    taken_up(stack, point, flow)
    longest = stack.profile.waits.within + tries + 1 if tries else None
    stack.finished(flow, within=longest if point.role == "worker" else PUT_ON_S)
    stack.count()
    return crash_points(stack.history, flow.now, stack.profile, point=point.name, met=met, needs=point.needs)


def taken_up(stack: Stack, point: Point, flow: TrackedFlow) -> None:
    """Waits until what a dead worker had in hand is finished by another, for as long as that may take."""
    profile = stack.profile
    if point.role != "worker" or claimed(profile, "redelivery") is False:
        return

    def over() -> bool | None:
        now = flow.now
        finished = bool(now.acks or now.deletes) and not unacknowledged(now, profile)
        return stack.at_rest(flow) or finished or bool(stack.waiting.abandoned(now)) or None

    stack.waiting.until(over, what="an entry of a worker that was killed", within=profile.policy.taken_up_within)


PUT_ON_S: Final = 20.0
"""Seconds in which what an API had stored is put on its queue and done, after its restart."""
