"""Whether the generator did what it was asked: a run whose load was not the intended one shows nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.checks import Verdict
from harness.load.histogram import Histogram
from harness.load.schedule import Arrival

NAME = "generator"
CLAIM = "the generator started every message when it was due, so the load was the intended one"


@dataclass(frozen=True, kw_only=True)
class Punctuality:
    """How near the starts were to the schedule."""

    scheduled: int
    started: int
    late: int
    """Starts later than the limit."""
    limit: float
    lateness: Histogram

    @property
    def dropped(self) -> int:
        """Messages that never started: too late, or the run ended before."""
        return self.scheduled - self.started


def punctuality(
    arrivals: Sequence[Arrival], started: Mapping[int, float], *, start: float, limit: float
) -> Punctuality:
    """Compares when messages started (Unix seconds, by number) with when they were due."""
    lateness = [max(0.0, started[a.number] - start - a.at) for a in arrivals if a.number in started]
    return Punctuality(
        scheduled=len(arrivals),
        started=len(lateness),
        late=sum(value > limit for value in lateness),
        limit=limit,
        lateness=Histogram(lateness),
    )


def kept_up(it: Punctuality, *, share: float, cpu: float) -> Verdict:
    """Judges the generator; `share` of the starts may be late, `cpu` is its busiest process in percent of a core."""
    said = (
        f"{it.started} of {it.scheduled} started, {it.dropped} dropped, {it.late} later than {it.limit * 1000:g} ms; "
        f"lateness p99 {it.lateness.quantile(99) * 1000:.1f} ms; generator {cpu:.0f} % of a core at most"
    )
    if not it.scheduled:
        return Verdict(name=NAME, outcome="unknown", claim=CLAIM, reason="nothing was scheduled")
    if it.dropped:
        reason = f"it could not keep up: {said}; give more --users or --processes, or a lower --rate"
        return Verdict(name=NAME, outcome="unknown", claim=CLAIM, reason=reason)
    if it.late > share * it.scheduled:
        reason = f"it was late too often: {said}; give more --users or --processes, or a lower --rate"
        return Verdict(name=NAME, outcome="unknown", claim=CLAIM, reason=reason)
    return Verdict(name=NAME, outcome="pass", claim=CLAIM, reason=said)
