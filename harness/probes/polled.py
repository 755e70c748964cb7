"""Where the database can't be watched: the status of each known message, sampled through the API.

Its events are marked `sampled`: a sample can show that a state was, never that it was not.
"""

from __future__ import annotations

import asyncio
import contextlib

import httpx

from harness.history import Event, Flow, History
from harness.probes.probe import declare, gap
from harness.profile import Profile
from harness.tls import tls

PERIOD = 0.05
"""Seconds between two looks at the messages that aren't finished."""


class PolledProbe:
    """Asks the API for each message that was sent until it is at a terminal status, and again after each report."""

    name = "database"

    def __init__(self, history: History, profile: Profile, *, url: str) -> None:
        self._history = history
        self._profile = profile
        # a connection that was idle for longer may be closing at the other end
        limits = httpx.Limits(keepalive_expiry=1.0)
        self._client = httpx.AsyncClient(base_url=url, timeout=10, trust_env=False, limits=limits, verify=tls(url))
        self._open: set[str] = set()
        self._last: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._looking = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        remedy = "[database] url, and a user that may create a trigger"
        reason = "the database isn't watched; what the API doesn't name, such as the row of a reply, can't be seen"
        gap(self._history, self.name, reason, kinds=["database.inserted"], lasting=True, remedy=remedy)
        declare(self._history, self.name, "database.inserted", "database.status")
        reason = "the status is only looked at now and then, through the API; what it was in between isn't seen"
        gap(self._history, self.name, reason, kinds=["database.status"], lasting=True, remedy=remedy, sampled=True)
        self._history.listen(self._heard)
        self._task = asyncio.create_task(self._poll())

    def _heard(self, event: Event) -> None:
        sent = event.kind == "api.answered" and event.data.get("operation") == "send"
        # an entry names its message before the API has, where its answer is withheld
        queued = event.kind == "queue.appended" and not event.data.get("dead")
        name = event.message_id if sent or queued else None
        if event.kind == "callback.answered" and event.keys:
            name = Flow(self._history.flow(event.keys[0])).id  # a report may have moved it on
        if name and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._watch, name)

    def _watch(self, message_id: str) -> None:
        self._open.add(message_id)
        self._wake.set()

    async def _poll(self) -> None:
        while True:
            self._wake.clear()
            await self._look()
            # a sampled source has a period; a new message ends it early
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), PERIOD if self._open else None)

    async def _look(self) -> None:
        async with self._looking:
            await self._look_at_all()

    async def _look_at_all(self) -> None:
        for message_id in list(self._open):
            old = self._last.get(message_id)
            try:
                answer = await self._client.get(self._profile.api.message.format(id=message_id))
                said = answer.json().get("status") if answer.status_code == 200 else None
                new = None if said is None else str(said)
            except (httpx.HTTPError, ValueError, AttributeError):
                continue  # the next look may succeed; a sampled source never vouches for an absence
            if new in self._profile.statuses.terminal:
                self._open.discard(message_id)
            if new is None or new == old:
                continue
            self._last[message_id] = new
            kind = "database.inserted" if old is None else "database.status"
            data = {"old": old, "new": new, "sampled": True}
            self._history.append(kind, source="database", message_id=message_id, data=data)

    async def settle(self) -> None:
        await self._look()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._client.aclose()
