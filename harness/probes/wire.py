"""The queue as the wire sees it: every append, delivery, acknowledgement, and which process did it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

from harness.errors import DeployError
from harness.history import History, key
from harness.probes.probe import declare, gap
from harness.profile import Queue

Said = dict[str, Any]


class WireControl:
    """The harness's end of the wire's control socket."""

    def __init__(self, control: socket.socket, *, on_said: Callable[[Said], None]) -> None:
        self._socket = control
        self._on_said = on_said
        self._replies: dict[int, asyncio.Future[Said]] = {}
        self._next = 0
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        reader, self._writer = await asyncio.open_connection(sock=self._socket, limit=1 << 24)
        self._task = asyncio.create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                said = json.loads(line)
                if "id" in said and "do" not in said and "what" not in said:
                    self._replies.pop(said["id"]).set_result(said)
                else:
                    self._on_said(said)
        except ConnectionError:
            pass  # told to whoever waits, below
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(DeployError("the wire in front of Redis has died; start the deployment again"))

    async def ask(self, do: str, **more: object) -> Said:
        """Sends a request and waits for its answer; raises DeployError when the wire refuses or is gone."""
        if self._writer is None or self._task is None or self._task.done():
            raise DeployError("the wire in front of Redis has died; start the deployment again")
        self._next += 1
        reply = asyncio.get_running_loop().create_future()
        self._replies[self._next] = reply
        self._writer.write(json.dumps({"id": self._next, "do": do, **more}).encode() + b"\n")
        said: Said = await reply
        if "error" in said:
            raise DeployError(f"the wire can't {do}: {said['error']}")
        return said

    async def stop(self) -> None:
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
        self._queue = profile
        self._watched = set(profile.streams.values()) | ({profile.dead} if profile.dead else set())
        self.control: WireControl | None = None

    def connect(self, control: socket.socket) -> WireControl:
        self.control = WireControl(control, on_said=self._said)
        return self.control

    async def start(self) -> None:
        """Nothing to do: the wire observes from the first byte, since every process reaches Redis through it."""
        declare(self._history, self.name, "queue.appended", "queue.claimed", "queue.acked", "queue.deleted")

    async def settle(self) -> None:
        if self.control is not None:
            await self.control.ask("settle")

    async def stop(self) -> None:
        if self.control is not None:
            await self.control.stop()

    def _said(self, said: Said) -> None:
        match said["what"]:
            case "appended" | "claimed" | "acked" | "deleted" as what:
                if said["stream"] in self._watched:
                    record(self._history, self._queue, f"queue.{what}", said)
            case "gate":
                data = {"fault": "gate", "gate": said["gate"], "target": said["process"]}
                self._history.append("fault.hit", source="queue", at=said["at"], data=data)
            case "lost":
                reason = f"the wire can't follow a connection of {said['process']}: {said['reason']}"
                gap(self._history, self.name, reason, lasting=True, process=said["process"])


def record(history: History, queue: Queue, kind: str, said: Said) -> None:
    """Appends one queue event, with the message it is about where the entry says so."""
    stream, entry = said["stream"], said["id"]
    fields = said.get("fields") or {}
    data: dict[str, Any] = {
        name: said[name] for name in ("stream", "id", "group", "consumer", "how", "process", "counted") if name in said
    }
    data["entry"] = key("entry", stream, entry)
    if stream == queue.dead:
        data["dead"] = True
    message_id = None
    if fields:
        data["fields"] = {name: value[:2000] for name, value in fields.items()}
        message_id = message_of(fields, queue)
    keys = [data["entry"]]
    history.append(kind, source="queue", at=said["at"], message_id=message_id, data=data, keys=keys)


def message_of(fields: dict[str, str], queue: Queue) -> str | None:
    """The message id in an entry, by the profile's field and name; None in an entry that is not of that shape."""
    raw = fields.get(queue.field)
    if raw is None:
        return fields.get(queue.message_id)
    try:
        inner = json.loads(raw)
    except ValueError:
        return None
    value = inner.get(queue.message_id) if isinstance(inner, dict) else None
    return str(value) if value is not None else None
