"""WhatsApp's window: for a day after a person has written, a sender may write to them what it likes."""

from __future__ import annotations

from typing import Any

PREFIX = "whatsapp:"
OPEN_S = 24 * 3600.0
KEPT_WINDOWS = 100_000
"""Windows that an account keeps; the oldest are forgotten, so that memory stays flat."""


class Windows:
    """When each person last wrote to each sender, by the account's clock."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, str], float] = {}

    def heard(self, sender: str, user: str, *, at: float) -> None:
        """Notes that a user wrote to a sender, which opens the window, or opens it anew."""
        self._heard.pop((sender, user), None)
        self._heard[sender, user] = at
        while len(self._heard) > KEPT_WINDOWS:
            del self._heard[next(iter(self._heard))]

    def close(self, sender: str, user: str) -> None:
        self._heard.pop((sender, user), None)

    def is_open(self, sender: str, user: str, *, now: float) -> bool:
        heard = self._heard.get((sender, user))
        return heard is not None and now < heard + OPEN_S

    def to_json(self, *, now: float) -> list[dict[str, Any]]:
        return [
            {"sender": sender, "user": user, "heard": at, "until": at + OPEN_S, "open": now < at + OPEN_S}
            for (sender, user), at in self._heard.items()
        ]


def channel(address: str) -> str:
    """An address as WhatsApp has it."""
    return address if address.startswith(PREFIX) else f"{PREFIX}{address}"
