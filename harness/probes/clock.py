"""How far another machine's clock is from ours: asked a few times, the quickest answer bounds the error."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from harness.history import History

ASKS, MOST_ASKS = 5, 20
GOOD_S = 0.0005
"""An error that is good enough; a server that is cold or busy is asked again until it is."""


def is_here(url: str) -> bool:
    """Whether an address is this machine's own, by loopback or a socket: then its clock is most likely ours."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return not host or host in ("localhost", "::1") or host.startswith("127.")


async def measure(
    history: History, source: str, ask: Callable[[], Awaitable[float]], *, url: str = "?", step: float = 0.0
) -> None:
    """Records the offset of a source's clock (its time minus ours, seconds) and the error of that.

    `ask` answers the source's Unix time, `url` is where it is, `step` the resolution of its answer in seconds. Raises
    what `ask` raises.
    As in NTP: the source looked at its clock at some moment between question and answer, so half the way is the bound.
    """
    best: tuple[float, float] | None = None
    for number in range(MOST_ASKS):
        if best is not None and number >= ASKS and best[1] <= GOOD_S:
            break
        asked = time.time()
        said = await ask()
        answered = time.time()
        error = (answered - asked) / 2 + step
        if best is None or error < best[1]:
            best = (said + step / 2 - (asked + answered) / 2, error)
    if best is not None:
        data = {"offset_s": round(best[0], 6), "error_s": round(best[1], 6), "here": url != "?" and is_here(url)}
        history.append("clock.measured", source=source, data=data)
