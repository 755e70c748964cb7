"""A check's answer: pass, fail or unknown, with the events that prove it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Literal, ParamSpec

from harness.history import Event
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


def failed(name: str, claim: str, reason: str, witnesses: Sequence[Event] = ()) -> Verdict:
    return Verdict(name=name, outcome="fail", claim=claim, reason=reason, witnesses=tuple(witnesses)[:MOST_WITNESSES])


def unknown(name: str, claim: str, reason: str, witnesses: Sequence[Event] = ()) -> Verdict:
    return Verdict(
        name=name, outcome="unknown", claim=claim, reason=reason, witnesses=tuple(witnesses)[:MOST_WITNESSES]
    )


def check(name: str, claim: str) -> Callable[[Callable[P, Verdict]], Callable[P, Verdict]]:
    """Makes a judging function a check: it is timed, and if it raises, its verdict is unknown."""

    def wrap(judge: Callable[P, Verdict]) -> Callable[P, Verdict]:
        @wraps(judge)
        def judged(*args: P.args, **kwargs: P.kwargs) -> Verdict:
            began = time.perf_counter()
            try:
                verdict = judge(*args, **kwargs)
            except Exception as error:  # a check that raises is unknown, whatever it raises
                verdict = unknown(name, claim, f"the check itself raised {type(error).__name__}: {error}")
            return replace(verdict, elapsed_s=time.perf_counter() - began)

        return judged

    return wrap


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """The worst of several outcomes; unknown where nothing was judged."""
    return max(outcomes, key=RANKS.__getitem__) if outcomes else "unknown"
