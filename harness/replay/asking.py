"""The questions of a record, asked again: each of just as much of the history as it was asked of then."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType, SimpleNamespace
from typing import Any, Final

from harness.checks.accounting import account
from harness.checks.asked import TOLD_AS
from harness.checks.verdict import CHECKS, Verdict
from harness.errors import UsageError
from harness.history import Event, Flow, History
from harness.profile import Profile
from harness.record.reading import Run

OURS: Final = "harness.checks."
"""Whose functions are asked; what else a record names is never called."""


LATER: Final = MappingProxyType(
    {
        "reason": "the record is taken to end here, and what came later isn't known",
        "kinds": ("api.", "queue.", "database.", "provider.", "callback.", "worker."),
        "lasting": True,
    }
)
"""The gap at an end that is earlier than the record's own."""
NAMES: Final = {told: name for name, told in TOLD_AS.items()}


class NotAskable(Exception):
    """Why a question can't be asked again."""


@dataclass(frozen=True)
class Question:
    """One line of verdicts.json that a check answered: the line itself, and how it was asked."""

    line: Mapping[str, Any]
    asked: Mapping[str, Any]

    @property
    def events(self) -> int:
        return whole(self.asked.get("events"), "how many events there were")

    @property
    def run(self) -> str:
        return str(self.line.get("run", ""))


def questions_of(content: bytes | None) -> tuple[list[Question], list[dict[str, Any]]]:
    """The questions in a verdicts.json, and those of its lines that no check answered.

    Raises UsageError where it can't be read.
    """
    if content is None:
        return [], []
    try:
        table = json.loads(content)
        lines = [line for line in table["checks"] if isinstance(line, dict)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            f"verdicts.json can't be read ({type(error).__name__}: {error}); without it the history is judged alone"
        ) from error
    found = [Question(line, line["asked"]) for line in lines if isinstance(line.get("asked"), dict)]
    return found, [line for line in lines if not isinstance(line.get("asked"), dict)]


class Again:
    """A record that grows as it did, and answers each question where it was asked.

    `upto` is the place at which the record is taken to end; None where it ends as it does.
    """

    def __init__(self, run: Run, profile: Profile, *, upto: int | None = None) -> None:
        self._run = run
        self._profile = profile
        self._upto = upto
        self._history = History()
        self._cut: History | None = None

    def history(self, number: int, until: float) -> History:
        """The history of so many events; raises NotAskable where one of them can't be read."""
        lacking, first = self._run.lacking(number)
        if lacking:
            raise NotAskable(
                f"{lacking} of the {number} events that it was asked of can't be read, first event {first}"
            )
        if number < len(self._history):
            self._history = History()
        self._history.extend(self._run.events[place] for place in range(len(self._history), number))
        self._history.read_to_end(until)
        return self._history

    def answer(self, question: Question) -> Verdict:
        """The verdict as it is now; raises NotAskable."""
        asked = question.asked
        judge = check_named(asked.get("check"))
        history = self._at(question)
        given = [self._value(one, history) for one in sequence(asked.get("given"))]
        named = {str(name): self._value(one, history) for name, one in table(asked.get("named")).items()}
        try:
            verdict: Verdict = judge(*given, **named)
        except TypeError as error:  # other arguments than it takes
            raise NotAskable(f"{asked['check']} is asked in another way now: {error}") from error
        more = str(asked.get("more", ""))
        return replace(verdict, reason=verdict.reason + more) if more else verdict

    def _at(self, question: Question) -> History:
        """The history as it was when the question was asked, or, where that is earlier, at the end that is wanted."""
        until = number(question.asked.get("until"), "up to when it was read")
        if self._upto is None or question.events <= self._upto:
            return self.history(question.events, until)
        return self.cut()

    def cut(self) -> History:
        """The history up to the end that is wanted; what came later may belong to what is missing in it."""
        if self._cut is None:
            upto = self._run.length if self._upto is None else self._upto
            self._history = History()
            self._cut = self.history(upto, 0.0)
            self._cut.read_to_end(self._cut.until)
            if upto < self._run.length:
                last = self._cut.last
                at, seen = (last.at, last.seen) if last else (0.0, 0.0)
                self._cut.extend([Event(upto, at, seen, "replay", "probe.gap", data=LATER)])
            self._history = History()
        return self._cut

    def _value(self, told: Any, history: History) -> Any:
        if isinstance(told, list):
            return [self._value(one, history) for one in told]
        if not isinstance(told, dict):
            return told
        match told.get("is"):
            case "history":
                return history
            case "profile":
                return self._profile
            case "event":
                return self._event(told.get("seq"))
            case "flow":
                places = sequence(told.get("events"))
                events = [self._event(seq) for seq in places if self._upto is None or not later(seq, self._upto)]
                return Flow(events, name=str(told.get("name", "")))
            case "account":
                return account(history, self._profile, after=whole(told.get("after"), "a place"))
            case "table":
                return {name: self._value(one, history) for name, one in table(told.get("of")).items()}
            case "message":
                parts = {NAMES.get(name, name): self._value(one, history) for name, one in told.items() if name != "is"}
                return SimpleNamespace(**parts)  # type: ignore[arg-type]  # reason: a record names its arguments as text
        raise NotAskable(f"an argument of it, {told.get('type', told.get('is'))!r}, has no form in a record")

    def _event(self, seq: object) -> Event:
        event = self._run.events.get(whole(seq, "an event's place"))
        if event is None:
            raise NotAskable(f"event {seq}, which it is about, can't be read")
        return event


def later(seq: object, upto: int) -> bool:
    return isinstance(seq, int) and seq >= upto


def check_named(name: object) -> Callable[..., Verdict]:
    """The check of this name; raises NotAskable where it is none of the harness's own."""
    known = CHECKS.get(str(name)) if str(name).startswith(OURS) else None
    if known is None:
        raise NotAskable(f"this version has no check {str(name)[:80]!r} of its own")
    return known


def whole(value: object, what: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise NotAskable(f"{what} isn't said: {str(value)[:40]!r}")


def number(value: object, what: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise NotAskable(f"{what} isn't said: {str(value)[:40]!r}")


def sequence(value: object) -> Sequence[Any]:
    if isinstance(value, list):
        return value
    raise NotAskable(f"its arguments can't be read: {str(value)[:40]!r}")


def table(value: object) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise NotAskable(f"its arguments can't be read: {str(value)[:40]!r}")
