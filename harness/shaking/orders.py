"""The named orders: who comes first, and who dies when, made with gates for as long as a test runs."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from harness.errors import HarnessError
from harness.history import Event
from harness.profile import Spoken
from harness.scenario.disturbances import began, ended
from harness.scenario.gates import Side
from harness.scenario.stack import Stack

GIVES: Final = Spoken(("XREADGROUP", "XREAD", "XAUTOCLAIM", "XCLAIM", "BLPOP", "BRPOP", "BLMOVE", "LPOP", "RPOP"))
"""What gives an entry to a worker."""
Round = Callable[[Stack, float, "Background"], None]


class Background:
    """Does something beside a test until the test has ended: `over` says so; what goes wrong is raised at the end.

    The test begins when `ready` is set, or the work has ended.
    """

    def __init__(self, stack: Stack, work: Callable[[Background], None]) -> None:
        self._stack = stack
        self._work = work
        self.over = threading.Event()
        self.ready = threading.Event()
        self._error: HarnessError | None = None
        self._thread = threading.Thread(target=self._run, name="harness-shake", daemon=True)

    def _run(self) -> None:
        try:
            self._work(self)
        except HarnessError as error:
            self._error = error
        finally:
            self.ready.set()

    def __enter__(self) -> None:
        self._thread.start()
        self.ready.wait()

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._stack.history.wake()
        self._thread.join()
        if self._error is not None:
            raise self._error


def again_and_again(stack: Stack, most: float, one: Round) -> Background:
    """Makes one round of an order after the other until the test has ended."""

    def work(beside: Background) -> None:
        while not beside.over.is_set():
            one(stack, most, beside)

    return Background(stack, work)


def await_event(
    stack: Stack, match: Callable[[Event], bool], over: threading.Event, *, after: int, most: float | None = None
) -> bool:
    """Waits for an event that matches, from a place in the record on; False where the test ended before, or `most`."""
    position = after

    def look() -> bool | None:
        nonlocal position
        for event in stack.history.events(after=position):
            position = event.seq + 1
            if match(event):
                return True
        return False if over.is_set() else None

    deadline = time.monotonic() + most if most is not None else float("inf")
    return bool(stack.history.wait_until(look, deadline=deadline))


def is_hit(number: int) -> Callable[[Event], bool]:
    return lambda event: event.kind == "fault.hit" and event.data.get("gate") == number


def is_sent(event: Event, terminal: frozenset[str]) -> bool:
    return event.kind == "database.status" and event.data.get("new") in terminal


def worker_first(stack: Stack, most: float, beside: Background) -> None:
    """The API hears of its append when the message is sent."""
    place = len(stack.history)
    with stack.gates.close("api", stack.profile.queue.append_commands, side="answer") as gate:
        beside.ready.set()
        if await_event(stack, is_hit(gate.number), beside.over, after=place):
            done = frozenset(stack.profile.statuses.terminal) | {stack.profile.statuses.sent}
            await_event(stack, partial(is_sent, terminal=done), beside.over, after=place, most=most)


def api_first(stack: Stack, most: float, beside: Background) -> None:
    """The worker gets what was put on the queue late."""
    place = len(stack.history)
    with stack.gates.close("worker", GIVES, side="delivery") as gate:
        beside.ready.set()
        if await_event(stack, is_hit(gate.number), beside.over, after=place):
            beside.over.wait(most)


def callback_first(stack: Stack, most: float, beside: Background) -> None:
    """The worker hears of the provider's acceptance when a webhook about it has come, or late."""
    place = len(stack.history)
    with stack.providers.gate({}):
        beside.ready.set()
        if await_event(stack, lambda event: event.kind == "provider.called", beside.over, after=place):
            await_event(stack, lambda event: event.kind == "callback.answered", beside.over, after=place, most=most)


@contextlib.contextmanager
def ordered(stack: Stack, what: str, most: float) -> Iterator[None]:
    """One of the orders while the block runs; raises Unobservable where this deployment can't make it."""
    rounds = {"worker-first": worker_first, "api-first": api_first, "callback-first": callback_first}
    if what in rounds:
        if what == "callback-first":
            stack.providers  # noqa: B018 - reason: raises where there are none of ours
        else:
            stack.wire_control()
        with again_and_again(stack, most, rounds[what]):
            yield
        return
    side: Side = "command" if what == "crash-before-ack" else "answer"
    count = len(stack.worker.names)
    place = len(stack.history)
    with stack.gates.close("worker", stack.profile.queue.finish_commands, side=side, times=1) as gate:

        def die(beside: Background) -> None:
            beside.ready.set()
            if await_event(stack, is_hit(gate.number), beside.over, after=place):
                begin = began(stack.history, "crash", "worker", members=stack.worker.names, comes_back=True)
                try:
                    stack.worker.kill()
                    gate.open()
                    stack.worker.start(count=count)
                finally:
                    ended(stack.history, begin, hits=count)

        with Background(stack, die):
            yield
