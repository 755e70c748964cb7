"""One rule of the vendor's list, and a mail that breaks it alone."""

from __future__ import annotations

from typing import Any, NamedTuple

PERSON = {"email": "to@example.com"}
LISTED_PERSON = '{"email": "example@example.com"} or {"email": "example@example.com", "name": "Example Recipient"}'
WIRE_PERSON = '{"email" : "example@example.com"} or {"email" : "example@example.com", "name" : "Example Recipient"}.'
LONG = "a" * 60 + "@" + ".".join(["example"] * 40) + ".com"
UNIQUE = (
    "Each email address in the personalization block should be unique between to, cc, and bcc. "
    "We found the first duplicate instance of [{}] in the personalizations.0.{} field."
)


class Rule(NamedTuple):
    """A row: its anchor, what the list says, the change that breaks it, and where that differs, what is answered.

    `said` with a `why` is another wording than the list's; without one it fills the list's placeholders.
    """

    topic: str
    listed: str
    changes: dict[str, Any]
    field: str | None
    said: str | None = None
    why: str | None = None
    help: str | None = "as listed"
    settings: dict[str, Any] | None = None
    group: bool = False

    @property
    def message(self) -> str:
        return self.listed if self.said is None else self.said


class Unanswered(NamedTuple):
    """A row that is not answered in its words, and why."""

    topic: str
    listed: str
    why: str


def block(**changes: Any) -> dict[str, Any]:
    """A mail's change: its one personalization has these, too."""
    return {"personalizations": [{"to": [PERSON]} | changes]}


def part(**changes: Any) -> dict[str, Any]:
    return {"content": [{name: value for name, value in changes.items() if value is not ...}]}


def attachment(**changes: Any) -> dict[str, Any]:
    """A mail's change: an attachment with these; `...` leaves one out."""
    item = {"content": "aGVsbG8=", "filename": "a.txt"} | changes
    return {"attachments": [{name: value for name, value in item.items() if value is not ...}]}


def setting(group: str, name: str, **params: Any) -> dict[str, Any]:
    return {group: {name: params}}
