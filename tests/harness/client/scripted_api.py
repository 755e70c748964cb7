"""An API that answers each request with the next of its answers, and what a client of it recorded."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from harness.history import Event, Flow, History, key
from harness.scenario.client import ApiClient
from harness.scenario.messages import Message

CREATED: dict[str, Any] = {"id": "m1", "status": "pending"}


class Api:
    """A server that answers each request with the next of its answers, and keeps what it was asked."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.url = server.url_for("").rstrip("/")
        self.answers: list[Response] = []
        self.asked: list[Request] = []
        self.bodies: list[bytes] = []
        self._lock = threading.Lock()
        for path in ("/api/v1/messages/send", "/api/v1/messages/m1", "/sends", "/sends/", "/sends/7", "/other"):
            server.expect_request(path).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        with self._lock:
            self.bodies.append(request.get_data())
            self.asked.append(request)
            return self.answers.pop(0) if self.answers else said(CREATED, 201)


def said(body: Any, status: int = 200, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(body), status=status, headers={"Content-Type": "application/json", **named})


def busy(**headers: str) -> Response:
    return said({"error": "slow down"}, 429, **headers)


Make = Callable[..., tuple[ApiClient, History]]


def answers(history: History) -> list[Event]:
    return list(history.events("api.answered"))


def flow(history: History, message: Message) -> Flow:
    return Flow(history.flow(key("token", message.token)))
