"""One call to a vendor's API, as the vendor's part of the server understood it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from mock_providers.asgi import Answer, Request
from mock_providers.faults import Fault

TOO_MANY_ACCOUNTS = (
    "This mock makes no more accounts on demand (--open): it has {} accounts already. "
    "Restart it, or name the account in its configuration as"
)
"""What a vendor answers to credentials for which no account is made any more."""


class Call:
    """Who called what for whom, and how to answer it.

    `answer` processes the call; it is run after the call was recorded, and not at all if a fault comes first.
    """

    __slots__ = ("account", "answer", "endpoint", "params", "provider", "raw_params", "sender", "text", "to")

    def __init__(
        self,
        *,
        provider: str,
        account: str | None,
        endpoint: str,
        answer: Callable[[], Answer],
        to: list[str] | None = None,
        sender: str | None = None,
        text: str | None = None,
        params: Any = None,
        raw_params: str | None = None,
    ) -> None:
        self.provider = provider
        self.account = account
        self.endpoint = endpoint
        self.answer = answer
        self.to = to or []
        self.sender = sender
        self.text = text
        self.params = params
        self.raw_params = raw_params

    def facts(self) -> dict[str, Any]:
        """What faults and gates match on."""
        return {
            "provider": self.provider,
            "account": self.account,
            "endpoint": self.endpoint,
            "to": self.to,
            "text": self.text,
        }


class Vendor(Protocol):
    """One vendor's API."""

    name: str
    """As the record names it."""

    def receive(self, request: Request) -> Call:
        """Understands a request; never fails, since a bad request is a call with an error for an answer."""
        ...

    def failure(self, fault: Fault) -> Answer:
        """The answer a fault asks for, as this vendor words it."""
        ...

    def refusal(self, status: int, words: str = "") -> Answer:
        """The answer to what isn't taken or can't be processed, as this vendor words it."""
        ...
