"""A campaign: a schedule of faults under traffic, then rest, then the account of everything."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from harness.campaign.schedule import Planned
from harness.campaign.traffic import Traffic
from harness.checks import outages
from harness.checks.outages import NAME
from harness.results import Result, Said
from harness.scenario.outage import recover
from harness.scenario.stack import Stack
from harness.scenario.whole import conclude, result_of

MADE_AGAIN: Final = 2
"""So often a fault that nothing met is made again: traffic is chance, too."""
LONGER: Final = 3.0
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Done:
    """A fault of the schedule as it was made: how often in all, met how often, and whether it healed."""

    planned: Planned
    hits: int | None
    tries: int
    healed: bool


class Campaign:
    """Carries a schedule out on a stack; `tell` is given a line for each fault."""

    def __init__(self, stack: Stack, planned: Sequence[Planned], *, messages: int, tell: Tell) -> None:
        self._stack = stack
        self._planned = planned
        self._tell = tell
        seconds = sum(one.pause_s + one.lasts_s for one in planned)
        self.traffic = Traffic(stack, messages=messages, seconds=max(seconds, 1.0))
        self.done: list[Done] = []
        self._over = threading.Event()
        stack.history.listen(lambda event: self._over.set() if event.kind == "part.died" else None)

    def run(self) -> None:
        """Makes all faults, one after the other, and returns when traffic has ended and the stack has recovered."""
        self._stack.begin("faults")
        with self.traffic:
            for number, planned in enumerate(self._planned, start=1):
                self._lasts(planned.pause_s)
                done = self._make(planned)
                self.done.append(done)
                met = {None: "not asked how often it was met", 1: "met once"}.get(done.hits, f"met {done.hits} times")
                self._tell(f"{number:>4}/{len(self._planned)}  {planned}, {met}; {self.traffic.sent} messages")
        recover(self._stack)

    def _make(self, planned: Planned) -> Done:
        tries, hits, healed = 0, None, True
        while tries <= MADE_AGAIN and not hits:
            tries += 1
            with planned.kind.make(self._stack, planned.numbers):
                self._lasts(planned.lasts_s * (1.0 if tries == 1 else LONGER))
            last = self._stack.history.events("fault.ended")[-1]
            hits, healed = last.data.get("hits"), last.data.get("hits") is not None
            if hits is None:
                break
        return Done(planned=planned, hits=hits, tries=tries, healed=healed)

    def _lasts(self, seconds: float) -> None:
        """Time in which a fault, or none, is on; cut short where the run is over."""
        self._over.wait(seconds)
        if self._stack.history.over is not None:
            raise self._stack.history.over

    # the account

    def judge(self) -> list[Result]:
        """The results: that every kind of fault met somebody, the outages, and the whole record."""
        whole = conclude(self._stack)
        verdict = outages(self._stack.history, self._stack.profile)
        return [self._met(), result_of(verdict, check=NAME, scenario="all faults"), *whole]

    def _met(self) -> Result:
        idle = [one.planned.kind.name for one in self.done if not one.hits]
        kinds = {one.planned.kind.name for one in self.done}
        reason = f"{len(self.done)} faults of {len(kinds)} kinds, each met and healed; {self.traffic.sent} messages"
        if idle:
            reason = (
                f"{len(idle)} of {len(self.done)} faults were met by nobody, so disturbed nothing: {', '.join(idle)}"
            )
        outcome: Said = "unknown" if idle else "pass"
        return Result(scenario="all faults", check="faults", outcome=outcome, reason=reason, elapsed_s=0.0)
