"""The stack of a test: its processes, started as the test wants them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import httpx
from stack_servers import Database, Providers, Valkey
from stack_support import DEADLINE_S, ROOT, SENDGRID_KEY, TWILIO_SID, TWILIO_TOKEN, News, Process, T, free_port

from messaging_stack.providers.http import provider_tls


class Deployment:
    """The stack of one test: its processes, started as the test wants them."""

    def __init__(self, *, database: Database, valkey: Valkey, providers: Providers, news: News) -> None:
        self.database, self.valkey, self.providers, self.news = database, valkey, providers, news
        self.port = free_port()
        self.public_url = "https://stack.example.test"
        url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=url, timeout=DEADLINE_S, verify=provider_tls(url))
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
        self.providers.forget()

    def close(self) -> None:
        self.http.close()
        for process in self._processes:
            process.close()
