"""What was tried of a part of a stack, what was found, and what that lets the harness do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

Answer = Literal["yes", "partly", "no", "not asked"]
MARKS: Final = {True: "ok", False: "wrong", None: "?"}


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One thing that was tried; `good` is None for what can't be told."""

    part: str
    what: str
    found: str
    good: bool | None = True
    remedy: str = ""


@dataclass(kw_only=True)
class Sight:
    """What the harness will be able to see and do, as far as that was found; empty means that it can, else why not."""

    runs: list[str] = field(default_factory=list)
    """Why nothing can be run at all."""
    lacks: dict[str, str] = field(default_factory=dict)
    """By what is lacking (`queue`, `takers`, `counters`, `rows`, `transitions`, `calls`, `hooks`, `hold`, `gates`,
    `kill`): why, and which line of the profile would change that."""

    def lack(self, what: str, why: str) -> None:
        """Notes why something can't be seen or done; the first reason counts."""
        self.lacks.setdefault(what, why)
