"""How far another machine's clock is from ours: asked a few times, the quickest answer bounds the error."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from harness.history import History

ASKS = 5


async def measure(history: History, source: str, ask: Callable[[], Awaitable[float]], *, step: float = 0.0) -> None:
    """Records the offset of a source's clock (its time minus ours, seconds) and the error of that.

    `ask` answers the source's Unix time; `step` is the resolution of its answer in seconds. Raises what `ask` raises.
    As in NTP: the source looked at its clock at some moment between question and answer, so half the way is the bound.
    """
    best: tuple[float, float] | None = None
    for _ in range(ASKS):
        asked = time.time()
        said = await ask()
        answered = time.time()
        error = (answered - asked) / 2 + step
        if best is None or error < best[1]:
            best = (said + step / 2 - (asked + answered) / 2, error)
    if best is not None:
        data = {"offset_s": round(best[0], 6), "error_s": round(best[1], 6)}
        history.append("clock.measured", source=source, data=data)
