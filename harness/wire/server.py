"""The wire's process: listens once per observed process and talks to the harness over its standard input.

Requests, one JSON object a line, each with an `id` that the reply repeats:
  {"do": "listen", "process", "port", "host", "upstream": [host, port]} -> {}
  {"do": "gate", "gate", "process", "command", "side", "contains", "times"} -> {}
  {"do": "open", "gate"} -> {"reached": n}
  {"do": "settle"} -> {}     everything told before is out, in order
Unasked: what `commands.events_of` says, {"what": "gate"} when one is reached, {"what": "lost"} where it can't follow.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import Any

from harness.wire.commands import Said
from harness.wire.gates import Gates, gate_of
from harness.wire.proxy import ClientSide, Connection, RedisSide


class Wire:
    """All proxied connections of a deployment."""

    def __init__(self) -> None:
        self._gates = Gates()
        self._numbers = 0
        self._control: asyncio.StreamWriter | None = None
        self._told: list[bytes] = []

    async def serve(self, control: socket.socket) -> None:
        """Answers the harness until it hangs up."""
        reader, self._control = await asyncio.open_connection(sock=control, limit=1 << 20)
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                request = json.loads(line)
                try:
                    reply = await self._answer(request)
                except OSError as error:
                    reply = {"error": str(error)}
                self._tell({"id": request["id"], **reply})

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request["do"]:
            case "listen":
                await self._listen(request["process"], request["host"], request["port"], tuple(request["upstream"]))
            case "gate":
                self._gates.close(gate_of(request))
            case "open":
                return {"reached": self._gates.open(request["gate"])}
        return {}

    async def _listen(self, process: str, host: str, port: int, upstream: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        connecting: set[asyncio.Task[None]] = set()

        async def connect(connection: Connection) -> None:
            try:
                await loop.create_connection(lambda: RedisSide(connection), *upstream)
            except OSError:
                connection.close()  # the process sees what it would see without us: a refused connection

        def start(connection: Connection) -> None:
            task = loop.create_task(connect(connection))
            connecting.add(task)
            task.add_done_callback(connecting.discard)

        def protocol() -> ClientSide:
            self._numbers += 1
            connection = Connection(process=process, number=self._numbers, gates=self._gates, tell=self._tell)
            return ClientSide(connection, start)

        await loop.create_server(protocol, host, port)

    def _tell(self, said: Said) -> None:
        if not self._told:
            asyncio.get_running_loop().call_soon(self._flush)
        self._told.append(json.dumps(said, separators=(",", ":")).encode() + b"\n")

    def _flush(self) -> None:
        if self._control is not None and not self._control.is_closing():
            self._control.write(b"".join(self._told))
        self._told.clear()
