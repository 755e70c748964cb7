"""The scenarios of a record: how each ended, and which messages are its own."""

from __future__ import annotations

import io
import json
import mmap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from harness.errors import UsageError
from harness.history import Event
from harness.record.message import SPACES
from harness.record.rows import Row, place_of, row_at
from harness.results import RANKS, WHOLE_RECORD, Said

ABOUT: Final = tuple(f"{space}:" for space in SPACES)


@dataclass
class Scenario:
    """One scenario of verdicts.json: its lines there, and which of its run's events they name.

    `span` is the places from its first event to the one after its last; None where the record doesn't say.
    """

    name: str
    check: str
    run: str
    outcome: Said = "not asked"
    lines: list[Mapping[str, Any]] = field(default_factory=list)
    span: tuple[int, int] | None = None
    places: set[int] = field(default_factory=set)

    @property
    def bad(self) -> bool:
        return self.outcome in ("fail", "error")

    def holds(self, place: int) -> bool:
        return place in self.places or (self.span is not None and self.span[0] <= place < self.span[1])


def scenarios_of(verdicts: bytes | None) -> list[Scenario]:
    """The scenarios, in order of first appearance; raises UsageError where the verdicts can't be read."""
    if verdicts is None:
        return []
    try:
        table = json.loads(verdicts)
        lines = [line for line in table["checks"] if isinstance(line, dict)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"verdicts.json can't be read ({type(error).__name__}: {error})") from error
    found: dict[tuple[str, str], Scenario] = {}
    for line in lines:
        run, name = str(line.get("run", "")), str(line.get("scenario", ""))
        own = found.setdefault((run, name), Scenario(name, str(line.get("check", "")), run))
        note(own, line)
    return list(found.values())


def note(scenario: Scenario, line: Mapping[str, Any]) -> None:
    """Adds what one line says."""
    said = line.get("verdict")
    outcome: Said = said if isinstance(said, str) and said in RANKS else "unknown"
    if not scenario.lines or RANKS[outcome] > RANKS[scenario.outcome]:
        scenario.outcome = outcome
    scenario.lines.append(line)
    # of the whole record every message was asked, and only the witnesses say which it is about
    asked = line.get("asked") if line.get("check") != WHOLE_RECORD else None
    named = [line.get("witnesses"), *(list(asked.values()) if isinstance(asked, dict) else [])]
    scenario.places |= set(places_in(named))
    span = line.get("span")
    if isinstance(span, list) and len(span) == 2 and all(type(one) is int for one in span):
        scenario.span = (span[0], span[1])


def places_in(value: object) -> Iterator[int]:
    """The places of the events that a value names: witnesses, events and flows."""
    if isinstance(value, list):
        for one in value:
            yield from places_in(one)
    elif isinstance(value, dict):
        events = value.get("events")
        named = [value.get("seq"), *(events if isinstance(events, list) and value.get("is") == "flow" else [])]
        yield from (one for one in named if type(one) is int)
        yield from (place for inner in value.values() if isinstance(inner, dict | list) for place in places_in(inner))


def own_rows(content: bytes | mmap.mmap, scenarios: Sequence[Scenario]) -> dict[int, list[Row]]:
    """The rows of each scenario, by its number; lines of no scenario aren't read."""
    found: dict[int, list[Row]] = {number: [] for number in range(len(scenarios))}
    begin = 0
    whole = io.BytesIO(content) if isinstance(content, bytes) else content
    whole.seek(0)
    while line := whole.readline():
        run, place = place_of(line)
        own = [number for number, one in enumerate(scenarios) if one.run == run and one.holds(place)]
        row = row_at(content, begin, begin + len(line.rstrip(b"\n"))) if own else None
        begin += len(line)
        for number in own if row is not None else ():
            found[number].append(row)  # type: ignore[arg-type]  # reason: the loop is empty without it
    return found


def message_keys(rows: Iterable[Row]) -> list[str]:
    """The keys by which the messages of some rows are known, each row by one, in order of first sight."""
    return list(dict.fromkeys(one for row in rows if (one := message_key(row.event)) is not None))


def message_key(event: Event) -> str | None:
    return next((one for space in ABOUT for one in event.keys if one.startswith(space)), None)
