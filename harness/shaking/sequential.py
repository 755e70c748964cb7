"""When enough was seen: a sequential test of how often a test flips under such disturbances."""

from __future__ import annotations

import math


def bound(clean: int, confidence: float) -> float:
    """The share of runs below which flips lie, with this confidence, after so many runs without one."""
    return 1.0 if clean <= 0 else 1 - (1 - confidence) ** (1 / clean)


def runs_for(share: float, confidence: float) -> int:
    """How many runs without a flip show, with this confidence, that fewer than such a share flips."""
    return math.ceil(math.log(1 - confidence) / math.log(1 - share))


def share_text(share: float) -> str:
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"
