"""SendGrid's error envelope."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from mock_providers.asgi import Answer

JSON = (b"content-type", b"application/json")

HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html#message."
"""Where the vendor explains a broken rule; the rule's name follows."""


class Problem(NamedTuple):
    """One broken rule: the vendor's wording, the path of the field, and where to read about it."""

    message: str
    field: str | None = None
    help: str | None = None


class SendGridError(Exception):
    """A call is answered with these problems."""

    def __init__(self, status: int, *problems: Problem) -> None:
        self.status = status
        self.problems = problems
        super().__init__(problems[0].message if problems else str(status))

    def answer(self) -> Answer:
        return error_answer(self.status, self.problems)


UNAUTHORIZED = Problem("The provided authorization grant is invalid, expired, or revoked")
TOO_MANY = Problem("too many requests")
NO_JSON = Problem("Content-Type should be application/json.")

WORDING = {
    400: "Bad Request",
    401: UNAUTHORIZED.message,
    403: "access forbidden",
    404: "not found",
    405: "method not allowed",
    406: "missing or invalid Accept header",
    413: "payload too large",
    415: "unsupported content encoding; send gzip or none",
    429: TOO_MANY.message,
    500: "internal server error",
    502: "bad gateway",
    503: "service unavailable",
}


def error_answer(status: int, problems: Iterable[Problem]) -> Answer:
    errors = [problem._asdict() for problem in problems]
    return Answer(status, json.dumps({"errors": errors}).encode(), [JSON], code=errors[0]["message"])
