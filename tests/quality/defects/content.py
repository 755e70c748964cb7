"""Of content: what a message says, in every channel and direction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.quality.defects.defect import Defect


def emoji_cut() -> None:
    """What isn't in the basic plane doesn't reach the provider."""
    from messaging_stack.providers.base import Outgoing

    from_row = Outgoing.from_row

    def cut(row: Any) -> Any:
        message = from_row(row)
        return replace(message, body="".join(c for c in message.body if ord(c) < 0x10000))

    Outgoing.from_row = staticmethod(cut)


DEFECTS = (Defect(name="emoji cut", caught_by="worker-processed", because="the call carried", install=emoji_cut),)
