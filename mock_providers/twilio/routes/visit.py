"""What a Twilio endpoint gets to see, and how it is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mock_providers import client_json
from mock_providers.asgi import Answer, Form, Request
from mock_providers.twilio.callbacks import TwilioWebhooks
from mock_providers.twilio.errors import TwilioError
from mock_providers.twilio.state.account import TwilioAccount

API = r"/2010-04-01/Accounts/([^/.]+)"
"""The part of a path that names the account."""
JSON_LIMIT = 64 * 1024
"""Bytes of a body of JSON: a template is kept as long as its account."""


class Visit:
    """An authenticated request: `args` are the path's SIDs after the account's."""

    __slots__ = ("_request", "account", "args", "form", "webhooks")

    def __init__(
        self, account: TwilioAccount, args: tuple[str, ...], form: Form, *, request: Request, webhooks: TwilioWebhooks
    ) -> None:
        self.account = account
        self.args = args
        self.form = form
        self._request = request
        self.webhooks = webhooks

    def json(self) -> dict[str, Any]:
        """The JSON object that the body is; raises TwilioError 20001 for one that is none, or too large."""
        if len(self._request.body) > JSON_LIMIT:
            raise TwilioError(20001, f"the body has more than {JSON_LIMIT} bytes")
        try:
            given = client_json.read(self._request.body)
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise TwilioError(20001, "the body must be a JSON object")
        return given

    @property
    def base(self) -> str:
        """The server's own URL, as the client called it."""
        return f"http://{self._request.header(b'host').decode('latin-1')}"


class Route:
    """One endpoint: its name in the journal, how it is asked for, and what answers."""

    __slots__ = ("answer", "endpoint", "method", "pattern")

    def __init__(self, endpoint: str, method: str, pattern: str, answer: Callable[[Visit], Answer]) -> None:
        self.endpoint = endpoint
        self.method = method
        self.pattern = re.compile(pattern)
        self.answer = answer
