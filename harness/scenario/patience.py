"""How long a run waits for what doesn't come: the first time the whole time, after that briefly.

A stack that never does something would otherwise cost a whole deadline in every scenario. What was cut short is judged
again when the run ends, by then later than any limit, so that no failure is given up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

BRIEF_S: Final = 0.4
"""The least that is waited for."""
USUAL: Final = 0.9
"""The part of the earlier waits that a brief wait would have let come, twice over."""


class Patience:
    """What earlier waits of a run have taught, by the kind of what was waited for."""

    def __init__(self) -> None:
        self._in_vain: dict[str, float] = {}
        self._paid: dict[str, list[float]] = {}

    def of(self, kind: str, whole: float) -> float:
        """Seconds to wait for something of this kind, of `whole` seconds that it may take."""
        if self.before(kind) < whole:
            return whole
        return min(whole, max(BRIEF_S, 2 * self._usual(kind)))

    def before(self, kind: str) -> float:
        """Seconds for which something of this kind was waited for in vain."""
        return self._in_vain.get(kind, 0.0)

    def _usual(self, kind: str) -> float:
        times = sorted(self._paid.get(kind, ()))
        return times[int(len(times) * USUAL)] if times else 0.0

    def in_vain(self, kinds: Iterable[str], seconds: float) -> None:
        """Takes note that these didn't come within so many seconds."""
        for kind in kinds:
            self._in_vain[kind] = self._in_vain.get(kind, 0.0) + seconds

    def paid(self, kinds: Iterable[str], seconds: float) -> None:
        """Takes note that all of these came, the last after so many seconds."""
        for kind in kinds:
            self._paid.setdefault(kind, []).append(seconds)
