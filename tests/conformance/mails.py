"""Mails to send through the `sendgrid` package, and what it raises when one is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from python_http_client.exceptions import HTTPError
from sendgrid.helpers.mail import Mail

DELIVERED = [["processed", 0], ["delivered", 0]]
"""The lifecycle of a mail that arrives at once."""


def mail(sender: str = "from@example.com") -> Mail:
    return Mail(sender, "to@example.com", "A subject", "A text")


def body(response: Any) -> Any:
    return json.loads(response.body)


def refused(error: type[HTTPError], call: Callable[[], Any]) -> dict[str, Any]:
    """The first error of a call that the SDK raises for."""
    with pytest.raises(error) as caught:
        call()
    first: dict[str, Any] = json.loads(caught.value.body)["errors"][0]
    return first
