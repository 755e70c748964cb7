"""The ways in which a webhook's signature can be bad, in words that both vendors share where both have them."""

from __future__ import annotations

from typing import Final, Literal

Signature = Literal[
    "valid",
    "tampered",
    "missing",
    "empty",
    "truncated",
    "other-key",
    "other-url",
    "other-body",
    "other-time",
    "untimed",
]
"""What the receiver finds: a good signature, one over something else or by somebody else, a piece of one, or none."""

BOTH: Final = ("valid", "tampered", "missing", "empty", "truncated", "other-key", "other-body")
TWILIO: Final[tuple[Signature, ...]] = (*BOTH, "other-url")
"""Twilio's signatures are of a URL, and know no time."""
SENDGRID: Final[tuple[Signature, ...]] = (*BOTH, "other-time", "untimed")
"""SendGrid's are of a time and a body, whatever the URL."""


def cut(signature: str, how: Signature) -> str:
    """A good signature as a spoilt delivery carries it: whole, its first half, or nothing of it."""
    return {"empty": "", "truncated": signature[: len(signature) // 2]}.get(how, signature)
