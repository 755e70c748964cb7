"""A server process, accounts of a test's own, and a receiver of webhooks, as tests use them."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import IO, Any

import httpx


@dataclass
class ServerProcess:
    """A running `mock_providers serve`."""

    process: subprocess.Popen[str]
    url: str

    def stop(self) -> int:
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        self.process.kill()
        self._ended()

    def _ended(self) -> int:
        with self.process:
            return self.process.wait(10)


def start_server(
    *options: str, journal: Path | None = None, port: int = 0, stderr: IO[str] | None = None
) -> ServerProcess:
    command = [sys.executable, "-m", "mock_providers", "serve", "--port", str(port), "--announce", "-", *options]
    if journal is not None:
        command += ["--journal", str(journal)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the server did not start: exit code {process.wait(10)}"
    where = json.loads(line)
    return ServerProcess(process, f"http://127.0.0.1:{where['port']}")


@dataclass
class TwilioTenant:
    """A Twilio account of the test's own, and requests in its name."""

    http: httpx.Client
    sid: str
    token: str

    @property
    def path(self) -> str:
        return f"/2010-04-01/Accounts/{self.sid}"

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.http.request(method, f"{self.path}{path}", auth=(self.sid, self.token), **options)

    def create(self, **params: Any) -> httpx.Response:
        form = {"To": "+15552340001", "From": "+15552340002", "Body": "hello"} | params
        return self.request(
            "POST", "/Messages.json", data={name: value for name, value in form.items() if value is not None}
        )

    def send(self, **params: Any) -> dict[str, Any]:
        response = self.create(**params)
        assert response.status_code == 201, response.text
        message: dict[str, Any] = response.json()
        return message

    def entries(self, **query: Any) -> list[dict[str, Any]]:
        return entries(self.http, account=self.sid, **query)

    def change(self, **settings: Any) -> None:
        response = self.http.patch(f"/_mock/accounts/twilio/{self.sid}", json=settings)
        assert response.status_code == 200, response.text


@dataclass
class SendGridTenant:
    """A SendGrid account of the test's own, and requests in its name."""

    http: httpx.Client
    name: str
    key: str

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"} | options.pop("headers", {})
        return self.http.request(method, f"/v3{path}", headers=headers, **options)

    def create(self, **changes: Any) -> httpx.Response:
        return self.request("POST", "/mail/send", json=mail(**changes))

    def send(self, **changes: Any) -> str:
        response = self.create(**changes)
        assert response.status_code == 202, response.text
        return response.headers["x-message-id"]

    def entries(self, **query: Any) -> list[dict[str, Any]]:
        return entries(self.http, account=self.name, **query)

    def change(self, **settings: Any) -> None:
        response = self.http.patch(f"/_mock/accounts/sendgrid/{self.name}", json=settings)
        assert response.status_code == 200, response.text


def mail(**changes: Any) -> dict[str, Any]:
    """A mail that may be sent, with changes; a change to None leaves the key out."""
    payload = {
        "personalizations": [{"to": [{"email": "to@example.com"}]}],
        "from": {"email": "from@example.com"},
        "subject": "A subject",
        "content": [{"type": "text/plain", "value": "A text"}],
    } | changes
    return {name: value for name, value in payload.items() if value is not None}


def entries(http: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    response = http.get("/_mock/calls", params=query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["entries"]
    return found


def make_twilio(http: httpx.Client, **settings: Any) -> TwilioTenant:
    sid, token = f"AC{secrets.token_hex(16)}", secrets.token_hex(16)
    account = {"provider": "twilio", "account_sid": sid, "auth_token": token, "lifecycle": "manual"} | settings
    response = http.post("/_mock/accounts", json=account)
    assert response.status_code == 201, response.text
    return TwilioTenant(http, sid, token)


def make_sendgrid(http: httpx.Client, **settings: Any) -> SendGridTenant:
    name, key = f"mail-{secrets.token_hex(8)}", f"SG.{secrets.token_urlsafe(16)}"
    account = {"provider": "sendgrid", "api_key": key, "name": name, "lifecycle": "manual"} | settings
    response = http.post("/_mock/accounts", json=account)
    assert response.status_code == 201, response.text
    return SendGridTenant(http, name, key)


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"


@dataclass
class Receiver:
    """A real HTTP server that keeps what it gets; `statuses` are answered in turn, then 200."""

    url: str
    received: Queue[Received] = field(default_factory=Queue)
    statuses: list[int] = field(default_factory=list)
    reply: bytes = b""
    reply_type: str = "text/xml"

    def next(self) -> Received:
        return self.received.get(timeout=10)
