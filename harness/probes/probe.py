"""What every probe can do, and the marks by which they correlate."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Sequence
from typing import Protocol

from harness.history import History, key

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


class Unwatched:
    """What stands for the probe of rows where nothing shows a message's status: it says so, and what would."""

    name = "database"

    def __init__(self, history: History, reason: str, remedy: str) -> None:
        self._history, self._reason, self._remedy = history, reason, remedy

    async def start(self) -> None:
        gap(self._history, self.name, self._reason, lasting=True, remedy=self._remedy)

    async def settle(self) -> None:
        """There is nothing to read."""

    async def stop(self) -> None:
        """There is nothing to take away."""


def declare(history: History, source: str, *kinds: str, **more: object) -> None:
    """Records which kinds of events a source delivers from now on; what no source declares is unseen."""
    history.append("probe.started", source=source, data={"kinds": list(kinds), **more})


def gap(
    history: History,
    source: str,
    reason: str,
    *,
    kinds: Sequence[str] = (),
    lasting: bool = False,
    remedy: str = "",
    **more: object,
) -> None:
    """Records that a source missed something before now, or with `lasting` will go on missing it.

    `kinds` are all the kinds of events that it hides, where it isn't every kind that the source shows; `remedy` is
    the line of the profile, or the permission, that would let it be seen.
    """
    data: dict[str, object] = {"reason": reason, **more}
    if remedy:
        data["remedy"] = remedy
    if kinds:
        data["kinds"] = list(kinds)
    if lasting:
        data["lasting"] = True
    history.append("probe.gap", source=source, data=data)


def by_token(history: History, token: str, *, reply: bool) -> str:
    """The key by which an event is told by a text's token.

    A reply that quotes one of our messages isn't that message: what it is about is a flow of its own.
    """
    own = key("token", token)
    quotes = reply and any(event.kind == "api.requested" for event in history.flow(own))
    return key("reply", token) if quotes else own


def new_token() -> str:
    return "#h" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(10))


def token_in(text: str) -> str | None:
    found = TOKEN.search(text)
    return found.group() if found else None
