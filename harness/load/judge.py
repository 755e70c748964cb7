"""Whether the generator did what it was asked: a run whose load was not the intended one shows nothing.

A start is late by the generator only where the generator had not yet tried: it had an idle user, or was kept from
running. Where every user waited for the stack, it is the stack that made the start late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from harness.checks import Verdict
from harness.load.histogram import Histogram
from harness.load.schedule import Arrival

NAME = "generator"
CLAIM = "the generator started every message when it was due, or the stack kept it from that"


@dataclass(frozen=True, kw_only=True)
class Punctuality:
    """How near the starts were to the schedule, and who kept those from it that weren't."""

    scheduled: int
    started: int
    late: int
    """Starts later than the limit by the generator itself."""
    held_up: int
    """Starts later than the limit, or never made, since every user waited for the stack."""
    kept_off: frozenset[int]
    """The numbers of those of them that never started."""
    own_drops: int
    """Messages that never started, by the generator itself: kept from running, or ended before."""
    limit: float
    lateness: Histogram
    """Of the generator's own, in seconds."""

    @property
    def dropped(self) -> int:
        """Messages that never started: too late, or the run ended before."""
        return self.scheduled - self.started


def punctuality(
    arrivals: Sequence[Arrival],
    started: Mapping[int, float],
    *,
    own: Mapping[int, float],
    dropped: Mapping[int, float],
    start: float,
    limit: float,
) -> Punctuality:
    """Compares when messages started (Unix seconds, by number) with when they were due.

    `own` is for how many seconds each start was late by the generator itself, `dropped` the same of those never made.
    """
    due = {arrival.number: start + arrival.at for arrival in arrivals}
    mine = {number: own.get(number, at - due[number]) for number, at in started.items() if number in due}
    late = {number for number, seconds in mine.items() if seconds > limit}
    never = {number: dropped.get(number, inf) for number in due if number not in started}
    kept_off = frozenset(number for number, seconds in never.items() if seconds <= limit)
    return Punctuality(
        scheduled=len(arrivals),
        started=len(mine),
        late=len(late),
        held_up=sum(started[n] - due[n] > limit and n not in late for n in mine) + len(kept_off),
        kept_off=kept_off,
        own_drops=len(never) - len(kept_off),
        limit=limit,
        lateness=Histogram(max(0.0, seconds) for seconds in mine.values()),
    )


def kept_up(it: Punctuality, *, share: float, cpu: float) -> Verdict:
    """Judges the generator; `share` of the starts may be late, `cpu` is its busiest process in percent of a core."""
    said = (
        f"{it.started} of {it.scheduled} started, {it.dropped} dropped, {it.late} later than {it.limit * 1000:g} ms; "
        f"lateness p99 {it.lateness.quantile(99) * 1000:.1f} ms; generator {cpu:.0f} % of a core at most"
    )
    if it.held_up:
        said += f"; {it.held_up} starts waited for the stack, which kept every user waiting"
    if not it.scheduled:
        return Verdict(name=NAME, outcome="unknown", claim=CLAIM, reason="nothing was scheduled")
    if it.own_drops:
        return unable("it could not keep up", said)
    if it.late > share * it.scheduled:
        return unable("it was late too often", said)
    if it.dropped > share * it.scheduled:
        reason = f"the stack was too slow for this load, and most of it isn't its answer: {said}"
        remedy = "a lower --rate, or a threshold in [load] thresholds, which this load then breaks"
        return Verdict(name=NAME, outcome="unknown", claim=CLAIM, reason=reason, remedy=remedy)
    return Verdict(name=NAME, outcome="pass", claim=CLAIM, reason=said)


def unable(what: str, said: str) -> Verdict:
    reason = f"{what}: {said}; give more --users, --processes or processor time, or a lower --rate"
    return Verdict(name=NAME, outcome="unknown", claim=CLAIM, reason=reason)
