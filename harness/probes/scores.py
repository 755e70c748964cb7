"""The scores of what stands in sorted sets, as far as they were seen: they say what a removal by score has removed."""

from __future__ import annotations

import math


class Scores:
    """By key and member; a score that was given so that it isn't known is None."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, float | None]] = {}

    def given(self, key: str, member: str, score: str | None) -> None:
        self._known.setdefault(key, {})[member] = number(score)

    def forget(self, key: str, member: str | None = None) -> None:
        """A member isn't there any more; without one, the whole set."""
        if member is None:
            self._known.pop(key, None)
        else:
            self._known.get(key, {}).pop(member, None)

    def between(self, key: str, low: str, high: str) -> list[str]:
        """The members whose score lies in a range, as ZREMRANGEBYSCORE spells it."""
        first, last = edge(low, below=True), edge(high, below=False)
        known = self._known.get(key, {})
        return [member for member, score in known.items() if score is not None and first <= score <= last]


def number(score: str | None) -> float | None:
    """A score as Redis is told it; None where it isn't known."""
    try:
        return None if score is None else float(score)
    except ValueError:
        return None


def edge(text: str, *, below: bool) -> float:
    """The first score of a range, or the last, of those that a double can hold; `(5` leaves 5 itself out."""
    exclusive = text.startswith("(")
    score = number(text[1:] if exclusive else text)
    if score is None:
        return math.inf if below else -math.inf
    return math.nextafter(score, math.inf if below else -math.inf) if exclusive else score
