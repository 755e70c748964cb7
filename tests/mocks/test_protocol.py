"""The short way and the long way of a request: whichever it takes, the client sees the same."""

from __future__ import annotations

import asyncio
import json
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import uvloop

from mock_providers.app import App
from mock_providers.asgi import Answer, Request
from mock_providers.config import Config
from mock_providers.exchange import Exchange
from mock_providers.faults.match import Match
from mock_providers.protocol import Protocol
from mock_providers.twilio.api import TwilioApi
from mock_providers.world import World

SID = "AC" + "0" * 31 + "7"
PATH = f"/2010-04-01/Accounts/{SID}/Messages.json"
AUTH = "Basic " + b64encode(f"{SID}:token".encode()).decode()
IDLE_S = 30


def request(body: bytes, *, method: str = "POST", path: str = PATH, version: str = "1.1", **headers: str) -> bytes:
    given = {
        "Host": "localhost",
        "Authorization": AUTH,
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
    return f"{method} {path} HTTP/{version}\r\n{lines}\r\n".encode() + body


def send(text: str) -> bytes:
    return b"To=%2B15552340001&From=%2B15552340002&Body=" + text.encode()


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(**given: Any) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(test(**given))

    return run


class Served:
    """The server, and the protocols of its connections."""

    def __init__(self, world: World, server: uvicorn.Server, port: int) -> None:
        self.world = world
        self.server = server
        self.port = port
        self.clients: list[Client] = []

    @property
    def protocol(self) -> Protocol:
        [it] = self.server.server_state.connections
        assert isinstance(it, Protocol)
        return it

    async def connect(self) -> Client:
        self.clients.append(Client(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.clients[-1]


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.head = b""

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self, *, body: bool = True) -> tuple[int, Any]:
        """The next answer's status and body."""
        self.head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)
        status = int(self.head.split(b" ", 2)[1])
        lengths = [line for line in self.head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        text = await self.reader.readexactly(int(lengths[0].split(b":")[1])) if lengths and body else b""
        return status, json.loads(text) if text.startswith(b"{") else text

    async def closed(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), 10) == b""


@asynccontextmanager
async def served(journal: Path | None = None) -> AsyncIterator[Served]:
    world = World(Config(open_accounts=True), journal=journal)
    settings = uvicorn.Config(
        App(world), http=Protocol, ws="none", lifespan="off", log_config=None, timeout_keep_alive=IDLE_S
    )
    server = uvicorn.Server(settings)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        settings.load()
        server.lifespan = settings.lifespan_class(settings)
        await server.startup([sock])
        await server.on_tick(0)
        it = Served(world, server, sock.getsockname()[1])
        try:
            yield it
        finally:
            for client in it.clients:
                client.writer.close()
            world.close_soon()
            await server.shutdown([sock])
            await world.close()


def texts(world: World) -> list[str]:
    entries = [world.journal.entry(seq) or {} for seq in range(1, world.journal.visible + 1)]
    return [entry["text"] for entry in entries if entry.get("type") == "called"]


def answers(world: World) -> list[dict[str, Any]]:
    entries = [world.journal.entry(seq) or {} for seq in range(1, world.journal.visible + 1)]
    return [entry for entry in entries if entry.get("type") == "answered"]


@in_a_loop
async def test_requests_on_one_connection_are_answered_in_their_order() -> None:
    async with served() as it:
        client = await it.connect()
        whole = [request(send(f"n{number}")) for number in range(4)]
        health = request(b"", method="GET", path="/health", Host="localhost")
        # the short way, the long one, a short one behind it, and one that comes in pieces
        client.write(whole[0] + health + whole[1] + whole[2][:100])
        assert [(await client.answer())[0] for _ in range(3)] == [201, 200, 201]
        client.write(whole[2][100:-2])
        client.write(whole[2][-2:] + whole[3])
        bodies = [(await client.answer())[1]["body"] for _ in range(2)]
        assert bodies == ["n2", "n3"]
        assert texts(it.world) == ["n0", "n1", "n2", "n3"]
        assert it.server.server_state.total_requests == 5


@in_a_loop
async def test_both_ways_give_the_same_answer() -> None:
    async with served() as it:
        client = await it.connect()
        whole = request(send("hello"))
        client.write(whole)
        short = await client.answer()
        short_head = client.head
        client.write(whole[:-3])
        await it_has_a_task(it)
        client.write(whole[-3:])
        long = await client.answer()
        assert short[0] == long[0] == 201
        assert short[1].keys() == long[1].keys()
        assert names(short_head) == names(client.head)
        assert b"date" in names(short_head)


async def it_has_a_task(it: Served) -> None:
    """Until the request that has come in part has gone uvicorn's way."""
    async with asyncio.timeout(10):
        while not it.server.server_state.tasks:  # noqa: ASYNC110  # reason: uvicorn tells nobody
            await asyncio.sleep(0)  # reason: one turn of the loop, not a time


def names(head: bytes) -> set[bytes]:
    return {line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:] if line}


