"""Where the database can't be watched: the status of each known message, sampled through the API.

Its events are marked `sampled`: a sample can show that a state was, never that it was not.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from urllib.parse import quote

import httpx

from harness.errors import PartDied
from harness.history import Event, Flow, History
from harness.history.flow import took
from harness.origin import at_home
from harness.probes.probe import declare, gap
from harness.profile import Profile
from harness.profile.pointers import found, parsed, spelled
from harness.retry_after import asked_to_wait
from harness.tls import http1_too, tls

PERIOD = 0.05
"""Seconds between two looks at the messages that aren't finished."""
ANSWERS = 2.0
"""Seconds that one answer may take."""
SETTLES = 5.0
AT_ONCE = 10
LONGEST = 120
UNREADABLE = 20
"""After so many answers that name no status a message is asked for no more; one that isn't there yet may come."""
JOINED = ("queue.", "database.")
"""What is known to be a message's by the id that the API has given it."""
REMEDY = "[database] url, and a user that may create a trigger"
SPELLED = "[statuses], with every spelling of each step"


class PolledProbe:
    """Asks the API for each message that was sent until it is at a terminal status, and again after each report.

    `on_refused` is asked what to make of a connection that was refused; it may block.
    """

    name = "database"

    def __init__(
        self, history: History, profile: Profile, *, url: str, on_refused: Callable[[], None] = lambda: None
    ) -> None:
        self._history = history
        self._on_refused = on_refused
        self._profile = profile
        self._words = profile.statuses.known
        # a connection that was idle for longer may be closing at the other end
        limits = httpx.Limits(max_connections=AT_ONCE, keepalive_expiry=1.0)
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={**profile.api.headers, **profile.look.headers},
            timeout=ANSWERS,
            http1=http1_too(url, http2=profile.api.http2),
            http2=profile.api.http2,
            follow_redirects=True,
            event_hooks=at_home(url),
            trust_env=False,
            limits=limits,
            verify=tls(url),
        )
        self._open: set[str] = set()
        self._last: dict[str, str] = {}
        self._told: set[str] = set()
        self._unreadable: Counter[str] = Counter()
        self._not_before = 0.0
        """On the event loop's clock: until then the API has asked to be left alone (429)."""
        self._task: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        declare(self._history, self.name, "database.status")
        reason = "the database isn't watched; what the API doesn't name, such as the row of a reply, can't be seen"
        gap(self._history, self.name, reason, kinds=["database.inserted"], lasting=True, remedy=REMEDY)
        reason = "the status is only looked at now and then, through the API; what it was in between isn't seen"
        gap(self._history, self.name, reason, kinds=["database.status"], lasting=True, remedy=REMEDY, sampled=True)
        self._history.listen(self._heard)
        self._task = asyncio.create_task(self._poll())

    def _heard(self, event: Event) -> None:
        """In whatever thread recorded the event."""
        sent = event.kind == "api.answered" and event.data.get("operation") == "send"
        if sent and took(event) and Flow(self._history.flow(event.keys[0])).id is None:
            self._nameless()
        # an entry names its message before the API has, where its answer is withheld
        queued = event.kind == "queue.appended" and not event.data.get("dead")
        name = event.message_id if sent or queued else None
        if event.kind == "callback.answered" and event.keys:
            name = Flow(self._history.flow(event.keys[0])).id  # a report may have moved it on
        loop = self._loop
        if name and loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop may be closing at this moment
                loop.call_soon_threadsafe(self._watch, str(name))

    def _nameless(self) -> None:
        """A message was taken, and nothing tells which row and which entry are its own."""
        place = spelled(self._profile.send.id)
        reason = (
            f"the answer to an accepted send has no id at {place}, so its entry and status can't be told from others'"
        )
        remedy = "[send] id: where the id stands, or [database] url and a table whose rows can be watched"
        self._tell(reason, remedy=remedy, kinds=JOINED, lasting=True)

    def _watch(self, message_id: str) -> None:
        self._open.add(message_id)
        self._wake.set()

    async def _poll(self) -> None:
        while True:
            self._wake.clear()
            await self._look()
            if await self._left_alone():
                continue
            # a sampled source has a period; a new message ends it early
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), PERIOD if self._open else None)

    async def _left_alone(self) -> bool:
        """Leaves the API alone for as long as it has asked to be; False where it hasn't."""
        alone = self._not_before - asyncio.get_running_loop().time()
        if alone > 0 and self._open:
            await asyncio.sleep(alone)  # reason: the API has said how long, and says nothing before
            return True
        return False

    async def _look(self) -> None:
        """One look at every open message; never two at once, or an older answer could come after a newer one."""
        async with self._looking:
            room = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(self._ask(message_id, room) for message_id in sorted(self._open)))

    async def _ask(self, message_id: str, room: asyncio.Semaphore) -> None:
        path = self._profile.look.path
        clock = asyncio.get_running_loop()
        try:
            async with room, asyncio.timeout(ANSWERS):
                if clock.time() < self._not_before:
                    return
                where = path.replace("{id}", quote(message_id, safe=""))
                answer = await self._client.request(self._profile.look.method, where)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            # the next look may succeed
            self._tell(f"the API can't be asked for a status: {error or type(error).__name__}", remedy="[api] url")
            if isinstance(error, httpx.ConnectError):
                with contextlib.suppress(PartDied):  # every wait is told
                    await asyncio.to_thread(self._on_refused)
            return
        wait = asked_to_wait(answer.status_code, answer.headers)
        if wait is not None:
            self._not_before = max(self._not_before, clock.time() + wait)
            return
        new = self._status(answer, path)
        if new is None:
            self._not_read(message_id, answer.status_code)
            return
        self._unreadable.pop(message_id, None)
        if new not in self._words:
            self._tell(
                f"the API names a status {new!r} that the profile doesn't know",
                remedy="[statuses], with every spelling of each step",
            )
        if new in self._profile.statuses.terminal:
            self._open.discard(message_id)
        old = self._last.get(message_id)
        if new == old:
            return
        self._last[message_id] = new
        kind = "database.inserted" if old is None else "database.status"
        data = {"old": old, "new": new, "sampled": True}
        self._history.append(kind, source="database", message_id=message_id, data=data)

    def _not_read(self, message_id: str, code: int) -> None:
        """Gives a message up whose status the API has answered for long enough without one that can be read."""
        if code >= 400 and code not in (401, 403):
            return
        self._unreadable[message_id] += 1
        if self._unreadable[message_id] >= UNREADABLE:
            self._open.discard(message_id)
            reason = f"{UNREADABLE} answers about a message named no status; it is asked for no more"
            self._tell(reason, remedy="[look] path", lasting=True)

    def _status(self, answer: httpx.Response, path: str) -> str | None:
        """The status that an answer names; where it names none, that is told."""
        method = self._profile.look.method
        if answer.status_code != 200:
            said = " ".join(answer.text.split())[:LONGEST]
            remedy = "[look] path"
            if answer.status_code in (401, 403):
                remedy = "[api] headers, by which the API lets the harness in"
            elif answer.is_redirect:
                said = f"see {answer.headers.get('location')}"
            self._tell(f"the API answers {answer.status_code} to {method} {path}{said and ': '}{said}", remedy=remedy)
            return None
        where = self._profile.look.status
        status = found(where, text=answer.text, headers=answer.headers)
        if status is not None:
            return self._profile.statuses.canonical(status, where="api")
        body = parsed(answer.text)
        has = f"has {', '.join(map(str, body))}"[:LONGEST] if isinstance(body, dict) else "is no JSON object"
        reason = f"the API's answer to {method} {path} names no status at {spelled(where)}; it {has}"
        self._tell(reason, remedy="[look] status: where in the answer the status stands")
        return None

    def _tell(
        self, reason: str, *, remedy: str, kinds: Sequence[str] = ("database.status",), lasting: bool = False
    ) -> None:
        if reason not in self._told:
            self._told.add(reason)
            gap(self._history, self.name, reason, kinds=kinds, lasting=lasting, remedy=remedy)

    async def settle(self) -> None:
        try:
            async with asyncio.timeout(SETTLES):
                await self._look()
                while await self._left_alone():
                    await self._look()
        except TimeoutError:
            reason = f"the API didn't name the status of {len(self._open)} messages within {SETTLES:.0f} s"
            gap(self._history, self.name, reason, kinds=["database.status"])

    async def stop(self) -> None:
        self._loop = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._client.aclose()
