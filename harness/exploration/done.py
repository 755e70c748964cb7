"""What a program has done to a stack, for whoever judges what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.profile.base import Channel
from harness.scenario.messages import Message
from harness.scenario.tracked import TrackedFlow


@dataclass(eq=False)
class Sent:
    """A message that a program sent; `fault` is what its provider was to do instead of taking it."""

    message: Message
    flow: TrackedFlow
    key: str | None = None
    fault: Mapping[str, Any] | None = None


@dataclass(eq=False)
class Came:
    """A reply that a program delivered: so often with a right signature, and how the `spoilt` ones were answered."""

    channel: Channel
    provider_id: str
    sender: str
    body: str
    good: int = 0
    spoilt: list[int | None] = field(default_factory=list)


@dataclass
class Done:
    """All of it, since a place of the history; `pairs` are who wrote first messages that came at once, and how many."""

    since: int
    sent: list[Sent] = field(default_factory=list)
    came: list[Came] = field(default_factory=list)
    pairs: list[tuple[Channel, str, int]] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)
    """Sends that were no messages, by their tokens, with what is wrong with each."""
    ended: bool = False
    """Whether processes were ended under its messages."""
