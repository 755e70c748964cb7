"""What every probe can do, and the marks by which they correlate."""

from __future__ import annotations

import re
import secrets
import string
from typing import Protocol

TOKEN = re.compile(r"#h[0-9a-z]{10}\b")
"""Unique per send, in characters that cost one GSM-7 septet each, so that it doesn't change an SMS's encoding."""
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


class Probe(Protocol):
    """Observes one part of the stack and emits events; all its methods run in the harness's loop."""

    name: str

    async def start(self) -> None:
        """Begins to observe; returns when nothing that happens from now on can be missed."""

    async def settle(self) -> None:
        """Returns when all that had happened at the source before this call is in the history."""

    async def stop(self) -> None:
        """Stops observing and removes what the probe put into the stack."""


def new_token() -> str:
    return "#h" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(10))


def token_in(text: str) -> str | None:
    found = TOKEN.search(text)
    return found.group() if found else None
