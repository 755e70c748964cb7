"""A check's answer: pass, fail or unknown, with the events that prove it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Literal, ParamSpec

from harness.facts import Facts
from harness.history import Event, Flow, History
from harness.history.story import brief, tell

Outcome = Literal["pass", "unknown", "fail"]
RANKS: dict[Outcome, int] = {"pass": 0, "unknown": 1, "fail": 2}
MOST_WITNESSES = 12

P = ParamSpec("P")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer to one question asked of a history.

    `claim` is what was to be shown, `reason` why the outcome is what it is in a few words, `witnesses` the events that
    prove it, `elapsed_s` how long judging took.
    """

    name: str
    outcome: Outcome
    claim: str
    reason: str
    witnesses: tuple[Event, ...] = ()
    elapsed_s: float = field(default=0.0, compare=False)
    absent: tuple[str, ...] = ()
    """The kinds of events by whose absence alone it failed; empty where what was seen proves it."""

    @property
    def rank(self) -> int:
        """0 pass, 1 unknown, 2 fail: the worst of several is the highest."""
        return RANKS[self.outcome]

    def story(self) -> str:
        """The verdict in full, for a failure message."""
        lines = [f"{self.name}: {self.outcome}", f"claim: {self.claim}", f"because: {self.reason}"]
        if self.witnesses:
            lines += ["witnesses:", tell(self.witnesses)]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The verdict as it stands in verdicts.json."""
        return {
            "name": self.name,
            "verdict": self.outcome,
            "claim": self.claim,
            "reason": self.reason,
            "witnesses": [
                {"seq": e.seq, "at": round(e.at, 6), "source": e.source, "kind": e.kind, "said": brief(e)}
                for e in self.witnesses
            ],
            "elapsed_s": round(self.elapsed_s, 6),
        }


def passed(name: str, claim: str, reason: str, witnesses: Sequence[Event]) -> Verdict:
    """A pass; raises ValueError without a witness, since a check never says pass without evidence."""
    if not witnesses:
        raise ValueError(f"{name} would pass without a witness")
    return Verdict(name=name, outcome="pass", claim=claim, reason=reason, witnesses=tuple(witnesses)[:MOST_WITNESSES])


def failed(
    name: str, claim: str, reason: str, witnesses: Sequence[Event] = (), *, absent: Sequence[str] = ()
) -> Verdict:
    """A fail; one that consists in the absence of events names their kinds, since a source may have missed them."""
    shown = tuple(witnesses)[:MOST_WITNESSES]
    return Verdict(name=name, outcome="fail", claim=claim, reason=reason, witnesses=shown, absent=tuple(absent))


def unknown(name: str, claim: str, reason: str, witnesses: Sequence[Event] = ()) -> Verdict:
    return Verdict(
        name=name, outcome="unknown", claim=claim, reason=reason, witnesses=tuple(witnesses)[:MOST_WITNESSES]
    )


def check(
    name: str, claim: str, *, silence: Sequence[str] = ()
) -> Callable[[Callable[P, Verdict]], Callable[P, Verdict]]:
    """Makes a judging function a check: it is timed, and if it raises, its verdict is unknown.

    `silence` are the kinds of events whose absence a pass takes for "it didn't happen". Where a source missed
    something since the flow began, neither a pass nor a fail rests on an absence: the verdict is unknown.
    """

    def wrap(judge: Callable[P, Verdict]) -> Callable[P, Verdict]:
        @wraps(judge)
        def judged(*args: P.args, **kwargs: P.kwargs) -> Verdict:
            began = time.perf_counter()
            try:
                verdict = weighed(judge(*args, **kwargs), args, silence)
            except Exception as error:  # a check that raises is unknown, whatever it raises
                verdict = unknown(name, claim, f"the check itself raised {type(error).__name__}: {error}")
            return replace(verdict, elapsed_s=time.perf_counter() - began)

        return judged

    return wrap


def weighed(verdict: Verdict, args: Sequence[object], silence: Sequence[str]) -> Verdict:
    """The verdict, or unknown where it rests on an absence that a gap may explain; `args` are the check's own."""
    kinds = silence if verdict.outcome == "pass" else verdict.absent
    history = next((arg for arg in args if isinstance(arg, History)), None)
    if not kinds or history is None:
        return verdict
    flow = next((arg for arg in args if isinstance(arg, Flow)), None)
    gap = Facts(history).unseen(*kinds, since=flow.events[0].seq if flow else 0)
    if gap is None:
        return verdict
    reason = f"{verdict.reason}; but not all was seen: {gap.data['reason']}"
    return replace(verdict, outcome="unknown", reason=reason, witnesses=(gap, *verdict.witnesses)[:MOST_WITNESSES])


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """The worst of several outcomes; unknown where nothing was judged."""
    return max(outcomes, key=RANKS.__getitem__) if outcomes else "unknown"
