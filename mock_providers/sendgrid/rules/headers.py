"""Headers of a mail and of a personalization, for which the vendor has slightly different words."""

from __future__ import annotations

from typing import Any, NamedTuple

from mock_providers.sendgrid.errors import Problem
from mock_providers.sendgrid.rules.wording import Problems, Terms, help_on, wrong_type

RESERVED = frozenset(
    (
        "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to",
        "from", "subject", "reply-to", "cc", "bcc",
    )
)  # fmt: skip


class _Words(NamedTuple):
    topic: str
    values: str
    keys: str
    reserved: str


_DUPLICATE = "The headers cannot contain duplicate keys."
_MAIL = _Words(
    "headers",
    "The header values must be strings.",
    "Header keys cannot contain non-ASCII characters and empty spaces.",
    "Header can not be one of the reserved keys.",
)
_BLOCK = _Words(
    "personalizations.headers",
    "All values of the headers object must be strings.",
    "Header keys cannot contain non-ASCII characters or empty spaces.",
    "Header cannot be one of the reserved keys.",
)


def headers(value: Any, problems: Problems, _: Terms) -> None:
    _check(value, "headers", _MAIL, problems)


def own_headers(value: Any, n: int, problems: Problems) -> None:
    """A personalization's headers."""
    _check(value, f"personalizations.{n}.headers", _BLOCK, problems)


def _check(value: Any, field: str, words: _Words, problems: Problems) -> None:
    topic = help_on(words.topic)
    if not isinstance(value, dict):
        problems.append(wrong_type("object", value, field, words.topic))
        return
    seen: set[str] = set()
    for name, content in value.items():
        folded = name.lower()
        if not (name.isascii() and name.isprintable() and name and " " not in name):
            problems.append(Problem(words.keys, field, topic))
        elif folded in RESERVED:
            problems.append(Problem(words.reserved, f"{field}.{name}", topic))
        elif type(content) is not str:
            problems.append(Problem(words.values, f"{field}.{name}", topic))
        # two that are spelt alike are one after decoding; those that differ in case are left, and are one header too
        if folded in seen:
            problems.append(Problem(_DUPLICATE, field, topic))
        seen.add(folded)
