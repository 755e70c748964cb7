"""The start of a deployment: what dies under it ends it at once, and is the cause of whatever was raised then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import asyncpg
import httpx

from harness.deploy.roster import KEEPER, PARTS
from harness.errors import DeployError, ProfileError
from harness.history import Event, History
from harness.loop import Loop

EVERYBODYS = (KEEPER, *PARTS.values())
"""Parts whose end ends others; the API's own is told by who waits for its first answer."""
MOMENT = 0.3
"""Seconds in which the news of a death comes by all its ways: a connection to the dead may be closed first."""
LOST = (httpx.HTTPError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)
"""What is raised when the other end of a connection has gone."""


class Start:
    """Runs what starts a deployment, for as long as nothing dies under it."""

    def __init__(self, history: History, loop: Loop) -> None:
        self._history = history
        self._loop = loop
        self._died = asyncio.Event()
        self._asyncio: asyncio.AbstractEventLoop | None = None
        history.listen(self._heard)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs a piece of the start; raises DeployError with the name of the part that died, where one did."""
        self._loop.run(self._run(work))

    def _heard(self, event: Event) -> None:
        """In whatever thread recorded the event."""
        if event.kind == "part.died" and event.data["part"] in EVERYBODYS and self._asyncio is not None:
            with contextlib.suppress(RuntimeError):  # the loop may be closing at this moment
                self._asyncio.call_soon_threadsafe(self._died.set)

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._asyncio = asyncio.get_running_loop()
        if self.cause is not None:
            self._died.set()
        task, death = asyncio.create_task(work), asyncio.create_task(self._died.wait())
        await asyncio.wait({task, death}, return_when=asyncio.FIRST_COMPLETED)
        error = task.exception() if task.done() else None
        if error is not None and not isinstance(error, ProfileError):
            await asyncio.wait({death}, timeout=MOMENT)
        if self._died.is_set() and not (task.done() and error is None):
            await asyncio.sleep(MOMENT)  # reason: whether another death is behind this one is told by nobody
        for one in (task, death):
            one.cancel()
        await asyncio.gather(task, death, return_exceptions=True)
        if task.cancelled() or task.exception() is not None:
            self._explain(error)
            task.result()

    def _explain(self, error: BaseException | None) -> None:
        """Raises what a start that failed is told by, where that is better than what it raised."""
        if self.cause is not None and not isinstance(error, ProfileError):
            raise DeployError(self.cause) from error
        if isinstance(error, LOST):
            raise DeployError(f"the stack can't be deployed: {type(error).__name__}: {error!s:.300}") from error

    @property
    def cause(self) -> str | None:
        """Which part has died, and how: of several the one that took the others with it."""
        deaths = [event.data for event in self._history.events("part.died") if event.data["part"] in EVERYBODYS]
        if not deaths:
            return None
        first = min(deaths, key=lambda death: death["part"] != KEEPER)
        return f"{first['part']} died while the stack started: {first['reason']}"
