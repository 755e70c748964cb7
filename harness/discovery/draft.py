"""A profile in the making: what was guessed, from what, and how sure; and what is still to be filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

Key = tuple[str, ...]
Sure = Literal["guess", "likely", "seen"]
RANK: Final[dict[Sure, int]] = {"guess": 0, "likely": 1, "seen": 2}
"""A `guess` goes by names alone, what is `likely` was read somewhere, what was `seen` happened."""


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A value of one key, and from what it was guessed."""

    value: Any
    why: str
    sure: Sure = "likely"


@dataclass(frozen=True, kw_only=True)
class Open:
    """A key that nobody could tell: what a value would look like, and what to fill in."""

    example: Any
    what: str


class Draft:
    """Guesses by key; a surer one takes the place of another, and of two alike the first stays."""

    def __init__(self) -> None:
        self.guesses: dict[Key, Guess] = {}
        self.open: dict[Key, Open] = {}

    def put(self, key: Key, value: Any, why: str, sure: Sure = "likely") -> bool:
        """Notes a guess; returns whether it says something new."""
        known = self.guesses.get(key)
        if known is not None and RANK[known.sure] >= RANK[sure] and not (sure == "seen" and known.value != value):
            return False
        self.guesses[key] = Guess(value=value, why=why, sure=sure)
        self.open.pop(key, None)
        return known is None or known.value != value

    def ask(self, key: Key, example: Any, what: str) -> None:
        """Notes what somebody has to fill in; what was guessed already isn't asked."""
        if key not in self.guesses:
            self.open[key] = Open(example=example, what=what)

    def drop(self, key: Key) -> None:
        """Forgets what stands at a key."""
        self.guesses.pop(key, None)
        self.open.pop(key, None)

    def get(self, *key: str, default: Any = None) -> Any:
        """The value that was guessed for a key."""
        known = self.guesses.get(key)
        return default if known is None else known.value

    def table(self) -> dict[str, Any]:
        """The profile's tables as a file would have them."""
        found: dict[str, Any] = {}
        for key, guess in self.guesses.items():
            place = found
            for name in key[:-1]:
                place = place.setdefault(name, {})
            place[key[-1]] = guess.value
        return found
