"""Stopping the workers in the middle of a load."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from harness.errors import HarnessError
from harness.load.request import Pause
from harness.scenario.stack import Stack


@contextlib.contextmanager
def paused(stack: Stack, pause: Pause | None, *, start: float, stop: threading.Event) -> Iterator[Callable[[], None]]:
    """Holds the workers at the time asked for; gives what waits for the end of it and raises what went wrong."""
    errors: list[HarnessError] = []

    def work(pause: Pause) -> None:
        # reason: the pause comes at a set time of the run and lasts as long as was asked for
        if stop.wait(max(0.0, start + pause.at - time.time())):
            return
        try:
            with stack.worker.held(quiescent=False):
                stop.wait(pause.seconds)  # reason: its length is what was asked for
        except HarnessError as error:
            errors.append(error)

    if pause is None:
        yield lambda: None
        return
    thread = threading.Thread(target=work, args=(pause,), name="load-pause")
    thread.start()

    def ended() -> None:
        thread.join()
        if errors:
            raise errors[0]

    try:
        yield ended
    finally:
        stop.set()
        thread.join()
