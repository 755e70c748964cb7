"""What a team's tests have in common: their conftest.py, which knows nothing of the harness."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from threading import Thread
from typing import Any

import httpx
import pytest
import redis


class Team:
    """The stack as a client sees it: its API, the mocks' control plane, its Redis."""

    def __init__(self) -> None:
        self.api = httpx.Client(base_url=os.environ["API_URL"], timeout=30)
        self.mocks = httpx.Client(base_url=os.environ["MOCKS_URL"], timeout=60)
        self.redis: Any = redis.Redis.from_url(os.environ["REDIS_URL"])
        self.account = os.environ["TWILIO_ACCOUNT"]
        self.threads: list[Thread] = []

    def send(self, *, to: str | None = None) -> tuple[str, str]:
        """Sends a text to a number of its own; the message's id, and the number."""
        to = to or f"+1555{uuid.uuid4().int % 10_000_000:07}"
        message = {"from": "+15550001111", "to": to, "type": "sms", "body": f"hello {uuid.uuid4().hex}"}
        answer = self.api.post("/api/v1/messages/send", json=message)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"]), to

    def status(self, message: str) -> str:
        return str(self.api.get(f"/api/v1/messages/{message}").json()["status"])

    def messages(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.api.get("/api/v1/messages/").json()["messages"]
        return rows

    def calls(self, to: str = "") -> list[dict[str, Any]]:
        """The calls that the providers' mocks have received."""
        entries = self.mocks.get("/_mock/calls", params={"to": to} if to else {}).json()["entries"]
        return [one for one in entries if one["type"] == "called"]

    def until(self, look: Callable[[], Any], seconds: float = 30.0) -> Any:
        """Looks again and again until it is so."""
        deadline = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < deadline, f"it didn't come within {seconds} s"
            time.sleep(0.02)  # reason: a stack without the harness announces itself to nobody
        return found

    def sid(self, to: str) -> str:
        """The provider's id of the message to a number, once it has one."""
        row = self.until(lambda: next((m for m in self.messages() if m["to"] == to and m["provider_message_id"]), None))
        return str(row["provider_message_id"])

    def report(self, sid: str, status: str) -> None:
        self.mocks.post(f"/_mock/twilio/{self.account}/messages/{sid}/status", json={"status": status})

    def reply(self, sender: str, body: str) -> None:
        told = {"from": sender, "to": "+15550001111", "body": body}
        self.mocks.post(f"/_mock/twilio/{self.account}/inbound", json=told)

    def beside(self, work: Callable[..., None], *words: str) -> None:
        """Does something while the test goes on, as a provider does."""
        thread = Thread(target=work, args=words)
        thread.start()
        self.threads.append(thread)


@pytest.fixture
def team():
    made = Team()
    yield made
    for thread in made.threads:
        thread.join()
    made.api.close()
    made.mocks.close()
    made.redis.close()
