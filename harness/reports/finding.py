"""What a record holds of a message, ready to be drawn: its timeline, and the verdicts that rest on its events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from harness.errors import UsageError
from harness.history import Event, Flow, History
from harness.record.lines import Lines
from harness.record.message import message_of, slice_of
from harness.record.opening import Mapped, mapped
from harness.record.rows import rows_with
from harness.record.scenarios import Scenario, message_keys, own_rows, scenarios_of
from harness.reports.lanes import Timeline, timeline
from harness.results import RANKS, Said


class Answer(Protocol):
    """What of a verdict is told above a timeline."""

    @property
    def name(self) -> str: ...
    @property
    def outcome(self) -> Said: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A verdict as verdicts.json has it, with those of its witnesses that are of one flow."""

    name: str
    outcome: Said
    reason: str
    witnesses: tuple[Event, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Found:
    """A message in a history: its timeline, and the verdicts that rest on its events."""

    timeline: Timeline
    verdicts: tuple[Recorded, ...] = ()


def newest(paths: Sequence[Path]) -> Path:
    """The file that was written last; raises UsageError when none is there."""
    there = [path for path in paths if path.is_file()]
    if not there:
        raise UsageError("no history was found; run `harness verify` or `harness up` first, or name one with --from")
    return max(there, key=lambda path: path.stat().st_mtime)


def find(path: Path, name: str) -> Found:
    """A message in a record, by id, the beginning of an id, token, or provider id; raises UsageError."""
    record = mapped(path)
    part = message_of(record.history, name, record.name)
    return drawn(part.history, part.flows[0], record.verdicts)


def drawn(history: History, flow: Flow, verdicts: bytes | None) -> Found:
    """A flow's timeline, with its verdicts."""
    about = tuple(verdicts_about(flow, verdicts))
    witnesses = [event for verdict in about for event in verdict.witnesses]
    return Found(timeline=timeline(history, flow, witnesses=witnesses), verdicts=about)


def verdicts_about(flow: Flow, verdicts: bytes | None) -> Iterator[Recorded]:
    """The verdicts that rest on a flow's events, with those events; none where they can't be read.

    Events are known by time, source and kind: their places change when the histories of parallel runs are joined.
    """
    try:
        lines = json.loads(verdicts or b"{}").get("checks", ())
    except (ValueError, AttributeError, RecursionError):
        return
    own = {(round(event.at, 6), event.source, event.kind): event for event in flow.events}
    for line in lines if isinstance(lines, list) else ():
        try:
            witnesses = [own.get((one["at"], one["source"], one["kind"])) for one in line["witnesses"]]
            found = recorded(line, [event for event in witnesses if event is not None])
        except (KeyError, TypeError):
            continue
        if found.witnesses:
            yield found


def recorded(line: Mapping[str, Any], witnesses: Sequence[Event] = ()) -> Recorded:
    """A line of verdicts.json; raises KeyError or TypeError where it is none."""
    outcome: Said = line["verdict"] if line["verdict"] in RANKS else "unknown"
    told = {"name": str(line["name"]), "reason": str(line["reason"])}
    return Recorded(outcome=outcome, witnesses=tuple(witnesses), **told)


# the messages of scenarios


@dataclass(frozen=True)
class Told:
    """A scenario, and its messages in order of first sight."""

    scenario: Scenario
    messages: tuple[Found, ...]


def last_failed(path: Path) -> list[Told]:
    """The scenarios of a record that failed, with their messages; raises UsageError where none did."""
    record = mapped(path)
    scenarios = known_scenarios(record, path)
    bad = [one for one in scenarios if one.bad]
    if not bad:
        raise UsageError(f"none of the {len(scenarios)} scenarios in {record.name} failed; name a MESSAGE")
    return [told(record, one) for one in bad]


def of_scenario(path: Path, name: str) -> Told:
    """One scenario, by its name or the only one that holds these words; raises UsageError where there is none."""
    record = mapped(path)
    scenarios = known_scenarios(record, path)
    named = [one for one in scenarios if one.name == name] or [one for one in scenarios if name in one.name]
    if len(named) != 1:
        listed = ", ".join(one.name for one in (named or scenarios)[:3])
        how = f"{len(named)} scenarios hold" if named else "no scenario holds"
        raise UsageError(f"{how} {name!r} in {record.name}; write more of it: {listed}, …")
    return told(record, named[0])


def known_scenarios(record: Mapped, path: Path) -> list[Scenario]:
    scenarios = scenarios_of(record.verdicts) or looked(record)
    if not scenarios:
        raise UsageError(f"no verdicts lie beside the history in {path}; a scenario is known by them; name a MESSAGE")
    return scenarios


def looked(record: Mapped) -> list[Scenario]:
    """The tests without verdicts that failed beside a record, known by where they looked: each as a scenario."""
    found = []
    for row in rows_with(Lines(record.history), [b'"kind":"test.looked"']):
        event = row.event
        if event.kind == "test.looked":
            reason = f"{event.data.get('where', '')}: {event.data.get('statement', '')}"
            one = Scenario(str(event.data.get("test", "")), "", row.run, outcome="fail", places={row.place})
            one.lines.append({"verdict": "fail", "check": "", "name": "looked", "reason": reason})
            found.append(one)
    return found


def told(record: Mapped, scenario: Scenario) -> Told:
    """A scenario's messages: those that were first seen while it ran, and those that its verdicts name."""
    rows = own_rows(record.history, [scenario])[0]
    part = slice_of(Lines(record.history), scenario.run, message_keys(rows))
    flows = [flow for flow in part.flows if is_of(scenario, part.places_of(flow))]
    return Told(scenario, tuple(drawn(part.history, flow, record.verdicts) for flow in flows))


def is_of(scenario: Scenario, places: set[int]) -> bool:
    """Whether a message was first seen in a scenario, or is named by its verdicts."""
    first = scenario.span is not None and scenario.span[0] <= min(places) < scenario.span[1]
    return first or bool(places & scenario.places)
