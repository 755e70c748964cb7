"""Does a load hold the thresholds that were set for it?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf

from harness.checks import Account, Verdict
from harness.load.meter import Meter
from harness.profile.thresholds import Threshold

NAME = "thresholds"
CLAIM = "under this load the stack holds every threshold that was set for it"


@dataclass(frozen=True, slots=True)
class Held:
    """One threshold, what was measured, and whether it holds; None: the generator stands between it and an answer."""

    text: str
    kind: str
    seen: str
    holds: bool | None


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a load is judged by, beside its meter."""

    account: Account
    counted: bool = True
    """Whether the account is known to the last message: else a count may be greater than it says."""
    unseen: Collection[str] = ()
    """Stages of which a source may have missed some."""
    intended: bool = True
    """Whether the load was the intended one: a lighter one holds nothing."""
    kept_off: Collection[int] = ()
    """Messages that never started since the stack kept every user waiting."""
    until: float = inf
    """Up to when it was looked (Unix seconds) for what hadn't come."""
    since: float = 0.0
    """Messages due in so many first seconds only warm up."""


def thresholds_held(thresholds: Sequence[Threshold], meter: Meter, known: Known) -> tuple[Verdict | None, list[Held]]:
    """The verdict and each threshold's answer; no verdict where none was set.

    A latency counts from the intended start. It is broken where that holds even without what the generator itself made
    late, and held where it holds with it; between the two nothing is known.
    """
    if not thresholds:
        return None, []
    found = [judged(one, meter, known) for one in thresholds]
    broken = [one for one in found if one.holds is False]
    open_ones = [one for one in found if one.holds is None]
    if broken:
        return Verdict(name=NAME, outcome="fail", claim=CLAIM, reason=told(broken)), found
    if open_ones or not known.intended:
        why = "" if known.intended else "the load wasn't the intended one: "
        reason = f"{why}{told(open_ones or found)}"
        remedy = "" if known.intended else "a generator that keeps up: more --processes, or a lower --rate"
        return Verdict(name=NAME, outcome="unknown", claim=CLAIM, reason=reason, remedy=remedy), found
    return Verdict(name=NAME, outcome="pass", claim=CLAIM, reason=told(found)), found


def told(found: Iterable[Held]) -> str:
    return "; ".join(f"{one.text}: {one.seen}" for one in found)


def judged(one: Threshold, meter: Meter, known: Known) -> Held:
    if one.kind == "count":
        counts = known.account.counts
        number = len(known.account.duplicated) if one.stage == "duplicated" else counts.get(one.stage, 0)
        holds = False if number > one.limit else True if known.counted else None
        return Held(one.text, one.kind, f"{number}{'' if known.counted else ' at least'}", holds)
    if one.kind == "rate":
        rate, due = sent_rate(meter, since=known.since), due_rate(meter, since=known.since)
        light = not known.intended or due < one.limit or "sent" in known.unseen
        seen = f"{rate:.1f}" + (f" (this load brings {due:.1f} a second)" if due < one.limit else "")
        return Held(one.text, one.kind, seen, True if rate >= one.limit else None if light else False)
    return latency(one, meter, known)


def latency(one: Threshold, meter: Meter, known: Known) -> Held:
    """What came late, or not at all, took at least as long as it was looked for, and at most for ever."""
    reached = meter.reached[one.stage]
    most, least = [], []
    for arrival in meter.arrivals:
        if arrival.at < known.since or not concerns(one, arrival.kind):
            continue
        number = arrival.number
        if number in reached:
            late = reached[number] - meter.start - arrival.at
            own = meter.own.get(number, 0.0) + meter.kept.get(number, 0.0)
            most.append(late)
            least.append(max(0.0, late - own))
        elif number in known.kept_off:
            most.append(inf)
            least.append(meter.plan.patience)
        elif meter.owed(number):
            most.append(inf)
            least.append(0.0 if one.stage in known.unseen else known.until - meter.start - arrival.at)
    if not reached or not most:
        broken = bool(least) and quantile(least, one.percent) > one.limit
        return Held(one.text, one.kind, "no message came to it", False if broken else None)
    high, low = quantile(most, one.percent), quantile(least, one.percent)
    holds = True if high <= one.limit else False if low > one.limit else None
    between = f", and {milliseconds(low)} at least by the stack" if holds is None else ""
    return Held(one.text, one.kind, milliseconds(high if holds is not False else low) + between, holds)


def concerns(one: Threshold, kind: str) -> bool:
    """Whether a latency is of messages from this kind of user: what comes in is stored, and is never sent."""
    if one.user:
        return kind == one.user
    comes_in = kind == "webhook"
    return comes_in if one.stage == "stored" else one.stage == "accepted" or not comes_in


def quantile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, ceil(percent / 100 * len(ordered)) - 1)]


def milliseconds(seconds: float) -> str:
    return "never" if seconds == inf else f"{seconds * 1000:.1f} ms"


def due_rate(meter: Meter, *, since: float) -> float:
    """Messages a second that this load brings to be sent, once it has warmed up."""
    number = sum(arrival.at >= since and arrival.kind != "webhook" for arrival in meter.arrivals)
    return number / (meter.plan.duration - since) if meter.plan.duration > since else 0.0


def sent_rate(meter: Meter, *, since: float = 0.0) -> float:
    """Messages that were sent a second, from the first second that counts to the last that was sent."""
    times: Mapping[int, float] = meter.reached["called" if meter.late else "sent"]
    counted = sorted(at for number, at in times.items() if meter.arrivals[number].at >= since)
    span = max(meter.plan.duration - since, counted[-1] - meter.start - since) if counted else 0.0
    return len(counted) / span if span > 0 else 0.0
