"""A check's answer: pass, fail or unknown, with the events that prove it.

A check asks several questions and answers each with `shown`, `refuted` or `undecided`. The worst *proven* answer is
its verdict: a fail beats an unknown, an unknown beats a pass, and what consists in an absence proves nothing where the
record may have missed just that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Literal, ParamSpec

from harness.checks.asked import Asked
from harness.history import Event, Flow, History
from harness.history.facts import Facts, Unseen
from harness.history.story import brief, tell

Outcome = Literal["pass", "unknown", "fail"]
RANKS: dict[Outcome, int] = {"pass": 0, "unknown": 1, "fail": 2}
MOST_WITNESSES = 12

P = ParamSpec("P")
CHECKS: dict[str, Callable[..., Verdict]] = {}
"""Every check that was imported, by its full name."""


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
    """The kinds of events on whose absence it rests; empty where what was seen proves it."""
    remedy: str = ""
    """Which line of the profile, or which permission, would turn an unknown into an answer."""
    also: tuple[str, ...] = ()
    """What else the check found, beside the worst."""
    again: Callable[[History], Verdict] | None = field(default=None, compare=False, repr=False)
    """Judges the same question anew, of a record that has grown."""
    asked: Asked | None = field(default=None, compare=False, repr=False)
    """The question, for whoever judges the record later; None where no check was asked."""

    @property
    def rank(self) -> int:
        """0 pass, 1 unknown, 2 fail: the worst of several is the highest."""
        return RANKS[self.outcome]

    def story(self) -> str:
        """The verdict in full, for a failure message."""
        lines = [f"{self.name}: {self.outcome}", f"claim: {self.claim}", f"because: {self.reason}"]
        lines += [f"also: {reason}" for reason in self.also]
        if self.witnesses:
            lines += ["witnesses:", tell(self.witnesses)]
        if self.remedy:
            lines.append(f"to know: {self.remedy}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The verdict as it stands in verdicts.json."""
        return {
            "name": self.name,
            "verdict": self.outcome,
            "claim": self.claim,
            "reason": self.reason,
            "witnesses": [witness(event) for event in self.witnesses],
            "elapsed_s": round(self.elapsed_s, 6),
            **({"remedy": self.remedy} if self.remedy else {}),
            **({"also": list(self.also)} if self.also else {}),
            **({"asked": self.asked.to_json()} if self.asked else {}),
        }