@pytest.mark.parametrize(("version", "connection"), [("1.0", ""), ("1.1", "close")])
@in_a_loop
async def test_a_connection_ends_when_the_client_wants_that(version: str, connection: str) -> None:
    async with served() as it:
        client = await it.connect()
        client.write(request(send("last"), version=version, Connection=connection))
        assert (await client.answer())[0] == 201
        assert await client.closed()


@in_a_loop
async def test_what_http_asks_for_on_the_side() -> None:
    async with served() as it:
        client = await it.connect()
        client.write(request(send("waits"), Expect="100-continue")[: -len(send("waits"))])
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.write(send("waits"))
        assert (await client.answer())[1]["body"] == "waits"
        client.write(request(b"", method="HEAD"))
        assert (await client.answer(body=False))[0] == 405
        client.write(request(b"", method="GET", Connection="Upgrade, HTTP2-Settings", Upgrade="h2c"))
        assert (await client.answer())[1]["messages"][0]["body"] == "waits"
        client.write(request(send("escaped"), path=PATH.replace(".", "%2E")))
        assert (await client.answer())[1]["body"] == "escaped"


@in_a_loop
async def test_a_body_that_breaks_off_into_nonsense_is_refused() -> None:
    async with served() as it:
        client = await it.connect()
        client.write(request(b"zz\r\nno chunk\r\n", Content_Length="", Transfer_Encoding="chunked"))
        assert (await client.answer())[0] == 400
        assert await client.closed()
        assert texts(it.world) == []


@in_a_loop
async def test_a_client_that_left_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served() as it:
        client = await it.connect()
        with monkeypatch.context() as patch:
            reply = await held(patch, client)
        client.writer.transport.abort()
        async with asyncio.timeout(10):
            while it.server.server_state.connections:  # noqa: ASYNC110  # reason: uvicorn tells nobody
                await asyncio.sleep(0)  # reason: one turn of the loop, not a time
        reply(Answer(201, b"{}"))
        other = await it.connect()
        other.write(request(send("stayed")))
        assert (await other.answer())[0] == 201


async def held(patch: pytest.MonkeyPatch, client: Client) -> Callable[[Answer], None]:
    """Sends a call, and has what would answer it."""
    kept: asyncio.Future[Callable[[Answer], None]] = asyncio.get_running_loop().create_future()

    def keep(_: App, __: Request, reply: Callable[[Answer], None]) -> bool:
        kept.set_result(reply)
        return True

    patch.setattr(App, "serve_now", keep)
    client.write(request(send("held")))
    return await asyncio.wait_for(kept, 10)


@in_a_loop
async def test_an_error_of_ours_is_an_answer_and_not_a_silence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: Any) -> None:
        raise ZeroDivisionError

    async with served() as it:
        client = await it.connect()
        monkeypatch.setattr(TwilioApi, "receive", breaks)
        client.write(request(send("breaks")))
        status, body = await client.answer()
        assert (status, body["code"]) == (500, 20500)
        [entry] = answers(it.world)
        assert (entry["status"], entry["error"]) == (500, 20500)
    assert "wasn't understood" in caplog.text


@in_a_loop
async def test_a_header_that_would_break_the_head_never_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served() as it:
        client = await it.connect()
        smuggled = Answer(200, b"{}", [(b"content-type", b"text/plain\r\nx-smuggled: 1")])
        monkeypatch.setattr(App, "serve_now", lambda self, request, reply: reply(smuggled) or True)
        client.write(request(send("x")))
        assert (await client.answer())[0] == 500
        assert b"smuggled" not in client.head


