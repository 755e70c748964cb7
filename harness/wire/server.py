"""The wire's process: listens once per observed process and talks to the harness over its standard input.

Requests, one JSON object a line, each with an `id` that the reply repeats:
  {"do": "watch", "streams": [...], "group": name or null, "database": n} -> {}   what to tell of; before "listen";
                                   "base", "beside", "payloads", "scripts" as `reach.Watched` has them
  {"do": "listen", "process", "port", "host", "upstream": [host, port]} -> {}   to Redis; to "part": "postgres"; the
                                   bytes to another part pass unread
  {"do": "gate", "gate", "process", "command" (or several), "side", "contains", "times", "keys"} -> {}
                                   with "part": "postgres" what `statement_gates.StatementGate` has
  {"do": "statements", "told"} -> {}   whether each statement, and each transaction's end, is told from now on
  {"do": "open", "gate"} -> {"reached": n}
  {"do": "disturb", "fault", "process", "part", "what", "seconds", "jitter", "bytes_per_s"} -> {"links": [process, ...]}
                                   what is wrong with the links of some processes to a part, as `link.Trouble` has it
  {"do": "heal", "fault"} -> {"hits": n}
  {"do": "links"} -> {"links": [[process, part], ...]}   those that there are
  {"do": "settle"} -> {}     everything told before is out, in order, and Redis is done with clients that have left
Unasked, each with the `process`, the `connection` and the time (`at`, Unix seconds):
  what `commands.events_of` says: "appended", "claimed", "acked", "deleted", "trimmed", and "some" where Redis did less
  than it was asked and doesn't tell which; of a queue that is no stream what `places.meaning_of` says: "put", "took",
  "removed", "cleared", "scored", "swept" (removed by score)
  {"what": "connected", "address"}   where Redis sees this connection come from
  {"what": "unread", "command", "stream" or null}   it may have changed a watched stream, or all of them; `why` where
                                                    its reply is missing, `lasting` where the change comes later
  {"what": "elsewhere", "command", "stream", "database"}   a stream of that name in another database
  {"what": "aside", "stream", "fields"}   an XADD to a stream that isn't watched: the first of a connection
  {"what": "gate", "gate"}   a gate is reached
  {"what": "lost", "reason"} the connection can't be followed from now on
  {"what": "stated", …}      a statement was run: what `database.told_of` gives; {"what": "ended", "how", "statements"}
  {"what": "unheard", "reason"} the same of a connection to PostgreSQL as "lost"
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import Any

from harness.wire.commands import Said
from harness.wire.database import DatabaseConnection, Listening
from harness.wire.gates import Gates, gate_of
from harness.wire.link import Door, Link, trouble_of
from harness.wire.proxy import Connection
from harness.wire.pump import ClientSide, Pump, ServerSide
from harness.wire.reach import Watched, watched_of
from harness.wire.statement_gates import StatementGates, statement_gate

LEAVE_WITHIN = 1.0
"""Seconds in which Redis, if it lives, is done with a client that has left."""


QUIET = 4
"""Turns of the loop without news: one accepts a connection, one reads from it, one its end."""


class Wire:
    """All proxied connections of a deployment."""

    def __init__(self) -> None:
        self._gates = Gates()
        self._statement_gates = StatementGates()
        self._listening = Listening()
        self._watched = Watched(streams=frozenset())
        self._links: list[Link] = []
        self._numbers = 0
        self._ends = 0
        self._leaving: set[Pump] = set()
        self._left = asyncio.Event()
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
                except (OSError, KeyError, TypeError, ValueError) as error:
                    reply = {"error": str(error) or type(error).__name__}
                self._tell({"id": request["id"], **reply})

    async def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        match request["do"]:
            case "watch":
                self._watched = watched_of(request)
            case "listen":
                link = Link(request["process"], request.get("part", "redis"))
                await self._listen(link, request["host"], request["port"], tuple(request["upstream"]))
            case "gate" if request.get("part") == "postgres":
                self._statement_gates.close(statement_gate(request))
            case "gate":
                self._gates.close(gate_of(request))
            case "statements":
                self._listening.on = bool(request["told"])
            case "open":
                gates = self._gates if request["gate"] in self._gates else self._statement_gates
                return {"reached": gates.open(request["gate"])}
            case "disturb":
                return {"links": await self._disturb(request)}
            case "links":
                return {"links": [[link.process, link.part] for link in self._links]}
            case "heal":
                return {"hits": sum([await link.heal(request["fault"]) for link in self._links])}
            case "settle":
                await self._leave()
        return {}

    async def _leave(self) -> None:
        """Returns when Redis has hung up on the clients that are gone: until then it may act on what they said."""
        try:
            async with asyncio.timeout(LEAVE_WITHIN):
                await self._take_in()
                while self._leaving:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            self._leaving.clear()  # they had their time; a Redis that hangs must not hold up every later request

    async def _take_in(self) -> None:
        """Returns when the kernel had no connection, and no end of one, for us that we haven't seen."""
        quiet = 0
        while quiet < QUIET:
            before = self._numbers, self._ends
            await asyncio.sleep(0)  # reason: a turn of the loop, in which it takes what the kernel has
            quiet = quiet + 1 if before == (self._numbers, self._ends) else 0

    def _on_end(self, connection: Pump) -> None:
        self._ends += 1
        if connection.leaving:
            self._leaving.add(connection)
        else:
            self._leaving.discard(connection)
            self._left.set()

    async def _disturb(self, request: dict[str, Any]) -> list[str]:
        trouble = trouble_of(request)
        links = [link for link in self._links if link.joins(request["process"], request["part"])]
        for link in links:
            await link.disturb(trouble)
        return [link.process for link in links]

    async def _listen(self, link: Link, host: str, port: int, upstream: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        connecting: set[asyncio.Task[None]] = set()

        async def connect(connection: Pump) -> None:
            try:
                await loop.create_connection(lambda: ServerSide(connection), *upstream)
            except OSError:
                connection.server_gone()  # the process sees what it would see without us: nobody answers

        def start(connection: Pump) -> None:
            task = loop.create_task(connect(connection))
            connecting.add(task)
            task.add_done_callback(connecting.discard)

        def protocol() -> ClientSide:
            self._numbers += 1
            return ClientSide(self._pump(link), start)

        link.door = Door(host, port, protocol)
        await link.door.open()
        self._links.append(link)

    def _pump(self, link: Link) -> Pump:
        """What passes on one more connection over a link."""
        of: dict[str, Any] = {"process": link.process, "number": self._numbers, "link": link}
        of |= {"tell": self._tell, "on_end": self._on_end}
        match link.part:
            case "redis":
                return Connection(gates=self._gates, watched=self._watched, **of)
            case "postgres":
                return DatabaseConnection(gates=self._statement_gates, listening=self._listening, **of)
        return Pump(**of)

    def _tell(self, said: Said) -> None:
        if not self._told:
            asyncio.get_running_loop().call_soon(self._flush)
        self._told.append(json.dumps(said, separators=(",", ":")).encode() + b"\n")

    def _flush(self) -> None:
        if self._control is not None and not self._control.is_closing():
            self._control.write(b"".join(self._told))
        self._told.clear()
