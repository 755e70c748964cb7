"""What a SendGrid endpoint gets to see, and how it is found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from mock_providers.asgi import Answer, Form, field
from mock_providers.sendgrid.errors import JSON, Problem, SendGridError
from mock_providers.sendgrid.events import SendGridWebhooks
from mock_providers.sendgrid.state.account import SendGridAccount


class Visit:
    """An authenticated request: the path's parts, the query, the decoded body."""

    __slots__ = ("account", "args", "payload", "query", "scopes", "webhooks")

    def __init__(
        self,
        account: SendGridAccount,
        args: tuple[str, ...],
        *,
        query: Form,
        payload: Any,
        webhooks: SendGridWebhooks,
        scopes: tuple[str, ...] = (),
    ) -> None:
        """`scopes` are those of the key that it came with; none means everything."""
        self.account = account
        self.scopes = scopes
        self.args = args
        self.query = query
        self.payload = payload
        self.webhooks = webhooks

    def body(self) -> dict[str, Any]:
        """The body, which has to be an object."""
        if not isinstance(self.payload, dict):
            raise SendGridError(400, Problem("The request body must be a JSON object."))
        return self.payload

    def text(self, name: str) -> str:
        """A required, non-empty string of the body."""
        value = self.body().get(name)
        if not isinstance(value, str) or not value:
            raise SendGridError(400, Problem(f"The {name} is required.", name))
        return value

    def number(self, name: str, default: int) -> int:
        """A whole number of the query."""
        given = field(self.query, name)
        if not given:
            return default
        if not (given.isascii() and given.isdigit() and len(given) < 12):
            raise SendGridError(400, Problem(f"{name} must be a non-negative integer", name))
        return int(given)

    def page(self, items: list[Any]) -> list[Any]:
        """The part of a list that `limit` and `offset` ask for."""
        offset = self.number("offset", 0)
        return items[offset : offset + self.number("limit", 500)]


class Route:
    """One endpoint: its name in the journal, how it is asked for, what answers, and the scope that allows it."""

    __slots__ = ("answer", "endpoint", "method", "pattern", "scope")

    def __init__(
        self, endpoint: str, method: str, pattern: str, answer: Callable[[Visit], Answer], *, scope: str
    ) -> None:
        self.endpoint = endpoint
        self.method = method
        self.pattern = re.compile(pattern)
        self.answer = answer
        self.scope = scope


def shown(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode(), [JSON])


class PlainError(SendGridError):
    """Errors with a message and the members given, and no others: what some of the vendor's resources answer."""

    def __init__(self, status: int, message: str, **members: Any) -> None:
        super().__init__(status, Problem(message))
        self._error = {"message": message, **members}

    def answer(self) -> Answer:
        body = json.dumps({"errors": [self._error]}).encode()
        return Answer(self.status, body, [JSON], code=self._error["message"])


def not_found(what: str) -> SendGridError:
    return SendGridError(404, Problem(f"{what} not found"))