@in_a_loop
async def test_a_call_that_cant_be_kept_is_not_answered_as_if_it_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path / "journal.jsonl") as it:

        def full(*_: Any, **__: Any) -> None:
            raise OSError(28, "No space left on device")

        client = await it.connect()
        monkeypatch.setattr("mock_providers.journal.file.JournalFile.append", full)
        for _ in range(2):  # the one that meets it, and the one that comes after
            client.write(request(send("kept")))
            status, body = await client.answer()
            assert (status, body["code"], "No space left" in body["message"]) == (500, 20500, True)
        assert texts(it.world) == []


@in_a_loop
async def test_an_idle_connection_is_closed_after_its_time_and_a_used_one_is_not() -> None:
    async with served() as it:
        client = await it.connect()
        client.write(request(send("one")))
        await client.answer()
        protocol = it.protocol
        timer = protocol.timeout_keep_alive_task
        assert timer is not None
        client.write(request(send("two")))
        await client.answer()
        assert protocol.timeout_keep_alive_task is timer, "a call makes no timer of its own"
        idle = protocol._idle_since
        assert idle is not None

        # as if the timer were due 5 s after the last call: what is left is waited for
        protocol.loop = _Clock(protocol.loop, idle + 5)
        protocol.timeout_keep_alive_handler()
        assert protocol.loop.asked == [pytest.approx(IDLE_S - 5)]
        # in the middle of a call there is nothing to close; its answer begins anew
        protocol._unset_keepalive_if_required()
        protocol.timeout_keep_alive_handler()
        assert protocol.timeout_keep_alive_task is None
        assert not protocol.transport.is_closing()
        protocol._idle_since = idle
        protocol.loop = _Clock(protocol.loop, idle + IDLE_S)
        protocol.timeout_keep_alive_handler()
        assert await client.closed()


class _Clock:
    """A loop whose time is given."""

    def __init__(self, loop: Any, now: float) -> None:
        self._loop = loop
        self._now = now
        self.asked: list[float] = []

    def time(self) -> float:
        return self._now

    def call_later(self, seconds: float, *_: Any) -> Any:
        self.asked.append(seconds)
        return None


@in_a_loop
async def test_a_server_that_ends_answers_what_it_has_and_says_that_it_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served() as it:
        client = await it.connect()
        reply = await held(monkeypatch, client)
        it.protocol.shutdown()
        reply(Answer(201, b"{}"))
        assert (await client.answer())[0] == 201
        assert b"connection: close" in client.head
        assert await client.closed()


@in_a_loop
async def test_a_fault_keeps_only_the_calls_that_it_takes_time_from(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks: list[str] = []
    serve = Exchange.serve

    async def counted(self: Exchange, vendor: Any, scope: Any, receive: Any, send: Any) -> None:
        tasks.append(scope["path"])
        await serve(self, vendor, scope, receive, send)

    monkeypatch.setattr(Exchange, "serve", counted)
    async with served() as it:
        client = await it.connect()
        it.world.faults.add({"match": {"text": "late"}, "latency_s": 0.001})
        nth = it.world.faults.add({"match": {"text": "third"}, "status": 503, "nth": 3})
        once = it.world.faults.add({"match": {"text": "once"}, "reset": True, "times": 1, "nth": 9})
        once.hits = 1  # it is used up
        gate = it.world.gates.add(Match.from_json({"text": "gated"}))
        seen = []
        for text in ("third", "third", "third", "third", "once", "other"):
            client.write(request(send(text)))
            seen.append((await client.answer())[0])
        assert (seen, nth.met, nth.hits, tasks) == ([201, 201, 503, 201, 201, 201], 4, 1, [])
        client.write(request(send("late")))
        assert (await client.answer())[0] == 201
        client.write(request(send("gated")))
        await gate.until(1, within=10)
        it.world.gates.open(gate.id)
        assert (await client.answer())[1]["body"] == "gated"
        assert len(tasks) == 2
        # what nobody knows is counted once, whichever way it goes
        it.world.faults.add({"match": {}, "latency_s": 0.001})
        client.write(request(b"", method="GET", path="/v3/nonsense", Authorization="Bearer SG.x.y"))
        assert (await client.answer())[0] == 404
        assert [one["count"] for one in it.world.unsupported.to_json()] == [1]
