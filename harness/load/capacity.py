"""`harness capacity`: the highest rate that holds a stack's thresholds, with one worker and with several."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from harness.errors import UsageError
from harness.load.fitting import fitted
from harness.load.plan import MOST_MESSAGES
from harness.load.request import Request
from harness.load.result import Result
from harness.load.run import Load, observing, options_of, with_rows
from harness.load.samples import Watch
from harness.load.searching import Found, Outcome, Purpose, Step, search
from harness.profile.thresholds import threshold
from harness.scenario.stack import Stack
from harness.session import deployed

OUTCOMES: Final[dict[str, Outcome]] = {"pass": "held", "fail": "broken", "unknown": "unknown"}
UNASKED = "p99 of sent <= 500 ms"
"""What is asked where nobody asks anything."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is searched for; seconds for the length of a step, of its warm-up and of the proof."""

    request: Request
    first: float
    most: float
    proof: float
    workers: Sequence[int] = ()
    """How many worker processes to try, one after the other; none: as the profile says."""

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.most:
            raise UsageError(f"--rate {self.first:g} is out of range; give one from 1 to --most {self.most:g}")
        if self.proof < self.request.plan.duration:
            raise UsageError(
                f"--proof {self.proof:g} s is shorter than a step ({self.request.plan.duration:g} s); give a longer one"
            )
        if self.most * self.proof > MOST_MESSAGES:
            raise UsageError(
                f"{self.most:g} a second for {self.proof:g} s are too many messages (at most {MOST_MESSAGES}); "
                "lower --most or --proof"
            )


def capacity(
    asked: Asked, *, watch: Watch, told: Callable[[str], None], step_told: Callable[[Step], None]
) -> Iterator[tuple[int | None, Found]]:
    """For each number of workers what was found; None for the number that the profile says."""
    request = fitted(asked.request, told=told)
    profile = observing(request)
    with deployed(profile, options_of(request)) as stack:
        request = with_rows(request, stack, told=told)
        first = asked.first
        for workers in asked.workers or (None,):
            if workers is not None:
                scaled(stack, workers)
            told(f"with {counted(workers, stack)}")
            found = search(
                Trying(stack, request, asked.proof, watch=watch), first=first, most=asked.most, told=step_told
            )
            yield workers, found
            if found.proven is not None:
                first = found.proven.rate


def asking(request: Request, *, told: Callable[[str], None]) -> Request:
    """The request with something to hold."""
    if request.asked_of_it:
        return request
    told(
        f"no threshold is set, so this is asked: {UNASKED}; [load] thresholds of the profile, or --threshold, says more"
    )
    return replace(request, thresholds=[threshold(UNASKED)])


def scaled(stack: Stack, workers: int) -> None:
    """Has so many workers run."""
    role = stack.role("worker")
    if len(role.names) != workers:
        role.terminate()
        role.start(count=workers)


def counted(workers: int | None, stack: Stack) -> str:
    number = len(stack.role("worker").names) if workers is None else workers
    return f"{number} worker{'' if number == 1 else 's'}" if number else "the workers that there are"


class Trying:
    """Loads a stack at a rate and says whether it holds."""

    def __init__(self, stack: Stack, request: Request, proof: float, *, watch: Watch) -> None:
        self._stack = stack
        self._request = request
        self._proof = proof
        self._watch = watch
        self._number = 0

    def __call__(self, rate: float, purpose: Purpose) -> Step:
        self._number += 1
        duration = self._proof if purpose == "proof" else self._request.plan.duration
        plan = replace(self._request.plan, rate=rate, duration=duration)
        build = self._request.build / "steps" / f"{self._number:02}-{rate:.0f}"
        request = replace(self._request, plan=plan, build=build)
        with contextlib.closing(Load(request, self._stack)) as load:
            load.start(lambda _: None)
            result = load.once(self._watch)
        result.write(build)
        return step_of(result, rate, purpose, since=self._request.warm_up)


def step_of(result: Result, rate: float, purpose: Purpose, *, since: float) -> Step:
    """What a load says of its rate; unknown where the generator, or a gap of the record, stands between."""
    bad = [verdict.reason for verdict in result.verdicts if verdict.outcome != "pass"]
    sent = result.whole("sent", since=since)
    return Step(
        rate=rate,
        outcome=OUTCOMES[result.outcome],
        purpose=purpose,
        sent=result.rates()["sustained"],
        p50=sent.quantile(50) * 1000 if sent.count else None,
        p99=sent.quantile(99) * 1000 if sent.count else None,
        why="; ".join(bad),
        in_the_way=tuple(one.party for one in result.blamed),
        lost=len(result.account.of("lost")) + len(result.account.of("unrecorded")),
    )
