"""A record judged again: each of its verdicts as it was recorded, and as it is now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from harness.checks import whole_record
from harness.checks.verdict import Verdict
from harness.errors import UsageError
from harness.history import key
from harness.profile import Profile
from harness.profile.recorded import profile_of
from harness.record.opening import Parts
from harness.record.reading import Run, reading_of
from harness.replay.asking import Again, NotAskable, Question, questions_of
from harness.results import RANKS, Said

SAME: Final = ("name", "verdict", "claim", "reason", "witnesses", "remedy", "also")
"""What of a verdict is its answer: all but how long it took, and how it was asked."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What of a record is to be judged: all of it, or of these checks, or about one message, or as of an earlier time.

    `until` is a number of events, or a time in seconds after the first.
    """

    checks: Sequence[str] = ()
    message: str = ""
    events: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One verdict: as it was recorded (None where it wasn't), and again (None where it can't be, for this reason)."""

    check: str
    scenario: str
    before: Mapping[str, Any] | None
    now: Mapping[str, Any] | None
    why: str = ""

    @property
    def outcome(self) -> Said:
        said: Said = self.now["verdict"] if self.now else "unknown"
        return said

    @property
    def differs(self) -> bool:
        """Whether the same question has another answer now."""
        return self.before is not None and self.now is not None and same(self.before) != same(self.now)


@dataclass
class Replayed:
    """What came of judging a record again."""

    name: str
    lines: list[Line] = field(default_factory=list)
    damaged: Sequence[tuple[int, str]] = ()
    events: int = 0
    told: Sequence[Mapping[str, Any]] = ()
    """Verdicts that no check gave: what a scenario waited for, or asserted."""

    @property
    def worst(self) -> Said:
        return max((line.outcome for line in self.lines), key=RANKS.__getitem__, default="unknown")


def same(verdict: Mapping[str, Any]) -> str:
    """A verdict's answer as text, for a comparison byte by byte."""
    return json.dumps({name: verdict[name] for name in SAME if name in verdict}, sort_keys=True)


def replay(parts: Parts, wanted: Wanted, *, profile: Profile | None = None) -> Replayed:
    """Judges a record again, with its own profile where none is given.

    Raises UsageError where the record holds nothing, or not what is wanted.
    """
    reading = reading_of(parts.history)
    if not reading.runs:
        raise UsageError(
            f"{parts.name} holds no event that can be read ({len(reading.damaged)} lines can't); is it a record?"
        )
    questions, told = questions_of(parts.verdicts)
    found = Replayed(parts.name, damaged=reading.damaged, told=told)
    found.events = sum(len(run.events) for run in reading.runs.values())
    for name, run in reading.runs.items():
        own = profile or own_profile(run, parts.name)
        again = Again(run, own, upto=place_until(run, wanted))
        mine = [one for one in questions if one.run == name]
        if wanted.events is not None or wanted.seconds is not None or not questions:
            mine = [one for one in mine if one.line.get("name") != "whole-record"]
            found.lines += [whole(again, own)] if asked_for("whole-record", wanted) and not wanted.message else []
        found.lines += judged(mine, again, run, wanted)
    strangers = [one for one in questions if one.run not in reading.runs and asked_for(one.line.get("name"), wanted)]
    found.lines += [line_of(one, None, "of its run nothing can be read") for one in strangers]
    if not found.lines:
        raise UsageError(nothing(questions, wanted, parts.name))
    return found


def judged(questions: Sequence[Question], again: Again, run: Run, wanted: Wanted) -> Iterator[Line]:
    """The lines of one run, in the order in which they were asked for the first time."""
    chosen = [one for one in questions if asked_for(one.line.get("name"), wanted) and about(one, run, wanted.message)]
    for question in sorted(chosen, key=order):
        try:
            yield line_of(question, again.answer(question))
        except NotAskable as error:
            yield line_of(question, None, str(error))


def order(question: Question) -> tuple[float, float]:
    """As a record grows: by its events, and by the time up to which it was read."""
    told = (question.asked.get(name) for name in ("events", "until"))
    events, until = (one if isinstance(one, int | float) else 0 for one in told)
    return events, until


def line_of(question: Question, verdict: Verdict | None, why: str = "") -> Line:
    now = None
    if verdict is not None:
        now = json.loads(json.dumps(replace(verdict, asked=None).to_json()))
    names = {name: str(question.line.get(name, "")) for name in ("check", "scenario")}
    return Line(before=question.line, now=now, why=why, **names)


def whole(again: Again, profile: Profile) -> Line:
    """The whole record's verdict, of a record that has none, or as of an earlier time."""
    now, why = None, ""
    try:
        now = replace(whole_record(again.cut(), profile), asked=None).to_json()
    except NotAskable as error:
        why = str(error)
    return Line(check="whole-record", scenario="the whole record", before=None, now=now, why=why)


def own_profile(run: Run, name: str) -> Profile:
    table = run.about.get("profile")
    if not isinstance(table, Mapping):
        raise UsageError(
            f"{name} doesn't say which profile it was judged by: an older version made it, or its first line can't be "
            "read; name the profile: --profile"
        )
    return profile_of(table)


def place_until(run: Run, wanted: Wanted) -> int | None:
    """The place at which the record is taken to end; None where that is where it ends."""
    if wanted.events is not None:
        return min(wanted.events, run.length)
    if wanted.seconds is None:
        return None
    first = run.events[min(run.events)]
    later = [place for place, event in run.events.items() if event.seen > first.seen + wanted.seconds]
    return min(later, default=run.length)


def asked_for(name: object, wanted: Wanted) -> bool:
    return not wanted.checks or name in wanted.checks


def about(question: Question, run: Run, message: str) -> bool:
    """Whether a question is about a message: by its id, the beginning of that, its token or its provider's id."""
    if not message:
        return True
    wanted = {key(space, message) for space in ("message", "token", "provider")}
    events = [run.events.get(place) for place in places_in(question.asked)]
    names = [event for event in events if event is not None]
    return any(wanted & set(event.keys) or (event.message_id or "").startswith(message) for event in names)


def places_in(told: Any) -> Iterator[int]:
    """The places of all events that a question is about."""
    if isinstance(told, Mapping):
        if told.get("is") == "flow":
            yield from (place for place in told.get("events") or () if isinstance(place, int))
        elif told.get("is") == "event" and isinstance(told.get("seq"), int):
            yield told["seq"]
        else:
            for value in told.values():
                yield from places_in(value)
    elif isinstance(told, list):
        for value in told:
            yield from places_in(value)


def nothing(questions: Sequence[Question], wanted: Wanted, name: str) -> str:
    known = ", ".join(sorted({str(one.line.get("name")) for one in questions})) or "none"
    if wanted.message:
        return (
            f"no verdict in {name} is about the message {wanted.message!r}; `harness trace` shows what happened to it"
        )
    return f"no verdict in {name} is of {', '.join(wanted.checks)}; its checks: {known}"