def witness(event: Event) -> dict[str, Any]:
    """An event as it stands among a verdict's witnesses in verdicts.json."""
    return {
        "seq": event.seq,
        "at": round(event.at, 6),
        "source": event.source,
        "kind": event.kind,
        "said": brief(event),
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


def unknown(name: str, claim: str, reason: str, witnesses: Sequence[Event] = (), *, remedy: str = "") -> Verdict:
    shown = tuple(witnesses)[:MOST_WITNESSES]
    return Verdict(name=name, outcome="unknown", claim=claim, reason=reason, witnesses=shown, remedy=remedy)


# the answers of a check to its single questions; it is named when they are put together


def shown(reason: str, witnesses: Sequence[Event]) -> Verdict:
    return passed("", "", reason, witnesses)


def refuted(reason: str, witnesses: Sequence[Event] = (), *, absent: Sequence[str] = ()) -> Verdict:
    return failed("", "", reason, witnesses, absent=absent)


def undecided(reason: str, witnesses: Sequence[Event] = (), *, remedy: str = "", absent: Sequence[str] = ()) -> Verdict:
    """What the record can't say; `absent` are the kinds of events that would, so that one that is unseen is named."""
    return replace(unknown("", "", reason, witnesses, remedy=remedy), absent=tuple(absent))


Answers = Iterator[Verdict]


@dataclass(frozen=True)
class Question:
    """What a check asks: its name, its claim, and the kinds of events on whose absence a pass rests."""

    name: str
    claim: str
    silence: tuple[str, ...]


def check(
    name: str, claim: str, *, silence: Sequence[str] = ()
) -> Callable[[Callable[P, Verdict | Answers]], Callable[P, Verdict]]:
    """Makes a judging function a check: it is timed, and if it raises, its verdict is unknown.

    The function returns a verdict, or yields an answer to each of its questions. `silence` are the kinds of events
    whose absence a pass takes for "it didn't happen". Where the record may have missed something since the flow
    began, neither a pass nor a fail rests on an absence: the answer is unknown.
    """

    def wrap(judge: Callable[P, Verdict | Answers]) -> Callable[P, Verdict]:
        @wraps(judge)
        def judged(*args: P.args, **kwargs: P.kwargs) -> Verdict:
            began = time.perf_counter()
            asked = question_of(judge, args, kwargs)
            try:
                said = judge(*args, **kwargs)
                answers = [said] if isinstance(said, Verdict) else list(said)
                verdict = put_together([weighed(answer, args, silence) for answer in answers])
                if verdict.outcome == "pass":
                    verdict = replace(verdict, absent=tuple(silence))
            except Exception as error:  # a check that raises is unknown, whatever it raises
                verdict = undecided(f"the check itself raised {type(error).__name__}: {error}")

            def again(history: History) -> Verdict:
                fresh = [renewed(arg, history) for arg in args]
                return judged(*fresh, **kwargs)  # type: ignore[arg-type]  # reason: the same arguments, grown

            took = time.perf_counter() - began
            return replace(verdict, name=name, claim=claim, elapsed_s=took, again=again, asked=asked)

        vars(judged)["question"] = Question(name, claim, tuple(silence))  # for the reference
        CHECKS[full_name(judge)] = judged
        return judged

    return wrap


def full_name(judge: Callable[..., object]) -> str:
    return f"{judge.__module__}.{judge.__qualname__}"


def question_of(judge: Callable[..., object], args: Sequence[object], kwargs: Mapping[str, object]) -> Asked | None:
    """The question that a check is about to answer; None where no history is asked."""
    history = next((arg for arg in args if isinstance(arg, History)), None)
    if history is None:
        return None
    return Asked(check=full_name(judge), given=args, named=kwargs, events=len(history), until=history.settled)


def put_together(answers: Sequence[Verdict]) -> Verdict:
    """The worst answer, the first of several; what else is as bad or undecided stands beside it."""
    if not answers:
        return undecided("nothing was judged")
    worst_one = max(answers, key=lambda answer: answer.rank)
    if worst_one.outcome == "pass":
        return answers[-1]
    rest = [a for a in answers if a is not worst_one and a.outcome != "pass"]
    said = [(f"{a.outcome}: {a.reason}", *a.also) for a in sorted(rest, key=lambda a: -a.rank)]
    also = dict.fromkeys(line for lines in said for line in lines)
    also.pop(f"{worst_one.outcome}: {worst_one.reason}", None)
    return replace(worst_one, also=(*worst_one.also, *also))


def renewed(arg: object, history: History) -> object:
    """An argument of a check as the grown record has it."""
    if isinstance(arg, Flow):
        names = [name for event in arg.events for name in event.keys]
        return Flow(history.flow(names[0]), name=arg.name) if names else arg
    return history if isinstance(arg, History) else arg


def weighed(verdict: Verdict, args: Sequence[object], silence: Sequence[str]) -> Verdict:
    """The verdict, or unknown where it rests on an absence of what may be missing; `args` are the check's own."""
    kinds = silence if verdict.outcome == "pass" else verdict.absent
    history = next((arg for arg in args if isinstance(arg, History)), None)
    if not kinds or history is None:
        return verdict
    flow = next((arg for arg in args if isinstance(arg, Flow)), None)
    facts = Facts(history)
    hidden = facts.unseen(*kinds, since=flow.begin.seq if flow else 0)
    hidden = hidden or (facts.apart(flow, *kinds) if flow else None)
    return verdict if hidden is None else doubted(verdict, hidden)


def doubted(verdict: Verdict, hidden: Unseen) -> Verdict:
    """The verdict made unknown by what the record may have missed."""
    told = f"; but not all was seen: {hidden.reason}"
    reason = verdict.reason if told in verdict.reason else verdict.reason + told
    gap = [hidden.gap] if hidden.gap else []
    witnesses = (*gap, *verdict.witnesses)[:MOST_WITNESSES]
    return replace(verdict, outcome="unknown", reason=reason, witnesses=witnesses, remedy=hidden.remedy)


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """The worst of several outcomes; unknown where nothing was judged."""
    return max(outcomes, key=RANKS.__getitem__) if outcomes else "unknown"
