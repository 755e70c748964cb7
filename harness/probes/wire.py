"""The queue as the wire sees it: every append, delivery, acknowledgement, and which process did it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Mapping
from typing import Any

from redis.connection import parse_url

from harness.errors import DeployError
from harness.history import History
from harness.probes.entries import QUEUE, Entries, Said
from harness.probes.probe import declare, gap
from harness.probes.scripts import Scripts
from harness.probes.statements import Statements
from harness.profile import Queue
from harness.vitals import died
from harness.wire.reach import watched_of

MOMENT = 0.2
"""Seconds in which a deployment hears that a process of its own has ended."""
DEAD = "the wire in front of Redis has died; start the deployment again"


class WireControl:
    """The harness's end of the wire's control socket; `watch` is what the wire is told at first."""

    def __init__(
        self,
        control: socket.socket,
        *,
        on_said: Callable[[Said], None],
        on_death: Callable[[str], Exception | None] = lambda _: None,
        watch: Mapping[str, object] | None = None,
    ) -> None:
        self._socket = control
        self._on_said = on_said
        self._on_death = on_death
        self._watch = watch
        self._replies: dict[int, asyncio.Future[Said]] = {}
        self._next = 0
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._answered = False
        self._stopping = False
        self._gone: Exception = DeployError(DEAD)
        """What is raised once it is gone."""

    async def start(self) -> None:
        """Begins to listen to the wire, and tells it what to watch; raises DeployError when it is gone."""
        # a line is as long as an entry is
        reader, self._writer = await asyncio.open_connection(sock=self._socket, limit=1 << 30)
        self._task = asyncio.create_task(self._read(reader))
        if self._watch is not None:
            await self.ask("watch", **self._watch)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        why = "its control connection was closed"
        try:
            while line := await reader.readline():
                said = json.loads(line)
                if "id" in said and "what" not in said:
                    self._answered = True
                    reply = self._replies.pop(said["id"])
                    if not reply.done():  # whoever asked may have given up, as where another part couldn't be started
                        reply.set_result(said)
                else:
                    self._on_said(said)
        except asyncio.CancelledError:
            self._stopping = True
            raise
        except OSError as error:
            why = str(error)
        except Exception as error:  # our own fault: nobody may wait for ever because of it
            why = f"what it said can't be read ({error!r})"
        finally:
            try:
                if self._answered and not self._stopping:
                    # reason: what has ended, and took the wire with it, is told by others, a moment later
                    await asyncio.sleep(MOMENT)
                    self._gone = self._on_death(why) or self._gone
            finally:
                for reply in self._replies.values():
                    if not reply.done():
                        reply.set_exception(self._gone)

    async def ask(self, do: str, **more: object) -> Said:
        """Sends a request and waits for its answer; raises DeployError when the wire refuses or is gone."""
        if self._writer is None or self._task is None or self._task.done():
            raise self._gone
        self._next += 1
        reply = asyncio.get_running_loop().create_future()
        self._replies[self._next] = reply
        self._writer.write(json.dumps({"id": self._next, "do": do, **more}).encode() + b"\n")
        said: Said = await reply
        if "error" in said:
            raise DeployError(f"the wire can't {do}: {said['error']}")
        return said

    async def stop(self) -> None:
        self._stopping = True
        if self._writer is not None:
            self._writer.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


class WireProbe:
    """Turns what the wire says into events."""

    name = "queue"

    def __init__(self, history: History, profile: Queue) -> None:
        self._history = history
        self._entries = Entries(history, profile)
        self._watch = watch_of(profile)
        self.url: str | None = None
        """Where Redis itself answers; asked for what scripts do to a queue that is no stream."""
        self._scripts: Scripts | None = None
        self.control: WireControl | None = None
        self.statements = Statements(history)
        self.has_database = False
        """Whether the stack's processes reach PostgreSQL through it, too."""
        self._flushing = False

    def connect(self, control: socket.socket) -> WireControl:
        self.control = WireControl(control, on_said=self._said, on_death=self._died, watch=self._watch)
        return self.control

    async def start(self) -> None:
        """Begins to read what scripts do, where that matters: all else the wire observes from the first byte on."""
        declare(self._history, self.name, *QUEUE)
        if self._watch["scripts"] and self.url is not None:
            self._scripts = Scripts(
                self._history,
                watched_of(self._watch),
                url=self.url,
                take=self._take,
                heard_out=self._hear_out,
            )
            await self._scripts.start()

    async def _hear_out(self) -> None:
        if self.control is not None:
            await self.control.ask("settle")

    async def settle(self) -> None:
        await self._hear_out()
        if self.control is not None:
            if self._scripts is not None:
                await self._scripts.settle()
            self._entries.settle()

    async def stop(self) -> None:
        if self._scripts is not None:
            await self._scripts.stop()
        if self.control is not None:
            await self.control.stop()

    def _died(self, why: str) -> Exception | None:
        if self._history.over is None:
            died(self._history, "the wire", why)
        return self._history.over

    def _said(self, said: Said) -> None:
        match said["what"]:
            case "gate" | "left" as what:
                data = {"fault": "gate", "gate": said["gate"], "target": said["process"]}
                data |= {name: said[name] for name in ("statement",) if name in said}
                kind = "fault.hit" if what == "gate" else "fault.left"
                self._history.append(kind, source="queue", at=said["at"], data=data)
            case "lost":
                reason = f"the wire can't follow a connection of {said['process']}: {said['reason']}"
                remedy = "none in the profile: a connection that speaks to the queue has to speak plain commands only"
                gap(
                    *(self._history, self.name, reason),
                    kinds=QUEUE,
                    lasting=True,
                    remedy=remedy,
                    process=said["process"],
                )
            case "connected":
                if self._scripts is not None:
                    self._scripts.connected(said["address"], said["process"])
            case "stated" | "ended" | "unheard":
                self.statements.take(said)
            case _:
                self._take(said)

    def _take(self, said: Said) -> None:
        self._entries.take(said)
        if self._entries.pending and not self._flushing:
            # what was done together is told together: the next turn of the loop has all of it
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        self._entries.flush()


def watch_of(queue: Queue) -> dict[str, Any]:
    """What of a queue is to be watched, as `harness.wire` wants to be told it."""
    return {
        "streams": sorted(queue.all_keys),
        # of several, each that goes may be the workers'
        "group": None if queue.groups else queue.group,
        "database": database_of(queue.url),
        "base": queue.base,
        "beside": sorted({*queue.taken_keys, *queue.later_keys}),
        "payloads": sorted(queue.payload_keys),
        # what a library's own scripts do is read, not only told of
        "scripts": queue.kind != "stream",
    }


def database_of(url: str | None) -> int:
    """The number of the database that a Redis URL names; 0 where it names none."""
    try:
        # reason: redis-py doesn't type it
        return int(parse_url(url).get("db", 0)) if url else 0  # type: ignore[no-untyped-call]
    except ValueError:
        return 0
