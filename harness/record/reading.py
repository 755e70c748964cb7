"""A history read line by line, however damaged: what can't be read is told, and what then can't be known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.errors import UsageError
from harness.history import FORMAT, Event
from harness.history.event import Known
from harness.history.reading import NO_EVENT, nothing_is_waste


@dataclass
class Run:
    """One run of a record: its events by their places, and how it says that it was made."""

    events: dict[int, Event] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """How many events it had, as far as the last that can be read says."""
        return max(self.events, default=-1) + 1

    @cached_property
    def first_gap(self) -> int:
        """The first place of which nothing can be read; asked once all is read."""
        return next((place for place in range(self.length) if place not in self.events), self.length)

    def lacking(self, number: int) -> tuple[int, int]:
        """How many of the first `number` events can't be read, and the place of the first of them."""
        if number <= self.first_gap:
            return 0, number
        return number - sum(1 for place in self.events if place < number), self.first_gap


@dataclass
class Reading:
    """The runs of a record by name ("" is the only one), and each line of it that is no event, with the reason."""

    runs: dict[str, Run] = field(default_factory=dict)
    damaged: list[tuple[int, str]] = field(default_factory=list)


def reading_of(content: bytes) -> Reading:
    """All that can be read of a history file; raises UsageError where it is of a later version than this one knows."""
    found, known = Reading(), Known()
    with nothing_is_waste():
        for number, line in lines_of(content):
            try:
                row = json.loads(line)
                event = Event.from_json(row, known)
                place = int(row.get("place", event.seq))
                run = found.runs.setdefault(str(row.get("run", "")), Run())
                if place < 0 or place in run.events:
                    raise ValueError(f"its place, {place}, is another's")
            except (*NO_EVENT, RecursionError, OverflowError) as error:
                found.damaged.append((number, f"{type(error).__name__}: {error}"[:120]))
                continue
            run.events[place] = event if event.seq == place else placed(event, place)
            if "record" in event.data and not run.about:
                run.about = about_of(event.data["record"])
    found.runs = {name: run for name, run in found.runs.items() if run.events}
    return found


def lines_of(content: bytes) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield number, line.decode("utf-8", errors="surrogateescape")


def placed(event: Event, place: int) -> Event:
    return Event.from_json({**event.to_json(), "seq": place})


def about_of(told: object) -> Mapping[str, Any]:
    about = told if isinstance(told, Mapping) else {}
    form = about.get("format")
    if isinstance(form, int) and form > FORMAT:
        raise UsageError(
            f"the record has form {form}, and this version reads up to {FORMAT}; "
            f"judge it with the version that made it ({about.get('made_by', 'not said')}), or a later one"
        )
    return about
