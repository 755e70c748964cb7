"""The harness's own HTTP client: each request and answer is an event."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import httpx

from harness.errors import Inconclusive
from harness.history import History, key
from harness.profile import Api
from harness.scenario.messages import Message
from harness.tls import tls

KEEP_IDLE_S = 1.0
"""How long an idle connection may be used again.

Servers close theirs after 2 s (gunicorn), 5 s (uvicorn, Node) or more; a request that meets the close gets no answer.
"""
SHOWN = 4000
"""Characters of an answer's body that are kept as evidence."""


class ApiClient:
    """Speaks the contract's API; every call is recorded as `api.requested` and `api.answered`.

    `on_refused` is asked what to make of a connection that was refused, before the caller is told of it.
    """

    def __init__(
        self, history: History, *, url: str, paths: Api, on_refused: Callable[[], None] = lambda: None
    ) -> None:
        self._history = history
        self._on_refused = on_refused
        self._paths = paths
        self._numbers = itertools.count(1)
        limits = httpx.Limits(max_connections=128, max_keepalive_connections=64, keepalive_expiry=KEEP_IDLE_S)
        self._client = httpx.Client(
            base_url=url, timeout=paths.timeout, trust_env=False, limits=limits, verify=tls(url)
        )

    def send(self, message: Message, *, idempotency_key: str | None = None) -> dict[str, Any]:
        """POSTs a message; returns {"status", "body"}, raises Inconclusive where no answer came."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else None
        return self.request(
            "POST",
            self._paths.send,
            operation="send",
            channel=message.type,
            to=message.to,
            json=message.payload(),
            headers=headers,
            token=message.token,
        )

    def message(self, message_id: str) -> dict[str, Any]:
        """GETs a message; its status is a sample of the row, its witness an event."""
        return self.request("GET", self._paths.message.format(id=message_id), operation="get", message_id=message_id)

    def request(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        channel: str | None = None,
        to: str | None = None,
        token: str | None = None,
        message_id: str | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """Any request to the stack, recorded; returns {"status", "body"}, raises Inconclusive where no answer came."""
        call = next(self._numbers)
        keys = [key("request", call), *([key("token", token)] if token else [])]
        asked: dict[str, Any] = {"operation": operation, "method": method, "path": path, "request": call}
        if "Idempotency-Key" in (more.get("headers") or {}):
            asked["idempotency_key"] = more["headers"]["Idempotency-Key"]
        if channel is not None:
            asked["channel"] = channel
        if to is not None:
            asked["to"] = to
        self._history.append("api.requested", source="api", message_id=message_id, data=asked, keys=keys)
        began = time.monotonic()
        try:
            answer = self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            why = f"{type(error).__name__}: {error}"
            # indeterminate: the stack may have taken the message all the same
            data = {**asked, "status": None, "error": why}
            self._history.append("api.answered", source="api", message_id=message_id, data=data, keys=keys)
            if isinstance(error, httpx.ConnectError):
                self._on_refused()
            raise Inconclusive(f"{method} {path} got no answer ({why})") from error
        body = body_of(answer)
        data = {
            **asked,
            "status": answer.status_code,
            "elapsed_ms": round((time.monotonic() - began) * 1000, 3),
            "text": answer.text[:SHOWN],
        }
        if isinstance(body, dict):
            said, name = body.get("status"), body.get("id")
            data["message_status"] = None if said is None else str(said)
            if operation == "send" and isinstance(name, str | int) and not isinstance(name, bool):
                message_id = str(name)
        self._history.append("api.answered", source="api", message_id=message_id, data=data, keys=keys)
        return {"status": answer.status_code, "body": body, "headers": dict(answer.headers)}

    def close(self) -> None:
        self._client.close()


def body_of(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text
