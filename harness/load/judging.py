"""All verdicts of a load: nothing lost, the generator in time, the thresholds held, and who stood in the way."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.checks import Account, Verdict, load_account
from harness.load.blame import Blamed, blamed
from harness.load.holding import Held, Known, thresholds_held
from harness.load.judge import Punctuality, kept_up
from harness.load.limits import Limits, limits
from harness.load.meter import Meter
from harness.load.parts import Spent, spent
from harness.load.request import Request
from harness.load.samples import Samples
from harness.scenario.stack import Stack


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The verdicts, and what they rest on."""

    verdicts: Sequence[Verdict]
    held: Sequence[Held]
    blamed: Sequence[Blamed]
    spent: Spent
    limits: Limits


def judge(
    request: Request,
    stack: Stack,
    meter: Meter,
    found: Account,
    on_time: Punctuality,
    samples: Samples,
    *,
    lacking: Sequence[Mapping[str, str]],
) -> Judged:
    """Judges a load that is over; `lacking` is what the run can't know."""
    generator = kept_up(on_time, share=request.late_share, cpu=samples.most("generator"))
    accounted = load_account(stack.history, stack.profile, known=found)
    known = Known(
        account=found,
        counted=accounted.outcome != "unknown",
        unseen={stage for one in lacking for stage in one["what"].split(", ")},
        intended=not on_time.own_drops and on_time.late <= request.late_share * on_time.scheduled,
        kept_off=on_time.kept_off,
        until=time.time(),
        since=request.warm_up,
    )
    thresholds, held = thresholds_held(request.asked_of_it, meter, known)
    where = spent(stack.history, meter, since=request.warm_up)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    reached = limits(samples.rows, cores=cores, until=meter.plan.duration)
    verdicts = [accounted, generator]
    asked = [generator, *([thresholds] if thresholds else [])]
    kept = all(one.outcome == "pass" for one in asked) and not on_time.held_up
    slow = bool(on_time.held_up) or any(one.holds is False and one.kind != "count" for one in held)
    named = [] if kept else blamed(on_time, where, reached, share=request.late_share, slow=slow)
    if thresholds is not None:
        who = f"; in the way: {', '.join(one.party for one in named)}" if named else ""
        verdicts.append(replace(thresholds, reason=thresholds.reason + who))
    return Judged(verdicts=verdicts, held=held, blamed=named, spent=where, limits=reached)
