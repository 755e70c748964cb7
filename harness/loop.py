"""The thread in which all probes run: one asyncio loop, so that a scenario can be plain synchronous code."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import warnings
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
with contextlib.suppress(ModuleNotFoundError):  # faster, and not needed to look at an attached stack
    from uvloop import new_event_loop

T = TypeVar("T")


class Loop:
    """An asyncio loop in a daemon thread of its own; `close` cancels what still runs in it."""

    def __init__(self) -> None:
        self._loop = new_event_loop()
        self._thread = threading.Thread(target=self._run, name="harness-loop", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def run(self, work: Coroutine[Any, Any, T], *, timeout: float | None = None) -> T:
        """Runs a coroutine in the loop and waits for its result; raises what it raises, TimeoutError when late."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def close(self) -> None:
        """Cancels every task, stops the loop and joins the thread; safe to call twice."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        with warnings.catch_warnings():
            # where warnings are errors, uvloop doesn't close a connection that was left open, and waits for it forever
            warnings.simplefilter("ignore", ResourceWarning)
            self._loop.close()

    @staticmethod
    async def _cancel_all() -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
